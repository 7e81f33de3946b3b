import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';

/** What is to know where the outcome of a request to a store is not. */
export interface Doubtful {
  inDoubt(): void;
}

/**
 * A request that changes something at a store. Where it fails and the store did not plainly refuse it, the store may
 * have carried it out, or may do so yet: all who account for it are told.
 */
export async function accounted<T>(request: Promise<T>, ...accounts: readonly (Doubtful | undefined)[]): Promise<T> {
  try {
    return await request;
  } catch (thrown) {
    if (!isRefusal(thrown)) for (const account of accounts) account?.inDoubt();
    throw thrown;
  }
}

/** The store said no, and nothing was changed. One that said no after other attempts failed may have done it in those. */
export function isRefusal(thrown: unknown): boolean {
  if (!isFerryError(thrown) || thrown.retryable === 'exhausted' || mayHaveCompleted(thrown)) return false;
  return ['absent', 'conflict', 'denied', 'unsupported', 'configuration', 'full'].includes(thrown.kind);
}

/** The upload is gone, which was asked because its completion got no answer: it may have been made. */
export function mayHaveCompleted(thrown: unknown): boolean {
  return isFerryError(thrown, 'not-found') && isFerryError(thrown.cause, 'unavailable');
}

/** The answer where something was done and it is not certain that it counts: nobody knows. */
export function unknownOutcome(key: Key): FerryError {
  return new FerryError('unavailable', { key, message: 'whether the change was made is not known; make it again' });
}

/**
 * A side that is not there as a whole says nothing of the bucket clients see: never a 404 that nobody confirmed.
 */
export async function failClosed<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    if (!isFerryError(thrown, 'no-such-bucket') && !isFerryError(thrown, 'no-such-directory')) throw thrown;
    throw new FerryError('unavailable', {
      message: `one side of the move is not there: ${thrown.message}`,
      cause: thrown,
    });
  }
}
