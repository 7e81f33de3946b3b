import { interrupted } from '../abort.ts';
import type { Clock } from '../clock.ts';

interface Waiter {
  readonly amount: number;
  readonly go: () => void;
}

/**
 * So much per second, of bytes or of requests; share one bucket and the limit is shared. First come, first served.
 *
 * What is taken may be more than there is: it passes at once, and those who come later wait until the debt is paid.
 * So a large chunk needs no splitting, and the rate holds over time. Bursts are a tenth of a second's worth.
 */
export class TokenBucket {
  readonly #clock: Clock;
  #rate: number | undefined;
  #tokens: number;
  #at: number;
  #waiters = new Set<Waiter>();
  #cancelTimer: (() => void) | undefined;

  /** `perSecond` undefined: no limit. */
  constructor(clock: Clock, perSecond?: number) {
    this.#clock = clock;
    this.#rate = perSecond;
    this.#at = clock.now();
    this.#tokens = this.#burst();
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
    return this.#waiters.size;
  }

  /** Undefined where it may pass at once, which costs no promise; else resolves when its turn has come. */
  take(amount: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#rate === undefined || amount === 0) return undefined;
    if (this.#waiters.size === 0) {
      this.#refill();
      if (this.#tokens > 0) {
        this.#tokens -= amount;
        return undefined;
      }
    }
    return this.#wait(amount, signal);
  }

  #wait(amount: number, signal: AbortSignal | undefined): Promise<void> {
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
        this.#waiters.delete(waiter);
        reject(interrupted(signal!));
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiters.add(waiter);
      if (this.#cancelTimer === undefined) this.#serve();
    });
  }

  #serve(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#refill();
    for (const waiter of this.#waiters) {
      if (this.#rate !== undefined && this.#tokens <= 0) break;
      this.#tokens -= waiter.amount;
      this.#waiters.delete(waiter);
      waiter.go();
    }
    if (this.#waiters.size === 0 || this.#rate === undefined) return;
    // A timer fires late rather than early; a millisecond more keeps rounding from waking us for nothing.
    const ms = Math.ceil((-this.#tokens / this.#rate) * 1000) + 1;
    this.#cancelTimer = this.#clock.after(Math.min(ms, 60_000), () => this.#serve());
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
