import type { Clock } from '../../../src/store/clock.ts';

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly work: () => void;
}

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();
  /** What `after` was asked for, in order. */
  readonly delays: number[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    this.delays.push(ms);
    return this.#add({ at: this.#now + ms, every: undefined, work });
  }

  every(ms: number, work: () => void): () => void {
    return this.#add({ at: this.#now + ms, every: ms, work });
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves on, running what is due in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#now = due.at;
      if (due.every === undefined) this.#timers.delete(due);
      else due.at += due.every;
      due.work();
    }
    this.#now = end;
    await settle();
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

/** Lets everything happen that waits for nothing but promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
