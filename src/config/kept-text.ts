/**
 * The text of a task file as the state keeps it: without secrets and without comments. Where it came from no file they
 * are kept sealed (`${sealed:…}`).
 *
 * A secret that is written into the file is replaced by `${task-file:PATH}` (percent-encoded), which stands for the
 * value at the same place of that file. A file lends its secrets only to the endpoint that stands beside them, so that
 * another task, written to the same path later, never has its secrets sent to the stores of this one.
 */
import { readFileSync, statSync } from 'node:fs';
import { CST, Lexer } from 'yaml';
import { isRecord } from './check.ts';
import { pathText, type Path } from './problems.ts';
import { YamlFile, type YamlReferences } from './yaml-file.ts';

export interface SecretPlace {
  readonly path: Path;
  /** Where the value stands in the text. */
  readonly start: number;
  readonly end: number;
}

/** `text` with what `reference` gives, in `${}`, for each secret; comments become blanks. */
export function keptText(
  text: string,
  secrets: readonly SecretPlace[],
  reference: (place: SecretPlace) => string,
): string {
  let kept = withoutComments(text);
  for (const place of secrets.toSorted((a, b) => b.start - a.start)) {
    const { start, end } = place;
    // A text in lines of its own (`|`) ends with the line.
    const rest = kept.slice(start, end).endsWith('\n') ? '\n' : '';
    kept = `${kept.slice(0, start)}"\${${reference(place)}}"${rest}${kept.slice(end)}`;
  }
  return kept;
}

const ENDPOINTS = ['source', 'destination'] as const;

/** Lends the secrets of task files to the texts kept of them. */
export class Lender {
  readonly #references: YamlReferences;
  readonly #files = new Map<string, YamlFile>();
  readonly #lent: { readonly path: Path; readonly origin: string }[] = [];

  constructor(references: YamlReferences) {
    this.#references = references;
  }

  /** The value at `path` of the file `origin`; throws an `Error` that says why there is none. */
  readonly lend = (path: Path, origin: string): string => {
    this.#lent.push({ path, origin });
    const file = this.#file(origin);
    const value = path.reduce<unknown>(
      (at, step) => (isRecord(at) || Array.isArray(at) ? Reflect.get(at, step) : undefined),
      file.data,
    );
    const text = typeof value === 'string' ? value : value === undefined ? undefined : file.source(path);
    if (text === undefined) throw new Error(`stands in ${origin}, which has it no more: ${AGAIN}`);
    return text;
  };

  /** Adds a problem to `kept` for each endpoint whose file has another one beside the secrets it lent. */
  check(kept: YamlFile): void {
    for (const side of ENDPOINTS) {
      const lent = this.#lent.filter(({ path }) => path[0] === side);
      for (const origin of new Set(lent.map((each) => each.origin))) {
        const file = this.#files.get(origin);
        const paths = lent.map((each) => each.path);
        if (!file?.data || this.#openly(file.data, side, paths) === this.#openly(kept.data, side, paths)) continue;
        const message = `its secrets stand in ${origin}, which has another ${side} now: ${AGAIN}`;
        kept.problems.push(kept.problem([side], message));
      }
    }
  }

  #file(origin: string): YamlFile {
    const known = this.#files.get(origin);
    if (known) return known;
    let text: string;
    try {
      text = readAgain(origin);
    } catch (error) {
      const code = error instanceof Error ? ('code' in error ? String(error.code) : error.message) : String(error);
      const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
      throw new Error(`stands in ${origin}, which ${why}: ${AGAIN}`, { cause: error });
    }
    const file = new YamlFile(text, this.#references);
    this.#files.set(origin, file);
    return file;
  }

  /** An endpoint without what was lent, as a text to compare. */
  #openly(data: unknown, side: string, lent: readonly Path[]): string {
    const hidden = new Set(lent.map(pathText));
    const open = (value: unknown, path: Path): unknown => {
      if (hidden.has(pathText(path))) return null;
      if (Array.isArray(value)) return value.map((item, i) => open(item, [...path, i]));
      if (!isRecord(value)) return value;
      return Object.keys(value).toSorted().map((key) => [key, open(value[key], [...path, key])]); // prettier-ignore
    };
    return JSON.stringify(open(isRecord(data) ? data[side] : undefined, [side]));
  }
}

const AGAIN = 'give the task file again with -t, or write ${env:NAME} or ${file:PATH} in place of the secret';

/** Of a pipe or a terminal nothing can be read again. */
function readAgain(file: string): string {
  if (!statSync(file).isFile()) throw new Error('it is no regular file');
  return readFileSync(file, 'utf8');
}

/** Comments as blanks, so that everything else stays where it is. */
function withoutComments(text: string): string {
  let result = '';
  for (const token of new Lexer().lex(text)) {
    if (token === CST.DOCUMENT || token === CST.FLOW_END || token === CST.SCALAR) continue;
    result += token.startsWith('#') && CST.tokenType(token) === 'comment' ? ' '.repeat(token.length) : token;
  }
  return result;
}
