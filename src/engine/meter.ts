/**
 * Counts what moves and how fast, for progress and for the pacer.
 *
 * Memory: a few samples and the objects that are watched on their own (at most `WATCHED`).
 */
import type { ActiveTransfer, Progress, RangeSummary, ThrottleReason } from './progress.ts';
import type { Counters } from '../state/state-store.ts';

const WATCHED = 256;
const SHOWN = 8;
/** Rates look back so far. */
const WINDOW_MS = 10_000;

interface Sample {
  readonly at: number;
  readonly bytes: number;
  readonly objects: number;
  readonly listed: number;
}

class Watched implements ActiveTransfer {
  readonly key: string;
  readonly size: number;
  readonly since: number;
  done = 0;
  parts: { total: number; done: number } | undefined;

  constructor(key: string, size: number, since: number) {
    this.key = key;
    this.size = size;
    this.since = since;
  }
}

export class Meter {
  bytes = 0;
  /** Objects ended: copied, skipped or failed. */
  objects = 0;
  listed = 0;
  readonly #startedAt = performance.now();
  readonly #samples: Sample[] = [];
  readonly #watched = new Map<string, Watched>();

  /** Counts bytes that passed, read and written once. Bound, to be handed around. */
  readonly addBytes = (bytes: number): void => {
    this.bytes += bytes;
  };

  get elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  watch(key: string, size: number): (done: number, parts?: { total: number; done: number }) => void {
    const watched = new Watched(key, size, Date.now());
    if (this.#watched.size < WATCHED) this.#watched.set(key, watched);
    return (done, parts) => {
      watched.done = done;
      watched.parts = parts;
    };
  }

  unwatch(key: string): void {
    this.#watched.delete(key);
  }

  snapshot(facts: {
    task: string;
    phase: Progress['phase'];
    counters: Counters;
    listingDone: boolean;
    inFlight: number;
    concurrency: number;
    throttledBy: readonly ThrottleReason[];
    ranges: RangeSummary;
  }): Progress {
    const now = performance.now();
    const samples = this.#samples;
    samples.push({ at: now, bytes: this.bytes, objects: this.objects, listed: this.listed });
    while (samples.length > 2 && samples[0]!.at < now - WINDOW_MS) samples.shift();
    const first = samples[0]!;
    const seconds = Math.max(0.001, (now - (samples.length > 1 ? first.at : this.#startedAt)) / 1000);
    const from = samples.length > 1 ? first : { bytes: 0, objects: 0, listed: 0 };
    const rate = {
      bytes: (this.bytes - from.bytes) / seconds,
      objects: (this.objects - from.objects) / seconds,
      listed: (this.listed - from.listed) / seconds,
    };
    const whole = Math.max(0.001, this.elapsed / 1000);
    return {
      ...facts,
      elapsed: this.elapsed,
      bytesMoved: this.bytes,
      rate,
      averageRate: { bytes: this.bytes / whole, objects: this.objects / whole },
      // What is removed is listed meanwhile, or anew: nobody knows how much there is.
      eta: facts.phase === 'deleting' ? undefined : this.#eta(facts.counters, rate),
      active: [...this.#watched.values()].sort((a, b) => b.size - a.size).slice(0, SHOWN),
    };
  }

  /** By whichever of bytes and objects takes longer. */
  #eta(counters: Counters, rate: { bytes: number; objects: number }): number | undefined {
    const underWay = [...this.#watched.values()].reduce((sum, { done }) => sum + done, 0);
    const bytes = Math.max(0, counters.listedBytes - counters.copiedBytes - counters.skippedBytes - underWay);
    const objects = Math.max(
      0,
      counters.listed - counters.copied - counters.skipped - counters.failed - counters.filtered - counters.irregular,
    );
    if (objects === 0) return 0;
    const times = [];
    if (rate.objects > 0) times.push(objects / rate.objects);
    if (rate.bytes > 0) times.push(bytes / rate.bytes);
    if (times.length === 0) return undefined;
    // Few large objects: their bytes tell more than their number.
    return 1000 * (rate.bytes > 0 && bytes / objects > 16 * 1024 * 1024 ? bytes / rate.bytes : Math.max(...times));
  }
}
