/** A YAML file as plain data that remembers where each value stands. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { interpolate, type References } from './interpolate.ts';
import type { Path, Problem } from './problems.ts';
import { yamlMistakes } from './yaml-words.ts';

/** Longest file, bytes. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Values a file may come to with its aliases resolved, and how deep. Stops alias bombs. */
const MAX_VALUES = 100_000;
const MAX_DEPTH = 50;

export interface YamlReferences extends References {
  /** The value for `${task-file:PATH}` at a path; throws an `Error` where there is none. Absent: no such references. */
  readonly lend?: ((path: Path, file: string) => string) | undefined;
  /** The value of `${sealed:TEXT}` at a path; throws where it does not open. Absent: no such references. */
  readonly unseal?: ((path: Path, sealed: string) => string) | undefined;
}

interface Place {
  readonly path: Path;
  /** Offset of the key, or of the value where it has none. */
  readonly key: number;
  readonly value: number;
  /** Where the value ends. */
  readonly end: number;
  /** A scalar as written, before YAML made a number or boolean of it. */
  readonly source?: string | undefined;
}

const LENT = /^\$\{task-file:([^}]*)\}$/;
const SEALED = /^\$\{sealed:([^}]*)\}$/;

/** Data, and what is wrong with it so far. The data is undefined where the text is no YAML, or too much of it. */
export class YamlFile {
  readonly data: unknown;
  readonly problems: Problem[] = [];
  readonly #lines = new LineCounter();
  readonly #places = new Map<string, Place>();
  readonly #references: YamlReferences;
  readonly #document: Document;
  #values = 0;
  /** Keys were given twice, or an alias leads nowhere: what is meant is not known. */
  #ambiguous = false;

  /** Parses `text`; never throws. */
  constructor(text: string, references: YamlReferences) {
    this.#references = references;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      // `#convert` tells them, with their name and where the first one is.
      uniqueKeys: false,
      version: '1.2',
      schema: 'core',
      logLevel: 'error',
    });
    for (const { message, offset } of yamlMistakes(this.#document, text)) {
      this.problems.push({ path: [], message, ...this.#position(offset) });
    }
    const data = this.problems.length > 0 ? undefined : this.#convert(this.#document.contents, []);
    this.data = this.#values > MAX_VALUES || this.#ambiguous ? undefined : data;
  }

  /** A problem at a value (or at its key); where the path leads nowhere, at the nearest thing around it. */
  problem(path: Path, message: string, at: 'key' | 'value' = 'value'): Problem {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(JSON.stringify(path.slice(0, length)));
      if (place) return { path, message, ...this.#position(length === path.length ? place[at] : place.key) };
    }
    return { path, message };
  }

  /** A scalar as it was written; undefined where it is none. */
  source(path: Path): string | undefined {
    return this.#places.get(JSON.stringify(path))?.source;
  }

  /** Every scalar as it was written, below `path`. */
  scalarsBelow(path: Path): readonly { path: Path; source: string; start: number; end: number }[] {
    const top = JSON.stringify(path).slice(0, -1);
    return [...this.#places].flatMap(([id, { path: each, source, value, end }]) =>
      source !== undefined && id.startsWith(`${top},`) ? [{ path: each, source, start: value, end }] : [],
    );
  }

  #convert(node: Node | null, path: Path, keyOffset?: number): unknown {
    const offset = node?.range?.[0] ?? keyOffset ?? 0;
    const place = { path, key: keyOffset ?? offset, value: offset, end: node?.range?.[1] ?? offset };
    if (++this.#values > MAX_VALUES || path.length > MAX_DEPTH) {
      return this.#giveUp(offset);
    }
    const resolved = isAlias(node) ? node.resolve(this.#document) : node;
    if (isAlias(node) && !resolved) {
      const meant = `there is no anchor &${node.source}: put the value in quotes where a text that begins with * is meant`;
      return this.#refuse(path, meant, offset);
    }
    if (isScalar(resolved)) {
      this.#places.set(JSON.stringify(path), { ...place, source: resolved.source });
      return this.#scalar(resolved.value, path);
    }
    this.#places.set(JSON.stringify(path), place);
    if (isMap<Node, Node | null>(resolved)) {
      const values = new Map<string, unknown>();
      for (const { key, value } of resolved.items) {
        const name = isScalar(key) ? String(key.value) : String(key);
        const inner = [...path, name];
        const first = values.has(name) ? this.#places.get(JSON.stringify(inner)) : undefined;
        if (first) this.#refuse(inner, this.#twice(first), key.range?.[0] ?? offset);
        else values.set(name, this.#convert(value, inner, key.range?.[0]));
      }
      return Object.fromEntries(values);
    }
    if (isSeq<Node | null>(resolved)) return resolved.items.map((item, i) => this.#convert(item, [...path, i]));
    return null;
  }

  #twice(first: Place): string {
    const { line, column } = this.#position(first.key);
    return `is given twice, first at ${line}:${column}: leave one of them out`;
  }

  #refuse(path: Path, message: string, offset: number): undefined {
    this.#ambiguous = true;
    this.problems.push({ path, message, ...this.#position(offset) });
  }

  #giveUp(offset: number): undefined {
    if (this.#values === Infinity) return;
    this.#values = Infinity;
    this.problems.push({ path: [], message: 'too many or too deeply nested values', ...this.#position(offset) });
  }

  #scalar(value: unknown, path: Path): unknown {
    if (typeof value !== 'string') return value;
    const { lend, unseal } = this.#references;
    try {
      const [, sealed] = (unseal && SEALED.exec(value)) ?? [];
      if (unseal && sealed !== undefined) return unseal(path, sealed);
      const [, file] = (lend && LENT.exec(value)) ?? [];
      return lend && file !== undefined ? lend(path, decodeURI(file)) : interpolate(value, this.#references);
    } catch (error) {
      this.problems.push(this.problem(path, error instanceof Error ? error.message : String(error)));
      return value;
    }
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}
