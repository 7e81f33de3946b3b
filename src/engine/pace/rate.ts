/** At most so many starts per second, evenly spaced, with a tenth of a second's worth saved up. */
export class Rate {
  #interval = 0;
  #next = 0;

  constructor(perSecond: number | undefined) {
    this.setLimit(perSecond);
  }

  /** Undefined: no limit. Who waits already waits as long as before. */
  setLimit(perSecond: number | undefined): void {
    this.#interval = perSecond === undefined ? 0 : 1000 / perSecond;
    this.#next = 0;
  }

  /** Takes one start; milliseconds to wait before it. */
  take(): number {
    if (this.#interval === 0) return 0;
    const now = performance.now();
    const burst = Math.max(this.#interval, 100);
    this.#next = Math.max(this.#next, now - burst) + this.#interval;
    return Math.max(0, this.#next - now);
  }
}
