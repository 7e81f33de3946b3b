import { interrupted } from '../abort.ts';
import type { Clock } from '../clock.ts';

interface Waiter {
  readonly amount: number;
  readonly go: () => void;
}

/** One of those that share a bucket; `leave` when it takes no more. */
export interface Lane {
  /** Its part of the rate where others want theirs, beside their weights. */
  weight: number;
  /** Undefined: no limit. */
  readonly perSecond: number | undefined;
  /** What it gets at least while all lanes want their part; undefined: no limit. */
  readonly fairPerSecond: number | undefined;
  /** How many wait now. */
  readonly waiting: number;
  /** Undefined where it may pass at once, which costs no promise; else resolves when its turn has come. */
  take(amount: number, signal: AbortSignal | undefined): Promise<void> | undefined;
  /** Who waits in it goes on. */
  leave(): void;
}

/**
 * So much per second, of bytes or of requests; share one bucket and the limit is shared. First come, first served, in
 * each lane; lanes that wait are served by their weights, so that none starves and nothing is left unused.
 *
 * What is taken may be more than there is: it passes at once, and those who come later wait until the debt is paid.
 * So a large chunk needs no splitting, and the rate holds over time. Bursts are a tenth of a second's worth.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #lanes = new Set<WaitingLane>();
  readonly #own: WaitingLane;
  #rate: number | undefined;
  #tokens: number;
  #at: number;
  #waiting = 0;
  /** What the lane that was served last had had, by its weight. */
  #served = 0;
  #cancelTimer: (() => void) | undefined;

  /** `perSecond` undefined: no limit. */
  constructor(clock: Clock, perSecond?: number) {
    this.#clock = clock;
    this.#rate = perSecond;
    this.#at = clock.now();
    this.#tokens = this.#burst();
    this.#own = this.#opened(1);
  }

  get perSecond(): number | undefined {
    return this.#rate;
  }

  /** Holds from now on, also for those who wait. */
  set perSecond(rate: number | undefined) {
    if (rate === this.#rate) return;
    this.#refill();
    const limited = this.#rate !== undefined;
    this.#rate = rate;
    this.#tokens = limited ? Math.min(this.#tokens, this.#burst()) : this.#burst();
    this.#serve();
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes in the bucket's own lane: as `Lane.take`. */
  take(amount: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    return this.#own.take(amount, signal);
  }

  /** `weight`: above 0. */
  lane(weight: number): Lane {
    return this.#opened(weight);
  }

  #opened(weight: number): WaitingLane {
    const lane = new WaitingLane(weight, {
      rate: () => this.#rate,
      fair: () => this.#rate && (this.#rate * lane.weight) / this.#weights(),
      take: (amount, signal) => this.#take(lane, amount, signal),
      left: () => this.#leave(lane),
    });
    this.#lanes.add(lane);
    return lane;
  }

  #leave(lane: WaitingLane): void {
    if (!this.#lanes.delete(lane)) return;
    this.#waiting -= lane.waiters.size;
    for (const { go } of lane.waiters) go();
    lane.waiters.clear();
  }

  /** Of the lanes others opened: nobody has to use the own. */
  #weights(): number {
    let sum = 0;
    for (const lane of this.#lanes) if (lane !== this.#own) sum += lane.weight;
    return sum;
  }

  #take(lane: WaitingLane, amount: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#rate === undefined || amount === 0) return undefined;
    if (this.#waiting === 0) {
      this.#refill();
      if (this.#tokens > 0) {
        this.#pass(lane, amount);
        return undefined;
      }
    }
    return this.#wait(lane, amount, signal);
  }

  #pass(lane: WaitingLane, amount: number): void {
    this.#tokens -= amount;
    // Who took nothing for a while has saved nothing up.
    this.#served = Math.max(lane.had, this.#served);
    lane.had = this.#served + amount / lane.weight;
  }

  #wait(lane: WaitingLane, amount: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(interrupted(signal));
        return;
      }
      const waiter: Waiter = {
        amount,
        go: () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
      };
      const stop = (): void => {
        lane.waiters.delete(waiter);
        this.#waiting--;
        reject(interrupted(signal!));
      };
      signal?.addEventListener('abort', stop, { once: true });
      if (lane.waiters.size === 0) lane.had = Math.max(lane.had, this.#served);
      lane.waiters.add(waiter);
      this.#waiting++;
      if (this.#cancelTimer === undefined) this.#serve();
    });
  }

  #serve(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#refill();
    while (this.#waiting > 0 && (this.#rate === undefined || this.#tokens > 0)) {
      const lane = this.#inTurn();
      const [waiter] = lane.waiters;
      lane.waiters.delete(waiter!);
      this.#waiting--;
      this.#pass(lane, waiter!.amount);
      waiter!.go();
    }
    if (this.#waiting === 0 || this.#rate === undefined) return;
    // A timer fires late rather than early; a millisecond more keeps rounding from waking us for nothing.
    const ms = Math.ceil((-this.#tokens / this.#rate) * 1000) + 1;
    this.#cancelTimer = this.#clock.after(Math.min(ms, 60_000), () => this.#serve());
  }

  /** Of those that wait, the one that has had the least by its weight. */
  #inTurn(): WaitingLane {
    let least: WaitingLane | undefined;
    for (const lane of this.#lanes)
      if (lane.waiters.size > 0 && (least === undefined || lane.had < least.had)) least = lane;
    return least!;
  }

  #refill(): void {
    const now = this.#clock.now();
    if (this.#rate !== undefined) {
      this.#tokens = Math.min(this.#burst(), this.#tokens + ((now - this.#at) / 1000) * this.#rate);
    }
    this.#at = now;
  }

  #burst(): number {
    return Math.max(1, (this.#rate ?? 0) / 10);
  }
}

interface LaneBucket {
  rate(): number | undefined;
  fair(): number | undefined;
  take(amount: number, signal: AbortSignal | undefined): Promise<void> | undefined;
  left(): void;
}

class WaitingLane implements Lane {
  readonly waiters = new Set<Waiter>();
  /** All it took, by its weight; never less than what a lane that waits had. */
  had = 0;
  weight: number;
  readonly #bucket: LaneBucket;
  #left = false;

  constructor(weight: number, bucket: LaneBucket) {
    this.weight = weight;
    this.#bucket = bucket;
  }

  get perSecond(): number | undefined {
    return this.#bucket.rate();
  }

  get fairPerSecond(): number | undefined {
    return this.#bucket.fair();
  }

  get waiting(): number {
    return this.waiters.size;
  }

  take(amount: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    return this.#left ? undefined : this.#bucket.take(amount, signal);
  }

  leave(): void {
    this.#left = true;
    this.#bucket.left();
  }
}
