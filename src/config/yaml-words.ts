/** What is wrong with the YAML of a file, in words a person can act on. */
import { isCollection, parseDocument, visit, type Document, type YAMLParseError, type YAMLWarning } from 'yaml';

export interface YamlMistake {
  readonly message: string;
  /** Where in the text. */
  readonly offset: number;
}

/**
 * Every tab of the indentation, or else the first mistake: what follows one is mostly made of it. Empty where the text
 * is sound.
 */
export function yamlMistakes(document: Document, text: string): readonly YamlMistake[] {
  const tags = document.warnings.filter((warning) => warning.code === 'TAG_RESOLVE_FAILED');
  const found = [...document.errors, ...tags].toSorted((a, b) => a.pos[0] - b.pos[0]);
  const tabs = found.filter((each) => each.code === 'TAB_AS_INDENT');
  return (tabs.length > 0 ? tabs : found.slice(0, 1)).map((each) => mistakeOf(each, document, text));
}

function mistakeOf(error: YAMLParseError | YAMLWarning, document: Document, text: string): YamlMistake {
  const { code, message, pos } = error;
  const at = pos[0];
  const reference = unquotedReference(text, at);
  if (reference) return reference;
  const opened = /^Missing closing|end with a [\]}]$/.test(message) ? openedBefore(document, at) : undefined;
  if (opened !== undefined) {
    const sign = text[opened]!;
    return {
      offset: opened,
      message: `what begins with ${sign} here never ends: close it with ${CLOSING[sign] ?? sign}`,
    };
  }
  const words = WORDS[code];
  return {
    offset: at,
    message: typeof words === 'function' ? words(text.slice(at, pos[1]), message) : (words ?? UNCLEAR),
  };
}

/**
 * A `${env:NAME}` between brackets: there YAML takes its `{` for another bracket. It is the cause where quotes around
 * it let the text be read on.
 */
function unquotedReference(text: string, at: number): YamlMistake | undefined {
  const before = [...text.matchAll(/(?<=[:,[{]\s*)\$\{[^}\n]*\}/g)].filter(({ index }) => index <= at);
  const last = before.at(-1);
  if (!last) return undefined;
  const { 0: reference, index } = last;
  const quoted = `${text.slice(0, index)}"${reference}"${text.slice(index + reference.length)}`;
  const next = parseDocument(quoted, { prettyErrors: false, logLevel: 'silent' }).errors[0]?.pos[0];
  if (next !== undefined && next <= at + 2) return undefined;
  return { offset: index, message: `between { } or [ ] a reference needs quotes: write "${reference}"` };
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

const UNCLEAR = 'this is not YAML: check indentation, colons, dashes and quotes around here';

const WORDS: Partial<Record<YAMLParseError['code'], string | ((found: string, message: string) => string)>> = {
  TAB_AS_INDENT: 'a tab is used as indentation, and YAML takes spaces only: put spaces in its place',
  MULTIPLE_DOCS: 'a second document begins here, and only one can be read: put it into a file of its own',
  BAD_SCALAR_START: (found) => `a value cannot begin with ${found}: put it in quotes`,
  BAD_DQ_ESCAPE: (_, message) =>
    `${message.slice(message.lastIndexOf(' ') + 1)} means nothing between double quotes: write \\\\ for a backslash, or use single quotes`,
  BLOCK_AS_IMPLICIT_KEY:
    'a second `key: value` stands inside a value: put the value in quotes, or correct the indentation of the next line',
  MULTILINE_IMPLICIT_KEY: 'no colon and blank after the key: write `key: value`, and the next line in the right column',
  BAD_INDENT: 'this does not begin in the column of what it belongs to: indent the entries of one map or list alike',
  BLOCK_IN_FLOW: 'a comma or a closing bracket is missing before this',
  MISSING_CHAR: (_, message) =>
    message.startsWith('Missing , ')
      ? 'a comma is missing before this'
      : message.startsWith('Comments')
        ? 'a blank is missing before #: add it, or put the value in quotes'
        : message.startsWith('Missing space')
          ? 'a blank is missing after the colon: add it'
          : 'no colon and blank after the key: write `key: value`',
  UNEXPECTED_TOKEN: 'this does not fit what stands before it: check indentation, dashes, commas and quotes',
  NON_STRING_KEY: 'a key must be a text: put it in quotes',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters: is a colon or a quote missing?',
  MULTIPLE_ANCHORS: 'a value has two anchors (&): leave one of them out',
  MULTIPLE_TAGS: 'a value has two tags (!): leave them out',
  TAG_RESOLVE_FAILED: (found) => `the tag ${found} means nothing here: leave it out, or put the value in quotes`,
  BAD_ALIAS: (found) => `${found} is no name of an anchor: put the value in quotes where a text is meant`,
};

/** Where the innermost text in quotes or collection in brackets begins that is still open at `offset`. */
function openedBefore(document: Document, offset: number): number | undefined {
  let found: number | undefined;
  visit(document, {
    Node(_, node) {
      const { range } = node;
      if (!range || range[2] < offset) return;
      const quoted = 'type' in node && (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE');
      if (quoted || (isCollection(node) && node.flow)) found = range[0];
    },
  });
  return found;
}
