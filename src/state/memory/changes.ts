import { FerryError } from '../../model/errors.ts';
import type { MovingClock } from '../member-lease.ts';

/** Waits for what others do, and for what ends by time. */
export class Changes {
  readonly #clock: MovingClock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: MovingClock) {
    this.#clock = clock;
  }

  /** Something changed: all who wait look again. */
  tell(): void {
    for (const wake of this.#waiting) wake();
  }

  /**
   * Resolves once `look` gives something; it is called at once, after each change, and at the times `next` gives. What
   * `look` throws rejects. Between `look` and the call nothing else runs.
   */
  async until<T>(
    look: () => T | undefined,
    next: () => number | undefined,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<T> {
    for (;;) {
      for (const signal of signals) if (signal?.aborted) throw reasonOf(signal);
      const found = look();
      if (found !== undefined) return found;
      await this.#change(next(), signals);
    }
  }

  #change(at: number | undefined, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        callOff?.();
        for (const signal of signals) signal?.removeEventListener('abort', wake);
        resolve();
      };
      const callOff = at === undefined ? undefined : this.#clock.after(Math.max(1, at - this.#clock.now()), wake);
      this.#waiting.add(wake);
      for (const signal of signals) signal?.addEventListener('abort', wake);
    });
  }
}

function reasonOf({ reason }: AbortSignal): FerryError {
  return reason instanceof FerryError ? reason : new FerryError('interrupted', { cause: reason });
}
