/**
 * One stream of events for the whole page. What a page shows is as of the last event while this says `live`; after a lost
 * connection everything is read anew (`generation`), because events may have passed.
 */
import { signal, type ReadonlySignal } from '@preact/signals';

export interface LiveEvent {
  readonly type: string;
  readonly subject: string;
  /** The small resource itself, with `subject`. */
  readonly data: Readonly<Record<string, unknown>>;
}

export type LiveStatus = 'connecting' | 'live' | 'lost';

const TYPES = [
  'task',
  'task-failed',
  'migration',
  'mirror',
  'job',
  'schedule',
  'event-source',
  'store',
  'user',
  'limits',
];

/** Connecting by hand where the browser has given up, milliseconds. */
const AGAIN = 2000;
/** A connection can die without a word: so often the server is asked whether it is there, milliseconds. */
const WATCH = 15_000;

export class LiveConnection {
  readonly #status = signal<LiveStatus>('connecting');
  readonly #lostAt = signal<number | undefined>(undefined);
  readonly #generation = signal(0);
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #now: () => number;
  /** Whether the server answers; rejects or resolves false where not. */
  readonly #probe: (signal: AbortSignal) => Promise<boolean>;
  #source: EventSource | undefined;
  #opened = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(now: () => number, probe: (signal: AbortSignal) => Promise<boolean>) {
    this.#now = now;
    this.#probe = probe;
  }

  get status(): ReadonlySignal<LiveStatus> {
    return this.#status;
  }

  /** What is shown is as of then; undefined while it is live. */
  get lostAt(): ReadonlySignal<number | undefined> {
    return this.#lostAt;
  }

  /** Grows whenever everything has to be read anew. */
  get generation(): ReadonlySignal<number> {
    return this.#generation;
  }

  start(): void {
    this.stop();
    this.#connect();
    this.#watch = setInterval(() => void this.#look(), WATCH);
    addEventListener('offline', this.#onOffline);
    addEventListener('online', this.retry);
  }

  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    removeEventListener('offline', this.#onOffline);
    removeEventListener('online', this.retry);
    this.#opened = false;
    this.#status.value = 'connecting';
    this.#lostAt.value = undefined;
  }

  /** Gives the way to stop it. */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** At once, rather than after the usual wait. */
  readonly retry = (): void => {
    this.#source?.close();
    clearTimeout(this.#timer);
    this.#connect();
  };

  readonly #onOffline = (): void => this.#lost();

  #connect(): void {
    const source = new EventSource('/v1/live');
    this.#source = source;
    source.addEventListener('open', () => {
      // Even where the server could tell what was missed: it may be another process, whose numbers say nothing.
      if (this.#opened) this.#generation.value++;
      this.#opened = true;
      this.#status.value = 'live';
      this.#lostAt.value = undefined;
    });
    source.addEventListener('error', () => {
      this.#lost();
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#connect(), AGAIN);
    });
    source.addEventListener('missed', () => this.#generation.value++);
    for (const type of TYPES) source.addEventListener(type, (event) => this.#tell(type, event));
  }

  #tell(type: string, event: MessageEvent<string>): void {
    const data: unknown = JSON.parse(event.data);
    if (typeof data !== 'object' || data === null) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object, of which nothing else is said.
    const fields = data as Record<string, unknown>;
    for (const listener of this.#listeners) listener({ type, subject: String(fields['subject']), data: fields });
  }

  #lost(): void {
    this.#opened = true;
    if (this.#status.value === 'lost') return;
    this.#status.value = 'lost';
    this.#lostAt.value = this.#now();
  }

  async #look(): Promise<void> {
    if (this.#status.value !== 'live') return;
    const there = await this.#probe(AbortSignal.timeout(WATCH / 2)).catch(() => false);
    if (there || this.#status.value !== 'live') return;
    this.#lost();
    this.#source?.close();
    this.#timer = setTimeout(() => this.#connect(), AGAIN);
  }
}
