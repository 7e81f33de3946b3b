/** Work that takes much: so many at once, and of one token fewer, so that nobody keeps the others from theirs. */
import { interrupted, throwIfAborted } from '../../store/abort.ts';
import { Problem } from './problem.ts';

export interface TurnsOptions {
  readonly atOnce: number;
  /** Of one who asks. */
  readonly ofOne: number;
  /** Who waits is refused after so long, milliseconds. */
  readonly patience: number;
  /** So many wait; further ones are refused at once. */
  readonly waiting: number;
}

interface Waiter {
  readonly who: string;
  readonly begin: () => void;
}

export class Turns {
  readonly #options: TurnsOptions;
  readonly #running = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #count = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when it is the turn of `who`, first come, first served among those who may; to dispose of it ends the turn.
   * Rejects with `busy` where that takes too long, with `interrupted` where `signal` aborts.
   */
  async take(who: string, signal: AbortSignal): Promise<Disposable> {
    throwIfAborted(signal);
    if (!this.#fits(who)) await this.#wait(who, signal);
    else this.#enter(who);
    let ended = false;
    return {
      [Symbol.dispose]: () => {
        if (!ended) this.#leave(who);
        ended = true;
      },
    };
  }

  async #wait(who: string, signal: AbortSignal): Promise<void> {
    const { waiting, patience } = this.#options;
    if (this.#waiters.size >= waiting) throw this.#busy();
    const turn = Promise.withResolvers<void>();
    const waiter = { who, begin: turn.resolve };
    this.#waiters.add(waiter);
    const refuse = (reason: unknown): void => {
      // At once: a turn must not come to who has gone.
      this.#waiters.delete(waiter);
      turn.reject(reason);
    };
    const gone = (): void => refuse(interrupted(signal));
    signal.addEventListener('abort', gone, { once: true });
    const timer = setTimeout(() => refuse(this.#busy()), patience);
    try {
      await turn.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', gone);
    }
  }

  #busy(): Problem {
    const seconds = Math.ceil(this.#options.patience / 1000);
    return new Problem('busy', { headers: ['Retry-After', String(seconds)] });
  }

  #fits(who: string): boolean {
    const { atOnce, ofOne } = this.#options;
    return this.#count < atOnce && (this.#running.get(who) ?? 0) < ofOne;
  }

  #enter(who: string): void {
    this.#count++;
    this.#running.set(who, (this.#running.get(who) ?? 0) + 1);
  }

  #leave(who: string): void {
    this.#count--;
    const left = this.#running.get(who)! - 1;
    if (left === 0) this.#running.delete(who);
    else this.#running.set(who, left);
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.who)) continue;
      this.#waiters.delete(waiter);
      this.#enter(waiter.who);
      waiter.begin();
    }
  }
}
