/**
 * Writes down what is certain, five times a second where the disk allows, in one transaction each.
 *
 * What is written together belongs together: positions of ranges, the counters of what lies before them, failures. The
 * destination is flushed between taking the picture and writing it, so that nothing is called done that a power cut
 * could take back.
 */
import { toFerryError, type FerryError } from '../model/errors.ts';
import type { FailureRecord, RangeRecord, TaskJournal } from '../state/state-store.ts';
import type { Store } from '../store/store.ts';
import type { LiveRange } from './list/live-range.ts';
import { Tally } from './list/tally.ts';

const INTERVAL_MS = 200;
/** Writing takes at most this share of the time: on a slow disk it is done less often. */
const SHARE = 0.05;
const LONGEST_MS = 500;

export class Checkpointer {
  readonly #journal: TaskJournal;
  readonly #destination: Store;
  readonly #onError: (error: FerryError) => void;
  /** Counters of everything certain. */
  readonly settled: Tally;
  readonly #live = new Set<LiveRange>();
  #failed: FailureRecord[] = [];
  #resolved: string[] = [];
  /** Counters as last written. */
  #written = new Tally();
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();
  #rangesDone: number;

  constructor(
    journal: TaskJournal,
    destination: Store,
    settled: Tally,
    rangesDone: number,
    onError: (error: FerryError) => void,
  ) {
    this.#journal = journal;
    this.#destination = destination;
    this.settled = settled;
    this.#rangesDone = rangesDone;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#turn(), INTERVAL_MS);
  }

  add(range: LiveRange): void {
    this.#live.add(range);
  }

  fail(failure: FailureRecord): void {
    this.#failed.push(failure);
  }

  resolve(key: string): void {
    this.#resolved.push(key);
  }

  get ranges(): { total: number; done: number; active: number } {
    return { total: this.#rangesDone + this.#live.size, done: this.#rangesDone, active: this.#live.size };
  }

  /** Certain and not yet certain together: what a person wants to see. */
  counters(): Tally {
    const sum = Tally.from(this.settled);
    for (const range of this.#live) range.addOpen(sum);
    return sum;
  }

  /** Writes what has changed; resolves when it is durable. */
  write(): Promise<void> {
    const written = this.#last.then(() => this.#writeNow());
    // A write that failed fails its caller, not those who come later.
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Stops the timer and writes a last time; `regardless` of whether it can be: the checkpoint before it then stands. */
  async stop(regardless = false): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.write();
    } catch (error) {
      if (!regardless) throw error;
    }
  }

  async #turn(): Promise<void> {
    const started = performance.now();
    try {
      await this.write();
    } catch (thrown) {
      this.#onError(toFerryError(thrown, 'state'));
      return;
    }
    if (this.#timer === undefined) return;
    const rest = Math.max(INTERVAL_MS, (performance.now() - started) / SHARE);
    this.#timer = setTimeout(() => void this.#turn(), Math.min(rest, LONGEST_MS));
  }

  async #writeNow(): Promise<void> {
    const ranges: RangeRecord[] = [];
    const taken: LiveRange[] = [];
    const ended: LiveRange[] = [];
    for (const range of this.#live) {
      const change = range.takeChange();
      if (!change) continue;
      ranges.push(change);
      taken.push(range);
      if (change.done) {
        ended.push(range);
        this.#live.delete(range);
        this.#rangesDone++;
      }
    }
    const failed = this.#failed;
    const resolved = this.#resolved;
    const counters = Tally.from(this.settled);
    if (ranges.length + failed.length + resolved.length === 0 && counters.equals(this.#written)) return;
    this.#failed = [];
    this.#resolved = [];
    try {
      await this.#destination.flush?.();
      await this.#journal.checkpoint({ ranges, counters, failed, resolved });
      this.#written = counters;
    } catch (error) {
      // Nothing of it is written: the next one writes it all again.
      for (const range of taken) range.touch();
      for (const range of ended) this.#live.add(range);
      this.#rangesDone -= ended.length;
      this.#failed = [...failed, ...this.#failed];
      this.#resolved = [...resolved, ...this.#resolved];
      throw error;
    }
  }
}
