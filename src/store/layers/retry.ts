import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { toFerryError } from '../../model/errors.ts';
import type { RetryOptions } from './backoff.ts';
import { Backoff } from './backoff.ts';
import type { Call, WrapRead } from './call.ts';
import { VISIBLE } from './call.ts';
import type { Layer, Next } from './layer.ts';
import { findOutcome } from './lost-answer.ts';
import { ResumingBody } from './resuming-body.ts';
import type { StoreStats } from './trace.ts';

/**
 * Bytes refused so twice were not altered on this way but before it: whoever reads them has to begin again. Not
 * `bad-response`: an answer that was garbled says nothing about the bytes sent.
 */
const WRONG: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['wrong-checksum', 'wrong-length', 'short-read']);

/**
 * Makes calls again that failed with `later`, and reads on where a body broke off. A sleeping call holds no slot,
 * because the limits are further in. What failed for good is marked exhausted: nobody outside tries it again. Only
 * bytes that were refused twice stay `later`, for whoever can read them anew.
 *
 * Writes are made again because a `Body` can be opened again. An answer that was lost makes the next attempt fail on
 * our own success; `lost-answer.ts` then looks what is in the store. With `changesOnce` there is no such attempt.
 */
export class Retry implements Layer {
  readonly #backoff: Backoff;
  readonly #can: Capabilities;
  readonly #changesOnce: boolean;
  readonly #answered = <T>(outcome: T): T => {
    this.#backoff.answered = true;
    return outcome;
  };

  constructor(capabilities: Capabilities, stats: StoreStats, options: RetryOptions = {}) {
    this.#can = capabilities;
    this.#changesOnce = options.changesOnce ?? false;
    this.#backoff = new Backoff(options, stats);
  }

  run<T>(call: Call<T>, next: Next): Promise<T> {
    // Layers further in replace these for one attempt.
    const { body, signal } = call;
    const failed = (error: unknown): Promise<T> => this.#again(call, next, error, body, signal);
    const outcome = next(call).then(this.#backoff.answered ? undefined : this.#answered, failed);
    if (call.operation !== 'read') return outcome;
    const wrap: WrapRead = (result, read) => ({
      meta: result.meta,
      body: new ResumingBody(result, read, signal, this.#can, this.#backoff, next),
    });
    return outcome.then((result) => call.wrapRead(result, wrap));
  }

  async #again<T>(
    call: Call<T>,
    next: Next,
    failure: unknown,
    body: Body | undefined,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    let error = toFerryError(failure);
    let wrong = 0;
    const once = this.#changesOnce && VISIBLE.has(call.operation);
    for (let attempt = 1; ; attempt++) {
      if (WRONG.has(error.code) && ++wrong === 2 && body !== undefined) throw error;
      if (once && error.retryable === 'later' && error.code !== 'throttled') throw error.exhausted();
      await this.#backoff.next(call, error, attempt, signal);
      call.body = body;
      call.signal = signal;
      try {
        return this.#answered(await next(call));
      } catch (thrown) {
        error = toFerryError(thrown);
      }
      call.body = body;
      call.signal = signal;
      const found = once ? undefined : await findOutcome(call, error, this.#can, (other) => this.run(other, next));
      if (found && call.recovered) return call.recovered(found);
    }
  }
}
