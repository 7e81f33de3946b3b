/** Time as the client needs it; tests bring their own. */
export interface Clock {
  /** Milliseconds from any fixed point; never goes back. */
  now(): number;
  /** Calls `tick` about every `ms` until stopped; does not keep the process alive. */
  every(ms: number, tick: () => void): { stop(): void };
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    timer.unref();
    return { stop: () => clearInterval(timer) };
  },
};

/**
 * One coarse timer for all connections of a client: a request costs a copy of `now` instead of a timer of its own.
 * Time-outs are noticed up to two periods late.
 */
export class Ticker {
  /** The time of the last tick. */
  now: number;
  readonly #clock: Clock;
  readonly #tick: (now: number) => void;
  #period = 250;
  #timer: { stop(): void } | undefined;

  constructor(clock: Clock, tick: (now: number) => void) {
    this.#clock = clock;
    this.#tick = tick;
    this.now = clock.now();
  }

  /** Ticks often enough to notice a time-out of `ms` within half of it again, at least every 10 ms and at most 4 times a second. */
  serve(ms: number): void {
    const period = Math.max(10, ms / 4);
    if (period >= this.#period) return;
    this.#period = period;
    if (this.#timer === undefined) return;
    this.stop();
    this.start();
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.now = this.#clock.now();
    this.#timer = this.#clock.every(this.#period, () => {
      this.now = this.#clock.now();
      this.#tick(this.now);
    });
  }

  stop(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }
}
