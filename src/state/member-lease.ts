import { FerryError } from '../model/errors.ts';

/** What of a clock is needed. */
export interface MovingClock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `work` once after `ms`; the function returned calls it off. */
  after(ms: number, work: () => void): () => void;
}

/** The lease of a member as its own process sees it: it has run out here no later than for the others. */
export class MemberLease {
  readonly #clock: MovingClock;
  /** Milliseconds of one term. */
  readonly #term: number;
  readonly #lost = new AbortController();
  #liveUntil: number;
  #disarm: () => void = () => undefined;

  constructor(clock: MovingClock, term: number, liveUntil: number) {
    this.#clock = clock;
    this.#term = term;
    this.#liveUntil = liveUntil;
    this.#arm();
  }

  /** As `Member.lost`. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isLive(): boolean {
    return this.#clock.now() < this.#liveUntil;
  }

  /** Another term, counted from before it is asked for. What `ask` throws is thrown, and the lease stays as it was. */
  renew<T>(ask: () => T): T {
    const asked = this.#clock.now();
    const answer = ask();
    this.#liveUntil = asked + this.#term;
    this.#arm();
    return answer;
  }

  end(): void {
    this.#disarm();
    this.#liveUntil = -Infinity;
    this.#lost.abort(leaseLost());
  }

  #arm(): void {
    this.#disarm();
    this.#disarm = this.#clock.after(this.#liveUntil - this.#clock.now(), () => this.#lost.abort(leaseLost()));
  }
}

export function leaseLost(): FerryError {
  return new FerryError('unavailable', { message: 'this process could not renew its lease on the bucket in time' });
}
