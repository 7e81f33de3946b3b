import { FerryError } from '../../model/errors.ts';

/**
 * Lets work come to rest without breaking anything off: what has begun ends, nothing new begins. A copy that is cut in the
 * middle leaves its claim in doubt, and everybody waits for that.
 */
export class Brake {
  #active = 0;
  #halted = false;
  readonly #rest = Promise.withResolvers<void>();

  /** Runs `work`; once halted nothing begins any more, and it is waited for the signal. Rejects with `interrupted` then. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#halted) await aborted(signal);
    signal.throwIfAborted();
    this.#active++;
    try {
      return await work();
    } finally {
      this.#active--;
      this.#settle();
    }
  }

  /** Resolves when nothing is under way any more. */
  halt(): Promise<void> {
    this.#halted = true;
    this.#settle();
    return this.#rest.promise;
  }

  #settle(): void {
    if (this.#halted && this.#active === 0) this.#rest.resolve();
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw new FerryError('interrupted', { cause: signal.reason });
}
