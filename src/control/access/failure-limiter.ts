/** Failures to prove who one is, by address: who guesses is made to wait. */
export class FailureLimiter {
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; since: number }>();

  /** `now`: milliseconds, any origin. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds this address has to wait; 0 where it need not. */
  wait(from: string): number {
    const found = this.#failures.get(from);
    if (found === undefined || found.count < MOST) return 0;
    const left = found.since + WINDOW - this.#now();
    if (left > 0) return left;
    this.#failures.delete(from);
    return 0;
  }

  failed(from: string): void {
    const now = this.#now();
    const found = this.#failures.get(from);
    if (found === undefined || now - found.since >= WINDOW) {
      // The one that is longest ago goes: an attacker with many addresses has room for all of them.
      if (this.#failures.size >= ADDRESSES) this.#failures.delete(this.#failures.keys().next().value!);
      this.#failures.delete(from);
      this.#failures.set(from, { count: 1, since: now });
    } else if (++found.count === MOST) found.since = now;
  }

  succeeded(from: string): void {
    this.#failures.delete(from);
  }
}

/** So many in a minute, then a minute of waiting. */
const MOST = 10;
const WINDOW = 60_000;
/** Addresses remembered. */
const ADDRESSES = 10_000;
