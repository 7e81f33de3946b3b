import { tracingChannel } from 'node:diagnostics_channel';
import type { FerryError } from '../../model/errors.ts';
import type { ReadResult } from '../store.ts';
import type { Call, Operation } from './call.ts';
import type { Layer, Next } from './layer.ts';
import type { Observer } from './observed-body.ts';
import { observeBody, observeRead } from './observed-body.ts';

/** Name of the tracing channel (`tracing:ferry:store:start`, `…:asyncEnd`, `…:error`); its messages are `StoreTrace`s. */
export const STORE_CHANNEL = 'ferry:store';

/** What a subscriber is told of a call. A read ends when its body begins. */
export interface StoreTrace {
  readonly store: string;
  readonly operation: Operation;
  readonly key: string | undefined;
  readonly bytes: number;
}

/** Counts of one store, or of several that share them. They only grow, but for the waits. */
export interface StoreStats {
  /** Calls made of the store, and how many failed in the end. */
  calls: number;
  failed: number;
  /** Attempts after the first, resumed bodies among them. */
  retries: number;
  /** Attempts the store answered with `throttled` or `unavailable`. */
  slowDowns: number;
  /** Bytes that passed, those of attempts that failed among them. */
  bytesRead: number;
  bytesWritten: number;
  /** Calls that sleep before their next attempt, now. */
  readonly waits: Set<Wait>;
}

/** A call that failed and will be tried again. */
export interface Wait {
  readonly error: FerryError;
  /** Milliseconds in all. */
  readonly delay: number;
  /** Milliseconds until then, from now. */
  readonly left: () => number;
}

export function newStats(): StoreStats {
  return { calls: 0, failed: 0, retries: 0, slowDowns: 0, bytesRead: 0, bytesWritten: 0, waits: new Set() };
}

/** Counts, and tells `STORE_CHANNEL` where somebody listens; else it costs an increment. */
export class Trace implements Layer {
  readonly #store: string;
  readonly #stats: StoreStats;
  readonly #channel = tracingChannel<'store', StoreTrace>(STORE_CHANNEL);
  readonly #written: Observer;
  readonly #wrap: (result: ReadResult) => ReadResult;

  constructor(store: string, stats: StoreStats) {
    const read: Observer = {
      passed(bytes) {
        stats.bytesRead += bytes;
        return undefined;
      },
    };
    this.#store = store;
    this.#stats = stats;
    this.#written = {
      passed(bytes) {
        stats.bytesWritten += bytes;
        return undefined;
      },
    };
    this.#wrap = (result) => observeRead(result, read);
  }

  run<T>(call: Call<T>, next: Next): Promise<T> {
    this.#stats.calls++;
    if (call.body !== undefined) this.#watch(call);
    const outcome = this.#channel.hasSubscribers ? this.#traced(call, next) : next(call);
    return call.operation === 'read' ? outcome.then((result) => call.wrapRead(result, this.#wrap)) : outcome;
  }

  #watch<T>(call: Call<T>): void {
    if (call.body instanceof Uint8Array) this.#stats.bytesWritten += call.body.byteLength;
    else call.body = observeBody(call.body!, this.#written);
  }

  #traced<T>(call: Call<T>, next: Next): Promise<T> {
    const trace: StoreTrace = { store: this.#store, operation: call.operation, key: call.key, bytes: call.bytes };
    return this.#channel.tracePromise(() => next(call), trace);
  }
}
