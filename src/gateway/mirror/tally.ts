import { NO_COUNTS, type MirrorBook, type MirrorCounters } from '../../state/mirror-book.ts';

type Counts = { -readonly [Name in keyof MirrorCounters]: MirrorCounters[Name] };

/** Counts of one rule since they were last written down. */
export class Tally {
  readonly #bucket: string;
  readonly #rule: string;
  readonly #book: MirrorBook;
  readonly #now: () => number;
  #counts: Counts = { ...NO_COUNTS };

  constructor(bucket: string, rule: string, book: MirrorBook, now: () => number) {
    this.#bucket = bucket;
    this.#rule = rule;
    this.#book = book;
    this.#now = now;
  }

  add(what: Exclude<keyof MirrorCounters, 'lastUse'>, much = 1): void {
    this.#counts[what] += much;
  }

  /** A request goes to an origin. */
  used(): void {
    this.#counts.lastUse = this.#now();
  }

  /** Writes down what came together. What cannot be written is kept for the next time. */
  async save(): Promise<void> {
    const counts = this.#counts;
    if (Object.values(counts).every((value) => value === 0 || value === null)) return;
    this.#counts = { ...NO_COUNTS };
    try {
      await this.#book.count(this.#bucket, this.#rule, counts);
    } catch (thrown) {
      this.#counts = sum(counts, this.#counts);
      throw thrown;
    }
  }
}

function sum(a: MirrorCounters, b: MirrorCounters): Counts {
  return {
    hits: a.hits + b.hits,
    misses: a.misses + b.misses,
    absent: a.absent + b.absent,
    stored: a.stored + b.stored,
    bytes: a.bytes + b.bytes,
    failures: a.failures + b.failures,
    lastUse: b.lastUse ?? a.lastUse,
  };
}
