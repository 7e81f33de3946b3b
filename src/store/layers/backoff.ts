import type { FerryError } from '../../model/errors.ts';
import type { Clock } from '../clock.ts';
import { sleep, systemClock } from '../clock.ts';
import type { Call } from './call.ts';
import type { StoreStats, Wait } from './trace.ts';

/** Longest wait a store may ask for with `Retry-After`, milliseconds. */
const LONGEST_WISH = 300_000;

export interface RetryOptions {
  /** Attempts in all; 10 where absent. */
  readonly attempts?: number | undefined;
  /** The same while the store has never done what was asked; as `attempts` where absent, and never more. */
  readonly unansweredAttempts?: number | undefined;
  /**
   * A visible change is made again only where the store asked for that; false where absent. For who answers others: a
   * request that got no answer may have been carried out, or may be yet, and once it was made again and answered,
   * somebody may build on it. What is carried out then comes in between.
   */
  readonly changesOnce?: boolean | undefined;
  /** The delay before the second attempt is random up to this, milliseconds; then twice as much, and so on. */
  readonly base?: number | undefined;
  /** No delay of ours is longer, milliseconds. */
  readonly cap?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Told of every failed attempt that will be followed by another. */
  readonly onRetry?: ((call: Call<unknown>, error: FerryError, attempt: number) => void) | undefined;
}

/**
 * When to try again: delays that grow and are random in full, so that clients that failed together do not come back
 * together (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/); a store's own wish is
 * respected up to five minutes.
 */
export class Backoff {
  readonly #attempts: number;
  readonly #unanswered: number;
  readonly #base: number;
  readonly #cap: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onRetry: RetryOptions['onRetry'];
  readonly #stats: StoreStats;
  /** The store did what was asked, once at least. */
  answered = false;

  constructor(options: RetryOptions, stats: StoreStats) {
    this.#attempts = options.attempts ?? 10;
    this.#unanswered = Math.min(this.#attempts, options.unansweredAttempts ?? this.#attempts);
    this.#base = options.base ?? 200;
    this.#cap = options.cap ?? 30_000;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#onRetry = options.onRetry;
    this.#stats = stats;
  }

  /**
   * Resolves when it is time for the next attempt after `attempt` failed with `error`; throws the error where trying
   * again is no use, and as exhausted where it was tried often enough.
   */
  async next(call: Call<unknown>, error: FerryError, attempt: number, signal: AbortSignal | undefined): Promise<void> {
    if (error.kind === 'busy') this.#stats.slowDowns++;
    if (!isReplayable(error) || signal?.aborted) throw error;
    if (attempt >= (this.answered ? this.#attempts : this.#unanswered)) throw error.exhausted();
    this.#onRetry?.(call, error, attempt);
    this.#stats.retries++;
    const delay = this.#delay(error, attempt);
    const until = this.#clock.now() + delay;
    const wait: Wait = { error, delay, left: () => Math.max(0, until - this.#clock.now()) };
    this.#stats.waits.add(wait);
    try {
      await sleep(this.#clock, delay, signal);
    } finally {
      this.#stats.waits.delete(wait);
    }
  }

  #delay(error: FerryError, attempt: number): number {
    // Altered on the way: nothing gets better by waiting.
    if (error.code === 'wrong-checksum' && attempt === 1) return 0;
    const most = Math.min(this.#cap, this.#base * 2 ** (attempt - 1));
    const wish = Math.min(error.retryAfter ?? 0, LONGEST_WISH);
    return wish + this.#random() * most;
  }
}

/** Not what the same call would only meet again: an object that changed is for the engine to begin anew. */
function isReplayable(error: FerryError): boolean {
  return error.retryable === 'later' && error.code !== 'changed' && error.code !== 'interrupted';
}
