/**
 * Walks all keys of a source, and of a destination beside it, in many ranges at once.
 *
 * Starts with the ranges given (one, or those of a run that was cut). Whenever listing could go faster, the range with
 * most left is cut in two (`KeySpace`) and the half behind it is listed on its own; the first page of that half is a
 * page needed anyway, so a cut in the wrong place wastes at most one request. Within a range both sides are merged by
 * key: no side is ever held whole. It never cuts while the process has no time left, or while the handler holds back.
 *
 * Memory: 64 × 4 pages of at most 1,000 entries.
 */
import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { Store } from '../../store/store.ts';
import { KeySpace } from './key-space.ts';
import type { LiveRange } from './live-range.ts';
import { countThrough, Pager } from './pager.ts';

export interface Walk {
  readonly source: Store;
  /** Undefined: only the source is listed. */
  readonly destination: Store | undefined;
  /** Meet keys that only the destination has, too. */
  readonly destinationOnly: boolean;
  readonly prefix: string | undefined;
  /** Unfinished ranges to begin with. */
  readonly ranges: readonly LiveRange[];
  /** Ranges listed at once; 64 where absent, fewer where a side lists serially. */
  readonly maxListers?: number | undefined;
  readonly signal: AbortSignal;
  /** A range was cut; it will be walked too. */
  readonly onRange: (range: LiveRange) => void;
  readonly onPage: (side: 'source' | 'destination', entries: readonly ObjectEntry[]) => void;
  /**
   * Meets one key; at least one side has it. Keys of a range come in order. A promise holds the range back.
   * The range to go on with is returned where the handler detached it.
   */
  readonly meet: (range: LiveRange, source: ObjectEntry | undefined, destination: ObjectEntry | undefined) => Meeting;
}

/** Nothing, a promise to wait for, or the range that goes on. */
export type Meeting = undefined | LiveRange | Promise<undefined | LiveRange>;

const MAX_LISTERS = 64;
/** Beside a destination that lists serially: enough to overlap waiting with work. */
const FEW_LISTERS = 4;
/** Below so many keys left a cut is not worth its request. */
const WORTH_CUTTING = 2000;
/** Where somebody works for this share of the time, one more lister makes nothing faster. */
const BUSY = 0.9;
/** How the load is learnt: after each step up by this factor, time must pass and be measured. */
const STEP = 4;
const MEASURE_MS = 20;
const YIELD_AFTER_MS = 10;

/** Resolves when every key was met; rejects with the first failure after all listers have stopped. */
export async function walk(options: Walk): Promise<void> {
  await new Walker(options).run();
}

class Walker {
  readonly #o: Walk;
  readonly #maxListers: number;
  readonly #space = new KeySpace();
  readonly #waiting: LiveRange[];
  readonly #active = new Set<LiveRange>();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #held = 0;
  #pages = 0;
  #failure: unknown;
  #finished = (): void => undefined;
  #measuredAt = performance.now();
  /** Listers that do not wait for a page, and for how long there was none of them since the last measurement. */
  #working = 0;
  #idle = 0;
  #idleSince = 0;
  /** Listers there may be until the load is measured again. */
  #allowed = 1;
  #yieldedAt = performance.now();

  constructor(options: Walk) {
    this.#o = options;
    const { source, destination } = options;
    const most = options.maxListers ?? MAX_LISTERS;
    if (source.capabilities.list?.serial) this.#maxListers = 1;
    else this.#maxListers = destination?.capabilities.list?.serial ? Math.min(most, FEW_LISTERS) : most;
    this.#waiting = options.ranges.filter((range) => !range.exhausted);
    this.#signal = this.#stop.signal;
  }

