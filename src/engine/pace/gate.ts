/**
 * Lets so many in at once; the number may change while it is used. First come, first served.
 *
 * Memory: one entry per waiter; callers wait before they take more work, so there are few.
 */
import { FerryError } from '../../model/errors.ts';

/** What lets in and is left. */
export interface Entrance {
  tryEnter(): boolean;
  enter(): Promise<void>;
  leave(): void;
}

/** Several gates one behind the other, entered in this order by all, so that nobody waits for each other. */
export function inTurn(...gates: readonly Entrance[]): Entrance {
  const leaveFirst = (count: number): void => {
    for (const gate of gates.slice(0, count)) gate.leave();
  };
  return {
    tryEnter() {
      const closed = gates.findIndex((gate) => !gate.tryEnter());
      if (closed >= 0) leaveFirst(closed);
      return closed < 0;
    },
    async enter() {
      for (const [index, gate] of gates.entries()) {
        try {
          await gate.enter();
        } catch (error) {
          leaveFirst(index);
          throw error;
        }
      }
    },
    leave: () => leaveFirst(gates.length),
  };
}

export class Gate implements Entrance {
  #limit: number;
  #running = 0;
  readonly #signal: AbortSignal;
  #waiters: PromiseWithResolvers<void>[] = [];
  /** Somebody had to wait since the flag was last cleared: more slots would be used. */
  saturated = false;

  /** Once `signal` aborts nobody enters any more, and those who wait are rejected with `interrupted`. */
  constructor(limit: number, signal: AbortSignal) {
    this.#limit = limit;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#refuse(), { once: true });
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
    if (this.#running >= this.#limit || this.#waiters.length > 0 || this.#signal.aborted) {
      this.saturated = true;
      return false;
    }
    this.#running++;
    return true;
  }

  enter(): Promise<void> {
    if (this.tryEnter()) return ENTERED;
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    if (this.#signal.aborted) this.#refuse();
    return waiter.promise;
  }

  leave(): void {
    this.#running--;
    this.#admit();
  }

  #admit(): void {
    while (this.#running < this.#limit && this.#waiters.length > 0) {
      this.#running++;
      this.#waiters.shift()!.resolve();
    }
  }

  #refuse(): void {
    const refused = this.#waiters;
    this.#waiters = [];
    for (const { reject } of refused) reject(new FerryError('interrupted', { cause: this.#signal.reason }));
  }
}

const ENTERED = Promise.resolve();
