/** At most so many starts per second, evenly spaced, with a tenth of a second's worth saved up. */
export class Rate {
  readonly #interval: number;
  readonly #burst: number;
  #next = 0;

  constructor(perSecond: number) {
    this.#interval = 1000 / perSecond;
    this.#burst = Math.max(this.#interval, 100);
  }

  /** Takes one start; milliseconds to wait before it. */
  take(): number {
    const now = performance.now();
    this.#next = Math.max(this.#next, now - this.#burst) + this.#interval;
    return Math.max(0, this.#next - now);
  }
}
