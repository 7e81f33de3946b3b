/** A few of many objects, in bounded memory. */
import type { ObjectEntry } from '../model/object.ts';

/** So many of a stream, each with the same chance. */
export class Sample {
  readonly entries: ObjectEntry[] = [];
  readonly #size: number;
  readonly #random: () => number;
  #seen = 0;

  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  offer(entry: ObjectEntry): void {
    this.#seen++;
    if (this.entries.length < this.#size) this.entries.push(entry);
    else {
      const at = Math.floor(this.#random() * this.#seen);
      if (at < this.#size) this.entries[at] = entry;
    }
  }
}

/** The largest of a stream. */
export class Largest {
  readonly #size: number;
  #entries: ObjectEntry[] = [];
  /** What is not larger is not wanted. */
  #least = 0;

  constructor(size: number) {
    this.#size = size;
  }

  offer(entry: ObjectEntry): void {
    if ((entry.size ?? 0) <= this.#least) return;
    this.#entries.push(entry);
    if (this.#entries.length < 2 * this.#size) return;
    this.#entries = [...this.entries];
    this.#least = this.#entries.at(-1)!.size!;
  }

  /** Largest first. */
  get entries(): readonly ObjectEntry[] {
    return this.#entries.toSorted((a, b) => b.size! - a.size!).slice(0, this.#size);
  }
}
