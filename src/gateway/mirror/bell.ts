import { interrupted, throwIfAborted } from '../../store/abort.ts';

/** Wakes everybody who waits; rung again, those who wait by then. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `ring`; an abort rejects with `interrupted`. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        this.#waiting.delete(wake);
        reject(interrupted(signal!));
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiting.add(wake);
    });
  }

  ring(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
