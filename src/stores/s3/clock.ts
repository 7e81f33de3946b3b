/** Time as the service sees it. Signatures are valid for some 15 minutes around the service's clock, not ours. */
import { channel } from 'node:diagnostics_channel';
import { parseHttpDate } from '../../wire/http-date.ts';

/** `node:diagnostics_channel` on which a store tells, once, that it corrects for a wrong clock. */
export const CLOCK_SKEW_CHANNEL = 'ferry:store:clock-skew';

export interface ClockSkewMessage {
  readonly store: string;
  /** The service's clock minus ours, milliseconds. */
  readonly skew: number;
}

/** Differences below this are the granularity of `Date` and the time on the way, not a wrong clock. */
const TOLERATED = 60_000;

export class ServiceClock {
  readonly #now: () => number;
  readonly #store: string;
  #skew = 0;

  constructor(now: () => number, store: string) {
    this.#now = now;
    this.#store = store;
  }

  /** The service's clock minus ours as far as it had to be learnt, milliseconds. */
  get skew(): number {
    return this.#skew;
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
    channel(CLOCK_SKEW_CHANNEL).publish({ store: this.#store, skew: this.#skew } satisfies ClockSkewMessage);
    return true;
  }

  /** True where a `Date` is further from the corrected clock than a signature survives. */
  disagrees(date: string | undefined): boolean {
    const theirs = date === undefined ? undefined : parseHttpDate(date);
    return theirs !== undefined && Math.abs(theirs - this.now()) > 5 * TOLERATED;
  }
}
