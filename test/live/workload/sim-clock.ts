import type { Clock } from '../../../src/store/clock.ts';
import { quiet } from '../explorer/scheduler.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
}

/** Time that passes when everybody waits for it: hours in a second, and the same each time. */
export class SimClock implements Clock {
  #now = 0;
  #order = 0;
  /** A heap: the earliest first. */
  readonly #timers: Timer[] = [];
  readonly #off = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: ++this.#order, work };
    this.#push(timer);
    return () => void this.#off.add(timer);
  }

  every(ms: number, work: () => void): () => void {
    let callOff: () => void;
    const again = (): void => {
      callOff = this.after(ms, again);
      work();
    };
    callOff = this.after(ms, again);
    return () => callOff();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Until `promise` has settled; throws where nobody waits for anything any more, or past `limit` milliseconds. */
  async run<T>(promise: Promise<T>, limit: number): Promise<T> {
    let done = false;
    const settled = promise.finally(() => (done = true));
    settled.catch(() => undefined);
    for (;;) {
      await quiet();
      if (done) return await settled;
      const timer = this.#pop();
      if (timer === undefined) throw new Error('everybody waits for nothing');
      if (timer.at > limit) throw new Error(`not done after ${limit} ms`);
      this.#now = timer.at;
      timer.work();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    for (;;) {
      const first = heap[0];
      if (first === undefined) return undefined;
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        for (let i = 0; ;) {
          let least = i;
          for (const child of [2 * i + 1, 2 * i + 2])
            if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
          if (least === i) break;
          [heap[i], heap[least]] = [heap[least]!, heap[i]!];
          i = least;
        }
      }
      if (!this.#off.delete(first)) return first;
    }
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
