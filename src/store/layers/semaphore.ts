import { interrupted } from '../abort.ts';

/** So many at once; the number may change while they work. First come, first served. */
export class Semaphore {
  #limit: number;
  #active = 0;
  readonly #waiters = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  /** More begin at once; where it sinks, nobody is stopped and the next wait longer. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#serve();
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Undefined where there is room, which costs no promise; else resolves when there is. Each needs its `release`. */
  take(signal: AbortSignal | undefined): Promise<void> | undefined {
    if (this.#active < this.#limit && this.#waiters.size === 0) {
      this.#active++;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(interrupted(signal));
        return;
      }
      const go = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        this.#waiters.delete(go);
        reject(interrupted(signal!));
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiters.add(go);
    });
  }

  release(): void {
    this.#active--;
    if (this.#waiters.size > 0) this.#serve();
  }

  #serve(): void {
    for (const go of this.#waiters) {
      if (this.#active >= this.#limit) return;
      this.#active++;
      this.#waiters.delete(go);
      go();
    }
  }
}
