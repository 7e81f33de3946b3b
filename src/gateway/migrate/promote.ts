import { isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { KeyLedger } from './ledger.ts';

/** Copies one object from old to new, never replacing: `already-exists` is a client's win, no object is none. */
export type CopyOne = (key: Key, signal: AbortSignal) => Promise<void>;

/**
 * Makes new hold what old has of the key, unless new alone decides about it: then, and afterwards, what is done on new
 * is done on the present object.
 */
export async function promote(ledger: KeyLedger, copy: CopyOne, key: Key, signal?: AbortSignal): Promise<void> {
  await using claim = await ledger.claim(key, signal);
  if (claim === undefined) return;
  await copyClaimed(copy, key, signal === undefined ? claim.lost : AbortSignal.any([signal, claim.lost]));
}

/** The copy of whoever holds the claim. */
export async function copyClaimed(copy: CopyOne, key: Key, signal: AbortSignal): Promise<void> {
  try {
    await copy(key, signal);
  } catch (thrown) {
    if (!isFerryError(thrown, 'already-exists') && !isFerryError(thrown, 'not-found')) throw thrown;
  }
}
