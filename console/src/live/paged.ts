/**
 * A long list that is read page by page as somebody scrolls to it. Pages far from what is shown are forgotten and read
 * again by their cursors: memory stays the same however long the list is.
 */
import type { Page } from '../api/types.ts';

interface Slot<T> {
  readonly cursor: string | undefined;
  /** Rows of it, once it was read; it is kept when the rows are forgotten. */
  count: number | undefined;
  rows: readonly T[] | undefined;
  reading: boolean;
}

/** Pages kept besides those shown, on each side. */
const KEPT = 8;

export class PagedList<T> {
  readonly #load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;
  readonly #onChange: () => void;
  readonly #abort = new AbortController();
  #slots: Slot<T>[] = [{ cursor: undefined, count: undefined, rows: undefined, reading: false }];
  problem: unknown;

  constructor(load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>, onChange: () => void) {
    this.#load = load;
    this.#onChange = onChange;
  }

  /** Rows known to be there. */
  get known(): number {
    return this.#slots.reduce((sum, { count = 0 }) => sum + count, 0);
  }

  /** Whether there are rows behind those known. */
  get more(): boolean {
    return this.#slots.at(-1)!.count === undefined;
  }

  get empty(): boolean {
    return !this.more && this.known === 0;
  }

  /** The row, or undefined where it is being read. Call `show` for what is shown. */
  at(index: number): T | undefined {
    let first = 0;
    for (const { count, rows } of this.#slots) {
      if (count === undefined) return undefined;
      if (index < first + count) return rows?.[index - first];
      first += count;
    }
    return undefined;
  }

  /** Every row that is held now. */
  *held(): Generator<T> {
    for (const { rows } of this.#slots) yield* rows ?? [];
  }

  /** Rows from `first` up to `last` are looked at. */
  show(first: number, last: number): void {
    const [from, to] = [this.#slotOf(first), this.#slotOf(last)];
    for (const [i, slot] of this.#slots.entries()) {
      if (i >= from && i <= to && slot.rows === undefined) void this.#read(slot);
      else if (i < from - KEPT || i > to + KEPT) slot.rows = undefined;
    }
  }

  /** Reads what is held anew, in its place. */
  refresh(): void {
    for (const slot of this.#slots) if (slot.rows !== undefined) void this.#read(slot);
  }

  stop(): void {
    this.#abort.abort();
  }

  #slotOf(index: number): number {
    let first = 0;
    for (const [i, { count }] of this.#slots.entries()) {
      if (count === undefined || index < first + count) return i;
      first += count;
    }
    return this.#slots.length - 1;
  }

  async #read(slot: Slot<T>): Promise<void> {
    if (slot.reading) return;
    slot.reading = true;
    try {
      const { items, next } = await this.#load(slot.cursor, this.#abort.signal);
      slot.rows = items;
      slot.count = items.length;
      this.problem = undefined;
      const after = this.#slots[this.#slots.indexOf(slot) + 1];
      // What follows begins elsewhere now: it is read when somebody gets there.
      if (after?.cursor !== next) {
        this.#slots = this.#slots.slice(0, this.#slots.indexOf(slot) + 1);
        if (next !== undefined) this.#slots.push({ cursor: next, count: undefined, rows: undefined, reading: false });
      }
    } catch (problem) {
      if (this.#abort.signal.aborted) return;
      this.problem = problem;
    } finally {
      slot.reading = false;
    }
    if (!this.#abort.signal.aborted) this.#onChange();
  }
}
