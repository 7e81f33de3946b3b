/** A YAML file as plain data that remembers where each value stands. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { interpolate, type References } from './interpolate.ts';
import type { Path, Problem } from './problems.ts';

/** Longest file, bytes. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** Values a file may come to with its aliases resolved, and how deep. Stops alias bombs. */
const MAX_VALUES = 100_000;
const MAX_DEPTH = 50;

interface Place {
  /** Offset of the key, or of the value where it has none. */
  readonly key: number;
  readonly value: number;
  /** A scalar as written, before YAML made a number or boolean of it. */
  readonly source?: string | undefined;
}

/** Data, and what is wrong with it so far. The data is undefined where the text is no YAML, or too much of it. */
export class YamlFile {
  readonly data: unknown;
  readonly problems: Problem[] = [];
  readonly #lines = new LineCounter();
  readonly #places = new Map<string, Place>();
  readonly #references: References;
  readonly #document: Document;
  #values = 0;

  /** Parses `text`; never throws. */
  constructor(text: string, references: References) {
    this.#references = references;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      version: '1.2',
      schema: 'core',
      logLevel: 'error',
    });
    for (const error of this.#document.errors) {
      this.problems.push({ path: [], message: firstLine(error.message), ...this.#position(error.pos[0]) });
    }
    const data = this.problems.length > 0 ? undefined : this.#convert(this.#document.contents, []);
    this.data = this.#values > MAX_VALUES ? undefined : data;
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

  #convert(node: Node | null, path: Path, keyOffset?: number): unknown {
    const offset = node?.range?.[0] ?? keyOffset ?? 0;
    const place = { key: keyOffset ?? offset, value: offset };
    if (++this.#values > MAX_VALUES || path.length > MAX_DEPTH) {
      return this.#giveUp(offset);
    }
    const resolved = isAlias(node) ? node.resolve(this.#document) : node;
    if (isScalar(resolved)) {
      this.#places.set(JSON.stringify(path), { ...place, source: resolved.source });
      return this.#scalar(resolved.value, path);
    }
    this.#places.set(JSON.stringify(path), place);
    if (isMap<Node, Node | null>(resolved)) {
      return Object.fromEntries(
        resolved.items.map(({ key, value }) => {
          const name = isScalar(key) ? String(key.value) : String(key);
          return [name, this.#convert(value, [...path, name], key.range?.[0])];
        }),
      );
    }
    if (isSeq<Node | null>(resolved)) return resolved.items.map((item, i) => this.#convert(item, [...path, i]));
    return null;
  }

  #giveUp(offset: number): undefined {
    if (this.#values === Infinity) return;
    this.#values = Infinity;
    this.problems.push({ path: [], message: 'too many or too deeply nested values', ...this.#position(offset) });
  }

  #scalar(value: unknown, path: Path): unknown {
    if (typeof value !== 'string') return value;
    try {
      return interpolate(value, this.#references);
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

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
