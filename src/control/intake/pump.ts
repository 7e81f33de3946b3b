/** Carries out the events of one source: each key becomes at the destination what it is at the source. */
import { toFerryError, type FerryError } from '../../model/errors.ts';
import type { EventBook, EventOutcome, EventSourceRecord, WaitingEvent } from '../../state/control/event-book.ts';
import { MoverCarrier } from '../../gateway/migrate/mover-carrier.ts';
import type { OpenPair, StorePair } from './stores.ts';

export interface PumpContext {
  readonly book: EventBook;
  readonly open: OpenPair;
  readonly now: () => number;
  readonly random: () => number;
  readonly tmpdir: () => string;
  readonly warn: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly stopping: AbortSignal;
}

/** Keys in hand at once. */
const AT_ONCE = 32;
/** Waits double from the first to the longest; after so many tries an event is left to the comparison of both sides. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 600_000;
const TRIES = 12;
/** The stores are tried again after so long, milliseconds. */
const CLOSED = 5000;
/** The book is looked at anew after so long, whatever it said, milliseconds. */
const LOOK_AGAIN = 30_000;

/**
 * Events say only that something happened: what is carried out is decided by what the source has when it is. So a late
 * or doubled event does no harm, and a delete never takes what a newer event put. Of one key one is in hand at a time.
 */
export class EventPump {
  readonly #c: PumpContext;
  readonly #source: EventSourceRecord;
  readonly #inHand = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #wake = (): void => undefined;
  #movedAt: number | undefined;

  constructor(context: PumpContext, source: EventSourceRecord) {
    this.#c = context;
    this.#source = source;
    const forward = (): void => this.#stop.abort();
    context.stopping.addEventListener('abort', forward, { once: true, signal: this.#stop.signal });
    if (context.stopping.aborted) forward();
    this.#running = this.#run();
  }

  /** When what waits last went forward, or began to wait; undefined where nothing does. */
  get movedAt(): number | undefined {
    return this.#movedAt;
  }

  /** Something was added. */
  wake(): void {
    this.#wake();
  }

  /** What was not carried out waits in the book. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { name } = this.#source;
    while (!this.#stop.signal.aborted) {
      try {
        await using pair = await this.#c.open(this.#source);
        using carrier = new MoverCarrier({
          old: pair.source,
          new: pair.destination,
          spec: pair.spec,
          now: this.#c.now,
          tmpdir: this.#c.tmpdir,
        });
        await this.#pump(pair, carrier);
      } catch (thrown) {
        if (this.#stop.signal.aborted) return;
        this.#c.warn('events cannot be carried out', { source: name, error: toFerryError(thrown) });
        await this.#note();
        await this.#sleep(CLOSED);
      }
    }
  }

  async #pump(pair: StorePair, carrier: MoverCarrier): Promise<void> {
    const { book, now } = this.#c;
    const { name } = this.#source;
    try {
      while (!this.#stop.signal.aborted) {
        const slept = this.#sleepUntilWoken();
        // Those in hand are still in the book.
        const due = await book.due(name, now(), AT_ONCE + this.#inHand.size);
        const free = due.filter(({ key }) => !this.#inHand.has(key)).slice(0, AT_ONCE - this.#inHand.size);
        if (free.length > 0) this.#movedAt ??= now();
        for (const event of free) this.#begin(pair, carrier, event);
        if (free.length > 0 && this.#inHand.size < AT_ONCE) continue;
        const nextAt = this.#inHand.size > 0 ? undefined : await this.#note();
        await slept(nextAt === undefined ? LOOK_AGAIN : Math.min(Math.max(nextAt - now(), 0), LOOK_AGAIN));
      }
    } finally {
      await Promise.all(this.#inHand.values());
    }
  }

  #begin(pair: StorePair, carrier: MoverCarrier, event: WaitingEvent): void {
    const done = this.#settle(pair, carrier, event)
      .catch((error: unknown) =>
        this.#c.warn('an event cannot be kept', { source: event.source, key: event.key, error: toFerryError(error) }),
      )
      .finally(() => {
        this.#inHand.delete(event.key);
        this.#wake();
      });
    this.#inHand.set(event.key, done);
  }

  async #settle(pair: StorePair, carrier: MoverCarrier, event: WaitingEvent): Promise<void> {
    const { book, now } = this.#c;
    const outcome = await this.#carryOut(pair, carrier, event).catch((thrown: unknown) =>
      this.#stop.signal.aborted ? undefined : this.#after(event, toFerryError(thrown)),
    );
    if (outcome === undefined) return;
    if (outcome.is !== 'again') this.#movedAt = now();
    await book.settle(event, outcome, now());
  }

  async #carryOut({ destination }: StorePair, carrier: MoverCarrier, event: WaitingEvent): Promise<EventOutcome> {
    const { key, change } = event;
    const { signal } = this.#stop;
    const carry = async (): Promise<boolean> => {
      const { outcome } = await carrier.carry(key, 'new', 'replace', { sure: () => true, signal });
      return outcome !== 'nothing';
    };
    if (await carry()) return { is: 'transferred' };
    if (change !== 'removed' || this.#source.deletes !== 'apply') return { is: 'passed' };
    await destination.remove(key, signal);
    // Put again meanwhile: its own event may have come before, and have found this one in hand.
    return { is: (await carry()) ? 'transferred' : 'deleted' };
  }

  #after({ key, tries, source }: WaitingEvent, error: FerryError): EventOutcome {
    const { now, random, warn } = this.#c;
    const { code, message } = error;
    if (tries + 1 >= TRIES || error.retryable === 'never') {
      warn('an event could not be carried out', { source, key, error });
      return { is: 'failed', error: `${code}: ${message}` };
    }
    const longest = Math.min(FIRST_WAIT * 2 ** tries, LONGEST_WAIT);
    return { is: 'again', at: now() + longest * (0.5 + random() / 2), error: `${code}: ${message}` };
  }

  /** When the next is due; notes whether anything waits. */
  async #note(): Promise<number | undefined> {
    const nextAt = await this.#c.book.nextAt(this.#source.name).catch(() => undefined);
    this.#movedAt = nextAt === undefined ? undefined : (this.#movedAt ?? this.#c.now());
    return nextAt;
  }

  /** What is said from now on counts, also before the sleep begins. */
  #sleepUntilWoken(): (milliseconds: number) => Promise<void> {
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    return async (milliseconds) => {
      const timer = setTimeout(woken.resolve, milliseconds);
      await woken.promise;
      clearTimeout(timer);
    };
  }

  async #sleep(milliseconds: number): Promise<void> {
    await this.#sleepUntilWoken()(milliseconds);
  }
}
