/**
 * Lets so many in at once; the number may change while it is used. First come, first served.
 *
 * Memory: one entry per waiter; callers wait before they take more work, so there are few.
 */
import { FerryError } from '../../model/errors.ts';

export class Gate {
  #limit: number;
  #running = 0;
  readonly #waiters: (() => void)[] = [];
  /** Somebody had to wait since the flag was last cleared: more slots would be used. */
  saturated = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  get running(): number {
    return this.#running;
  }

  setLimit(limit: number): void {
    this.#limit = Math.max(1, Math.floor(limit));
    this.#admit();
  }

  /** Enters without waiting where there is room. */
  tryEnter(): boolean {
    if (this.#running >= this.#limit || this.#waiters.length > 0) {
      this.saturated = true;
      return false;
    }
    this.#running++;
    return true;
  }

  async enter(signal: AbortSignal): Promise<void> {
    if (this.tryEnter()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      const at = this.#waiters.indexOf(resolve);
      if (at < 0) return;
      this.#waiters.splice(at, 1);
      reject(new FerryError('interrupted', { cause: signal.reason }));
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#waiters.push(resolve);
    if (signal.aborted) abort();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  leave(): void {
    this.#running--;
    this.#admit();
  }

  #admit(): void {
    while (this.#running < this.#limit && this.#waiters.length > 0) {
      this.#running++;
      this.#waiters.shift()!();
    }
  }
}
