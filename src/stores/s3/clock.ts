/** Time as the service sees it. Signatures are valid for some 15 minutes around the service's clock, not ours. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { parseHttpDate } from '../../wire/http-date.ts';

export interface ClockSkew {
  readonly store: string;
  /** The service's clock minus ours, milliseconds. */
  readonly skew: number;
}

/** Calls `tell` whenever a store begins to correct for a wrong clock, until what it gives is disposed of. */
export function onClockSkew(tell: (skew: ClockSkew) => void): Disposable {
  const listener = (message: unknown): void => {
    if (message instanceof SkewMessage) tell(message);
  };
  subscribe(CHANNEL, listener);
  return { [Symbol.dispose]: () => void unsubscribe(CHANNEL, listener) };
}

/** A driver has no log; whoever wants to know subscribes. */
const CHANNEL = 'ferry:store:clock-skew';

class SkewMessage implements ClockSkew {
  readonly store: string;
  readonly skew: number;

  constructor(store: string, skew: number) {
    this.store = store;
    this.skew = skew;
  }
}

/** Differences below this are the granularity of `Date` and the time on the way, not a wrong clock. */
const TOLERATED = 60_000;

export class ServiceClock {
  readonly #now: () => number;
  readonly #store: string;
  #skew = 0;
  #seen: number | undefined;

  constructor(now: () => number, store: string) {
    this.#now = now;
    this.#store = store;
  }

  /** The service's clock minus ours as far as it had to be learnt, milliseconds. */
  get skew(): number {
    return this.#skew;
  }

  /**
   * The service's clock minus ours by the `Date` of the last answer that was asked for it: up to a second less than it
   * is, because that has whole seconds, and by the time the answer took.
   */
  get seen(): number | undefined {
    return this.#seen;
  }

  see(date: string | undefined): void {
    const theirs = date === undefined ? undefined : parseHttpDate(date);
    if (theirs !== undefined) this.#seen = theirs - this.#now();
  }

  now(): number {
    return this.#now() + this.#skew;
  }

  /**
   * Learns from the `Date` of an answer that refused a request for its time. True where the clock was corrected by it:
   * the request is then worth signing again.
   */
  learn(date: string | undefined): boolean {
    const theirs = date === undefined ? undefined : parseHttpDate(date);
    if (theirs === undefined) return false;
    const skew = theirs - this.#now();
    if (Math.abs(skew - this.#skew) < TOLERATED) return false;
    this.#skew = Math.abs(skew) < TOLERATED ? 0 : skew;
    channel(CHANNEL).publish(new SkewMessage(this.#store, this.#skew));
    return true;
  }

  /** True where a `Date` is further from the corrected clock than a signature survives. */
  disagrees(date: string | undefined): boolean {
    const theirs = date === undefined ? undefined : parseHttpDate(date);
    return theirs !== undefined && Math.abs(theirs - this.now()) > 5 * TOLERATED;
  }
}
