/** What happens, told to everybody who listens, with a memory short enough to go on from after a broken connection. */

/** A change worth knowing of. Data is small (some KiB): who wants more reads the resource. */
export interface LiveEvent {
  /** Grows by one with each; of this process only. */
  readonly id: number;
  /** `task`, `migration`, `mirror`, … */
  readonly type: string;
  /** Name of what it is about. */
  readonly subject: string;
  readonly data: unknown;
}

/** Events remembered. */
const KEPT = 2000;

/**
 * One for the process. A listener that falls behind more than is remembered, or comes back after longer, is told so
 * (`missed`) and reads everything anew. Memory: the remembered events, whatever number listens.
 */
export class LiveHub {
  readonly #ring: LiveEvent[] = [];
  #next = 1;
  #waiting = new Set<() => void>();

  /** Tells of nothing where nobody asks for more often than four times a second: whoever publishes sees to that. */
  publish(type: string, subject: string, data: unknown): void {
    const event = { id: this.#next++, type, subject, data };
    this.#ring[event.id % KEPT] = event;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Id of the newest event. */
  get newest(): number {
    return this.#next - 1;
  }

  /**
   * Events after `after`, as they come, until the signal aborts; `missed` where some are remembered no more. Undefined:
   * from now on.
   */
  async *events(after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveEvent | 'missed'> {
    let at = after ?? this.newest;
    // An id of a process before this one may be greater than any of ours.
    if (at > this.newest) {
      at = this.newest;
      yield 'missed';
    }
    while (!signal.aborted) {
      if (at >= this.newest) {
        await this.#news(signal);
        continue;
      }
      const event = this.#ring[(at + 1) % KEPT];
      if (event?.id === at + 1) {
        at++;
        yield event;
      } else {
        at = this.newest;
        yield 'missed';
      }
    }
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        this.#waiting.delete(wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.add(wake);
    });
  }
}
