/**
 * A range of source keys being worked on, and what of it is certain.
 *
 * Keys are met in order but finish in any order. What may be written down as dealt with is everything before the oldest
 * key still open; its counters wait with it, so that a restart neither forgets nor counts twice. Open keys form a
 * linked list in key order; each carries the counters of itself and of all that followed it and is settled already.
 * Memory: O(keys in flight), whatever happens behind a key that takes days.
 */
import type { Key } from '../../model/key.ts';
import type { RangeRecord } from '../../state/state-store.ts';
import { Tally } from './tally.ts';

/** A key in flight. Its counters go into `tally`; `LiveRange.close` ends it. The links are the range's own. */
export class OpenKey {
  readonly range: LiveRange;
  readonly key: Key;
  readonly tally = new Tally();
  /** Last key before this one that the range had met. */
  readonly before: Key | undefined;
  previous: OpenKey | undefined;
  next: OpenKey | undefined;

  constructor(range: LiveRange, key: Key, before: Key | undefined) {
    this.range = range;
    this.key = key;
    this.before = before;
  }
}

export class LiveRange {
  readonly after: Key | undefined;
  #through: Key | undefined;
  /** Last key met. */
  joined: Key | undefined;
  /** No more keys will be met. */
  exhausted = false;
  /** Keys per unit of key space here, for choosing what to cut; inherited until a page is seen. */
  density: number;
  /** Keys thought to be left, from `density`; kept by the walker. */
  remaining = Number.POSITIVE_INFINITY;
  /** Last key of the last page that arrived: a cut goes behind it. */
  listedTo: Key | undefined;

  readonly #settled: Tally;
  #head: OpenKey | undefined;
  #tail: OpenKey | undefined;
  #changed = true;

  /** `settled` receives counters once they are certain; all ranges of a walk share it. */
  constructor(
    after: Key | undefined,
    through: Key | undefined,
    position: Key | undefined,
    settled: Tally,
    density = 1,
  ) {
    this.after = after;
    this.#through = through;
    this.joined = position ?? after;
    this.listedTo = this.joined;
    this.#settled = settled;
    this.density = density;
  }

  static from(record: RangeRecord, settled: Tally): LiveRange {
    return new LiveRange(record.after ?? undefined, record.through ?? undefined, record.position ?? undefined, settled);
  }

  get through(): Key | undefined {
    return this.#through;
  }

  /** Where the counters of a key that is settled at once belong. */
  get tally(): Tally {
    return this.#tail?.tally ?? this.#settled;
  }

  get busy(): boolean {
    return this.#head !== undefined;
  }

  get done(): boolean {
    return this.exhausted && this.#head === undefined;
  }

  /** Opens a key that comes after every key met so far. The caller sets `joined` to it afterwards. */
  open(key: Key): OpenKey {
    const node = new OpenKey(this, key, this.joined);
    node.previous = this.#tail;
    if (this.#tail) this.#tail.next = node;
    else this.#head = node;
    this.#tail = node;
    return node;
  }

  /** The key is dealt with, done or recorded as failed. */
  close(node: OpenKey): void {
    const previous = node.previous;
    (previous?.tally ?? this.#settled).add(node.tally);
    if (previous) previous.next = node.next;
    else this.#head = node.next;
    if (node.next) node.next.previous = previous;
    else this.#tail = previous;
    this.#changed = true;
  }

  /** Gives away the keys greater than `cut`, which must lie behind everything met or asked for so far. */
  split(cut: Key): LiveRange {
    const right = new LiveRange(cut, this.#through, undefined, this.#settled, this.density);
    this.#through = cut;
    this.#changed = true;
    return right;
  }

  /**
   * Ends this range at the last key met and returns one that goes on behind it: a key that takes long then holds back
   * nothing but itself. Undefined, and nothing changed, where no key lies behind it in this range.
   */
  detach(): LiveRange | undefined {
    if (this.joined === this.#through) return undefined;
    const rest = new LiveRange(this.joined, this.#through, undefined, this.#settled, this.density);
    rest.listedTo = this.listedTo;
    this.#through = this.joined;
    this.exhausted = true;
    this.#changed = true;
    return rest;
  }

  /** `takeChange` gives the record once more: the last one was not written. */
  touch(): void {
    this.#changed = true;
  }

  met(key: Key): void {
    this.joined = key;
    this.#changed = true;
  }

  exhaust(): void {
    this.exhausted = true;
    this.#changed = true;
  }

  /** Counters not certain yet. */
  addOpen(sum: Tally): void {
    for (let node = this.#head; node; node = node.next) sum.add(node.tally);
  }

  /** The record to write where anything changed since the last call. */
  takeChange(): RangeRecord | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const position = this.#head ? this.#head.before : this.joined;
    return {
      after: this.after ?? null,
      through: this.#through ?? null,
      position: position ?? null,
      done: this.done,
    };
  }
}
