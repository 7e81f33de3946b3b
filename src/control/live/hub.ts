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
  /** `data` with its subject, as JSON; the same text for all who listen. */
  readonly json: string;
}

/** What came since somebody looked last. */
export interface LiveBatch {
  /** More came before, which are remembered no more. */
  readonly missed: boolean;
  readonly events: readonly LiveEvent[];
}

/** Events remembered. */
const KEPT = 2000;

/**
 * One for the process. A listener that falls behind more than is remembered, or comes back after longer, is told so
 * (`missed`) and reads everything anew. Memory: the remembered events, whatever number listens.
 */
export class LiveHub {
  readonly #ring: LiveEvent[] = [];
  #next: number;
  #waiting = new Set<() => void>();

  /**
   * `first`: id of the first event. Where it is past those of an earlier process, whoever listened to that is told of
   * having missed something.
   */
  constructor(first = 1) {
    this.#next = first;
  }

  /** Tells of nothing where nobody asks for more often than four times a second: whoever publishes sees to that. */
  publish(type: string, subject: string, data: unknown): void {
    const event = new Event(this.#next++, type, subject, data);
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
    for await (const { missed, events } of this.batches(after, signal)) {
      if (missed) yield 'missed';
      yield* events;
    }
  }

  /** The same, all that is there at once. Where some were missed none of those that are left are told: all is read anew. */
  async *batches(after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveBatch> {
    let at = after ?? this.newest;
    while (!signal.aborted) {
      if (at === this.newest) {
        await this.#news(signal);
        continue;
      }
      // Of an earlier process: less than our first, or, where the clock went back, greater than any of ours.
      const missed = at > this.newest || this.#ring[(at + 1) % KEPT]?.id !== at + 1;
      const events: LiveEvent[] = [];
      for (let id = at + 1; !missed && id <= this.newest; id++) events.push(this.#ring[id % KEPT]!);
      at = this.newest;
      yield { missed, events };
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

class Event implements LiveEvent {
  readonly id: number;
  readonly type: string;
  readonly subject: string;
  readonly data: unknown;
  #json: string | undefined;

  constructor(id: number, type: string, subject: string, data: unknown) {
    this.id = id;
    this.type = type;
    this.subject = subject;
    this.data = data;
  }

  get json(): string {
    const { subject, data } = this;
    return (this.#json ??= JSON.stringify({ subject, ...(typeof data === 'object' ? data : { value: data }) }));
  }
}
