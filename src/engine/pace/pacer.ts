/**
 * Finds how many objects in flight are best, and keeps finding it.
 *
 * While every slot is in use and each step up still brings throughput, it climbs by half; when a step brings nothing it
 * goes back and rests, and tries again later because networks and stores change. A store that asks to slow down halves
 * it at once. Where the user set a number, nothing is sought.
 */
import type { Gate } from './gate.ts';

const TICK_MS = 250;
const START = 32;
const MAX = 256;
/** An object counts like so many bytes moved: small objects are bound by requests, large ones by bytes. */
const OBJECT_WORTH = 64 * 1024;
const BETTER = 1.05;
const REST_TICKS = 40;

/** Totals so far. */
interface Watch {
  readonly moved: () => { readonly objects: number; readonly bytes: number };
  /** How often a store asked to slow down. */
  readonly slowDowns: () => number;
}

export class Pacer {
  readonly #gate: Gate;
  #fixed: boolean;
  readonly #watch: Watch;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;
  #lastAt = 0;
  #best = 0;
  #before = START;
  #resting = 0;
  #slowDowns = 0;
  #slowedAt = Number.NEGATIVE_INFINITY;
  #load = performance.eventLoopUtilization();

  constructor(gate: Gate, fixed: number | undefined, watch: Watch) {
    this.#gate = gate;
    this.#fixed = fixed !== undefined;
    this.#watch = watch;
    gate.setLimit(fixed ?? START);
  }

  /** So many from now on; undefined goes on seeking from where it is. */
  fix(limit: number | undefined): void {
    this.#fixed = limit !== undefined;
    if (limit !== undefined) this.#gate.setLimit(limit);
  }

  start(): void {
    this.#lastAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A store asked to slow down within the last ten seconds. */
  get slowed(): boolean {
    return performance.now() - this.#slowedAt < 10_000;
  }

  /** Several requests are told at once; they count as one within a second. */
  #slowDown(now: number): boolean {
    const slowDowns = this.#watch.slowDowns();
    const told = slowDowns > this.#slowDowns && now - this.#slowedAt > 1000;
    this.#slowDowns = slowDowns;
    if (!told) return false;
    this.#slowedAt = now;
    this.#gate.setLimit(this.#gate.limit / 2);
    this.#best = 0;
    this.#resting = 8;
    return true;
  }

  #tick(): void {
    const now = performance.now();
    const { objects, bytes } = this.#watch.moved();
    const total = objects * OBJECT_WORTH + bytes;
    const rate = (total - this.#last) / (now - this.#lastAt);
    this.#last = total;
    this.#lastAt = now;
    const load = performance.eventLoopUtilization(this.#load).utilization;
    this.#load = performance.eventLoopUtilization();
    const { saturated, limit } = this.#gate;
    this.#gate.saturated = false;
    if (this.#slowDown(now) || this.#fixed || !saturated || load > 0.95) return;
    if (this.#resting > 0) {
      this.#resting--;
      if (this.#resting === 0) this.#best = 0;
      return;
    }
    if (rate > this.#best * BETTER) {
      this.#best = rate;
      this.#before = limit;
      if (limit < MAX) this.#gate.setLimit(Math.min(MAX, limit * 1.5));
    } else {
      this.#gate.setLimit(this.#before);
      this.#resting = REST_TICKS;
    }
  }
}
