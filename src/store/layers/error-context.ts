import { FerryError, toFerryError } from '../../model/errors.ts';
import { interrupted } from '../abort.ts';
import type { ReadResult, StoreInfo } from '../store.ts';
import type { Call } from './call.ts';
import type { Layer, Next } from './layer.ts';
import { observeRead } from './observed-body.ts';
import type { StoreStats } from './trace.ts';

/**
 * Whatever is thrown becomes a `FerryError` that knows operation, store and key. What is none is `internal`, or
 * `interrupted` where the call was aborted: drivers need not translate the `AbortError`s of the platform.
 */
export class ErrorContext implements Layer {
  readonly #info: StoreInfo;
  readonly #stats: StoreStats;

  constructor(info: StoreInfo, stats: StoreStats) {
    this.#info = info;
    this.#stats = stats;
  }

  run<T>(call: Call<T>, next: Next): Promise<T> {
    const { signal } = call;
    const explained = (thrown: unknown): FerryError => {
      this.#stats.failed++;
      return this.#explain(thrown, call, signal);
    };
    const failed = (thrown: unknown): never => {
      throw explained(thrown);
    };
    const outcome = next(call);
    if (call.operation !== 'read') return outcome.then(undefined, failed);
    const wrap = (result: ReadResult): ReadResult => observeRead(result, { failed: explained });
    return outcome.then((result) => call.wrapRead(result, wrap), failed);
  }

  #explain(thrown: unknown, call: Call<unknown>, signal: AbortSignal | undefined): FerryError {
    const aborted = signal?.aborted === true && !(thrown instanceof FerryError);
    const error = aborted ? interrupted(signal) : toFerryError(thrown);
    if (error.operation !== undefined && error.store !== undefined && (error.key ?? call.key) === error.key)
      return error;
    return error.with({ operation: call.operation, store: this.#info.name, key: call.key });
  }
}
