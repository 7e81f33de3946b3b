import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { ReadResult } from '../store.ts';
import type { Call } from './call.ts';
import type { Layer, Next } from './layer.ts';
import type { Observer } from './observed-body.ts';
import { observeBody, observeRead, sliced } from './observed-body.ts';
import { Semaphore } from './semaphore.ts';
import { TokenBucket, type Lane } from './token-bucket.ts';

/** Bytes in memory are let go in slices of this size where the bandwidth is limited. */
const SLICE = 128 * 1024;

export interface LimitOptions {
  /** Calls at once; no limit where absent. */
  readonly concurrency?: number | undefined;
  /** Attempts begun per second; no limit where absent. */
  readonly requestsPerSecond?: number | undefined;
  /**
   * Bytes per second of bodies read and written. One bucket for the reads of several stores limits their sum; a bucket
   * for both directions counts a byte that is copied twice.
   */
  readonly readBandwidth?: TokenBucket | undefined;
  readonly writeBandwidth?: TokenBucket | undefined;
  readonly clock?: Clock | undefined;
}

/** Lanes of buckets that are shared. */
export interface SharedLanes {
  readonly requests?: Lane | undefined;
  /** Bytes of bodies that are read. */
  readonly reads?: Lane | undefined;
}

/**
 * How much goes to the store at once and per second; all of it can be changed while it works.
 *
 * A read holds its slot until its body was read or cancelled, because that is how long it occupies the store. Hence two
 * stores that copy into each other must not share a layer: readers could wait for writers and these for readers.
 */
export class Limits implements Layer {
  readonly slots: Semaphore;
  readonly requests: TokenBucket;
  readonly readBandwidth: TokenBucket;
  readonly writeBandwidth: TokenBucket;
  /** What it has to share with other stores, beside its own limits. */
  shared: SharedLanes = {};

  constructor(options: LimitOptions = {}) {
    const clock = options.clock ?? systemClock;
    this.slots = new Semaphore(options.concurrency ?? Number.POSITIVE_INFINITY);
    this.requests = new TokenBucket(clock, options.requestsPerSecond);
    this.readBandwidth = options.readBandwidth ?? new TokenBucket(clock);
    this.writeBandwidth = options.writeBandwidth ?? new TokenBucket(clock);
  }

  /** What holds calls back now, and how many of them. */
  get waiting(): { readonly slots: number; readonly requests: number; readonly bandwidth: number } {
    return {
      slots: this.slots.waiting,
      requests: this.requests.waiting + (this.shared.requests?.waiting ?? 0),
      bandwidth: this.readBandwidth.waiting + this.writeBandwidth.waiting + (this.shared.reads?.waiting ?? 0),
    };
  }

  run<T>(call: Call<T>, next: Next): Promise<T> {
    const slot = this.slots.take(call.signal);
    if (slot) return slot.then(() => this.#paced(call, next));
    return this.#paced(call, next);
  }

  /** Has a slot, and gives it back whatever happens. */
  #paced<T>(call: Call<T>, next: Next): Promise<T> {
    const turn = inTurn(this.requests, this.shared.requests, 1, call.signal);
    if (!turn) return this.#begin(call, next);
    return turn.then(
      () => this.#begin(call, next),
      (error: unknown) => {
        this.slots.release();
        throw error;
      },
    );
  }

  #begin<T>(call: Call<T>, next: Next): Promise<T> {
    if (call.body !== undefined && this.writeBandwidth.perSecond !== undefined) this.#slowDown(call);
    const { signal } = call;
    const failed = (error: unknown): never => {
      this.slots.release();
      throw error;
    };
    if (call.operation === 'read') {
      const wrap = (result: ReadResult): ReadResult => observeRead(result, new HeldSlot(this, signal));
      return next(call).then((result) => call.wrapRead(result, wrap), failed);
    }
    return next(call).then((result) => {
      this.slots.release();
      return result;
    }, failed);
  }

  #slowDown<T>(call: Call<T>): void {
    const { signal } = call;
    const body = call.body instanceof Uint8Array ? sliced(call.body, SLICE) : call.body!;
    call.body = observeBody(body, { passed: (bytes) => this.writeBandwidth.take(bytes, signal) });
  }
}

/** First by the own limit, then by the one that is shared. */
function inTurn(
  own: TokenBucket,
  shared: Lane | undefined,
  amount: number,
  signal: AbortSignal | undefined,
): Promise<void> | undefined {
  const turn = own.take(amount, signal);
  if (shared === undefined) return turn;
  return turn ? turn.then(() => shared.take(amount, signal)) : shared.take(amount, signal);
}

/** The slot of a read whose body is not done with. */
class HeldSlot implements Observer {
  readonly #limits: Limits;
  readonly #signal: AbortSignal | undefined;

  constructor(limits: Limits, signal: AbortSignal | undefined) {
    this.#limits = limits;
    this.#signal = signal;
  }

  passed(bytes: number): Promise<void> | undefined {
    const { readBandwidth, shared } = this.#limits;
    return inTurn(readBandwidth, shared.reads, bytes, this.#signal);
  }

  ended(): void {
    this.#limits.slots.release();
  }
}
