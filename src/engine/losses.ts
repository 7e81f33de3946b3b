/** Counts what could not be kept, and remembers a few keys of each kind. Memory: a few keys. */
import type { LossKind } from './move/metadata.ts';

const EXAMPLES = 5;

export class Losses {
  readonly #kinds = new Map<LossKind, { count: number; examples: { key: string; reason: string | undefined }[] }>();
  readonly #onFirst: (kind: LossKind, key: string, reason: string | undefined) => void;

  /** `onFirst` is called for the first object of each kind. */
  constructor(onFirst: (kind: LossKind, key: string, reason: string | undefined) => void) {
    this.#onFirst = onFirst;
  }

  add(kind: LossKind, key: string, reason?: string): void {
    let entry = this.#kinds.get(kind);
    if (!entry) {
      entry = { count: 0, examples: [] };
      this.#kinds.set(kind, entry);
      this.#onFirst(kind, key, reason);
    }
    entry.count++;
    if (entry.examples.length < EXAMPLES) entry.examples.push({ key, reason });
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#kinds].map(([kind, { count }]) => [kind, count]));
  }

  examples(kind: LossKind): readonly string[] {
    return this.#kinds.get(kind)?.examples.map(({ key }) => key) ?? [];
  }

  get kinds(): readonly LossKind[] {
    return [...this.#kinds.keys()];
  }
}
