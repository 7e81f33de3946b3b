/** Stopping on request. Every method of a Store that is aborted rejects with `interrupted`. */
import { FerryError } from '../model/errors.ts';

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw interrupted(signal);
}

/** The error of a call whose signal was aborted. An abort whose reason is a `FerryError` means just that error. */
export function interrupted(signal: AbortSignal): FerryError {
  const reason: unknown = signal.reason;
  if (reason instanceof FerryError) return reason;
  return new FerryError('interrupted', reason === undefined ? {} : { cause: reason });
}

/** `promise`, or a rejection as soon as `signal` is aborted. What the promise does afterwards is ignored. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(interrupted(signal));
    if (signal.aborted) {
      stop();
      promise.catch(() => undefined);
      return;
    }
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
