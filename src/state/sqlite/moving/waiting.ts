import { FerryError } from '../../../model/errors.ts';

/** Milliseconds between looks for what another process does. */
const POLL = 5;

/**
 * Waits for what this process and others do. Others cannot be heard, so who waits looks again every few milliseconds;
 * what is done here wakes at once.
 */
export class Waiting {
  readonly #waiting = new Set<() => void>();

  /** Something changed here. */
  tell(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves once `look` gives something. What it throws rejects, and so does an abort. */
  async until<T>(look: () => T | undefined, signals: readonly (AbortSignal | undefined)[]): Promise<T> {
    for (;;) {
      for (const signal of signals) if (signal?.aborted) throw reasonOf(signal);
      const found = look();
      if (found !== undefined) return found;
      await this.#again(signals);
    }
  }

  #again(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        clearTimeout(timer);
        for (const signal of signals) signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, POLL);
      this.#waiting.add(wake);
      for (const signal of signals) signal?.addEventListener('abort', wake);
    });
  }
}

function reasonOf({ reason }: AbortSignal): FerryError {
  return reason instanceof FerryError ? reason : new FerryError('interrupted', { cause: reason });
}