  async run(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finished = resolve;
    const stop = (): void => this.#stop.abort(this.#o.signal.reason);
    this.#o.signal.addEventListener('abort', stop, { once: true });
    if (this.#o.signal.aborted) stop();
    const timer = setInterval(() => this.#balance(), 50);
    this.#startWaiting();
    await promise;
    clearInterval(timer);
    this.#o.signal.removeEventListener('abort', stop);
    if (this.#failure !== undefined) throw this.#failure;
    this.#o.signal.throwIfAborted();
  }

  #startWaiting(): void {
    while (this.#waiting.length > 0 && this.#active.size < this.#maxListers && !this.#signal.aborted) {
      void this.#start(this.#waiting.shift()!);
    }
    if (this.#active.size === 0) this.#finished();
  }

  async #start(range: LiveRange): Promise<void> {
    this.#active.add(range);
    this.#working++;
    let current = range;
    try {
      await this.#join(range, (next) => {
        this.#active.delete(current);
        this.#active.add(next);
        current = next;
      });
    } catch (error) {
      if (!this.#signal.aborted) {
        this.#failure = error;
        this.#stop.abort(error);
      }
    }
    this.#active.delete(current);
    if (--this.#working === 0) this.#idleSince = performance.now();
    this.#balance();
    this.#startWaiting();
  }

  async #join(range: LiveRange, replace: (next: LiveRange) => void): Promise<void> {
    const { source, destination, prefix, destinationOnly, meet } = this.#o;
    const signal = this.#signal;
    const left = new Pager(source, prefix, range.joined, signal);
    const right = destination && new Pager(destination, prefix, range.joined, signal);
    try {
      while (await this.#page(left, range)) {
        let through = range.through;
        let end = countThrough(left.page, through);
        const page = left.page;
        while (left.index < end) {
          const entry = page[left.index]!;
          let match: ObjectEntry | undefined;
          if (right) {
            for (;;) {
              const other = right.current;
              if (other === undefined) {
                if (
                  right.ended ||
                  !(await this.#destinationPage(right, range, destinationOnly ? undefined : entry.key))
                )
                  break;
                continue;
              }
              const order = compareKeys(other.key, entry.key);
              if (order > 0) break;
              right.index++;
              if (order === 0) {
                match = other;
                break;
              }
              if (destinationOnly) {
                const meeting = meet(range, undefined, other);
                range.met(other.key);
                if (meeting instanceof Promise) await this.#hold(meeting);
              }
            }
          }
          left.index++;
          const meeting = meet(range, entry, match);
          range.met(entry.key);
          if (meeting !== undefined) {
            const next = meeting instanceof Promise ? await this.#hold(meeting) : meeting;
            if (next) {
              range = next;
              replace(next);
            }
            signal.throwIfAborted();
          }
          // The range may have been cut while the handler held it back.
          if (range.through !== through) {
            through = range.through;
            end = countThrough(page, through);
          }
        }
        if (end < page.length) break;
      }
      if (right && destinationOnly) await this.#drain(right, range);
      signal.throwIfAborted();
      range.exhaust();
    } finally {
      left.close();
      right?.close();
    }
  }

  /** Meets what is left of the destination behind the source's last key. */
  async #drain(right: Pager, range: LiveRange): Promise<void> {
    while (right.current !== undefined || (await this.#destinationPage(right, range, undefined))) {
      for (; right.current !== undefined; right.index++) {
        if (range.through !== undefined && compareKeys(right.current.key, range.through) > 0) return;
        const meeting = this.#o.meet(range, undefined, right.current);
        range.met(right.current.key);
        if (meeting instanceof Promise) await this.#hold(meeting);
      }
    }
  }

  async #page(left: Pager, range: LiveRange): Promise<boolean> {
    if (range.through !== undefined && range.joined !== undefined && compareKeys(range.joined, range.through) >= 0)
      return false;
    const found = await this.#await(left.fill(range.through));
    this.#signal.throwIfAborted();
    if (!found) {
      if (left.last) this.#gap(left.from, undefined);
      return false;
    }
    const page = left.page;
    const first = page[0]!.key;
    this.#gap(left.from, first);
    if (left.last) this.#gap(page[page.length - 1]!.key, undefined);
    const last = page[page.length - 1]!.key;
    for (let i = 0; i < page.length; i += 50) this.#space.learn(page[i]!.key);
    this.#space.learn(last);
    range.listedTo = last;
    if (page.length > 1) range.density = page.length / this.#space.measure(this.#prefix, first, last);
    this.#estimate(range);
    this.#o.onPage('source', page);
    this.#pages++;
    this.#balance();
    if (performance.now() - this.#yieldedAt > YIELD_AFTER_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#yieldedAt = performance.now();
    }
    return true;
  }

  async #destinationPage(right: Pager, range: LiveRange, skipTo: Key | undefined): Promise<boolean> {
    if (!(await this.#await(right.fill(range.through, skipTo)))) return false;
    this.#signal.throwIfAborted();
    this.#o.onPage('destination', right.page);
    return true;
  }

  async #hold(meeting: Promise<undefined | LiveRange>): Promise<undefined | LiveRange> {
    this.#held++;
    try {
      return await meeting;
    } finally {
      this.#held--;
    }
  }

  get #prefix(): string {
    return this.#o.prefix ?? '';
  }

  /** Cuts the largest ranges as long as one more lister helps. */
  #balance(): void {
    if (this.#pages === 0 || this.#held > 0 || this.#signal.aborted) return;
    this.#measure();
    const most = Math.min(this.#allowed, this.#maxListers);
    while (this.#waiting.length === 0 && this.#active.size > 0 && this.#active.size < most) {
      const range = this.#largest();
      if (!range) return;
      const cut = this.#space.cut(this.#prefix, range.listedTo, range.through);
      if (cut === undefined) {
        range.remaining = 0;
        continue;
      }
      const right = range.split(cut);
      this.#estimate(range);
      this.#estimate(right);
      this.#o.onRange(right);
      void this.#start(right);
    }
  }

  #largest(): LiveRange | undefined {
    let best: LiveRange | undefined;
    let most = WORTH_CUTTING;
    for (const range of this.#active) {
      if (range.remaining > most) {
        most = range.remaining;
        best = range;
      }
    }
    return best;
  }

  #estimate(range: LiveRange): void {
    range.remaining = range.density * this.#space.measure(this.#prefix, range.listedTo, range.through);
  }

  /** Nothing lies between the two keys: ranges in there are not worth cutting, and a cut goes behind it. */
  #gap(from: Key | undefined, to: Key | undefined): void {
    if (from === undefined) return;
    for (const range of this.#active) {
      if (range.listedTo === undefined || compareKeys(range.listedTo, from) < 0) continue;
      if (to === undefined || (range.through !== undefined && compareKeys(range.through, to) < 0)) range.remaining = 0;
      else if (compareKeys(range.listedTo, to) < 0) {
        range.listedTo = to;
        this.#estimate(range);
      }
    }
  }

  /** Allows more listers where all of them did nothing but wait for a share of the time. */
  #measure(): void {
    const now = performance.now();
    const elapsed = now - this.#measuredAt;
    if (this.#pages > 1 && elapsed < MEASURE_MS) return;
    const busy = this.#idle < elapsed * (1 - BUSY);
    this.#measuredAt = now;
    this.#idle = 0;
    if (busy) this.#allowed = Math.max(2, Math.min(this.#allowed, this.#active.size));
    else this.#allowed = Math.max(this.#allowed, this.#active.size * STEP);
  }

  /** Waits for a page, and keeps count of the time in which everybody does. */
  async #await(page: Promise<boolean>): Promise<boolean> {
    if (--this.#working === 0) this.#idleSince = performance.now();
    try {
      return await page;
    } finally {
      if (this.#working++ === 0) this.#idle += performance.now() - this.#idleSince;
    }
  }
}
