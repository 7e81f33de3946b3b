import { FerryError, type ErrorCode } from '../../model/errors.ts';
import type { Call, Operation } from './call.ts';
import type { Layer, Next } from './layer.ts';
import type { StoreStats } from './trace.ts';

/** Whoever wants to know how stores do: told when one is opened. */
export interface StoreWatch {
  opened(store: string, stats: StoreStats): StoreObserver;
}

/** Told of every call as the caller sees it, retries included in its time. A read ends when its body begins. */
export interface StoreObserver {
  began(): void;
  /** `code` of the error, undefined where it succeeded. */
  ended(operation: Operation, milliseconds: number, code: ErrorCode | undefined): void;
  closed(): void;
}

/** Tells a `StoreObserver`; there is no such layer where nobody wants to know. */
export class Measure implements Layer {
  readonly #observer: StoreObserver;

  constructor(observer: StoreObserver) {
    this.#observer = observer;
  }

  async run<T>(call: Call<T>, next: Next): Promise<T> {
    const began = performance.now();
    this.#observer.began();
    try {
      const result = await next(call);
      this.#observer.ended(call.operation, performance.now() - began, undefined);
      return result;
    } catch (thrown) {
      const code = thrown instanceof FerryError ? thrown.code : 'internal';
      this.#observer.ended(call.operation, performance.now() - began, code);
      throw thrown;
    }
  }

  close(): void {
    this.#observer.closed();
  }
}
