/**
 * What all gateways share about the keys of one bucket that is being moved. One contract and one conformance suite;
 * embedded, it is SQLite shared by the processes of one machine, in a cluster PostgreSQL.
 *
 * Claims and intents of one key are checked against each other in one serial order: a claim is never given while an
 * intent stands, another claim is held, or a mutation of the key is in flight on the old side. Size: one row for each
 * key that clients deleted or that an early upload completed, never one for each object.
 */
import type { Key } from '../../model/key.ts';

export interface KeyLedger {
  /** Whether new alone decides about the key. Once true it stays true. Reads the durable truth. */
  isTouched(key: Key): Promise<boolean>;
  /** Those of the keys that are touched. */
  touchedAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>>;
  /** New alone decides about the key from now on: durable when it resolves. */
  touch(key: Key): Promise<void>;
  /** Keeps new claims of the key away; resolves once none is held. Several may stand at once. */
  intend(key: Key, signal?: AbortSignal): Promise<Standing>;
  /** The exclusive right to copy the key from old to new; undefined where it is touched. Waits for whoever has it. */
  claim(key: Key, signal?: AbortSignal): Promise<Claim | undefined>;
  /** The old side does not have what clients wrote to new under this key: durable when it resolves. */
  markDirty(key: Key): Promise<void>;
  /** Uploads in parts that were begun on new. Others belong to old. */
  recordUpload(uploadId: string): Promise<void>;
  isNewUpload(uploadId: string): Promise<boolean>;
}

/** Something that stands until it is given back. */
export interface Standing extends AsyncDisposable {
  /** Aborts when it can no longer be relied on: whatever is under way in its name has to end. */
  readonly lost: AbortSignal;
}

export interface Claim extends Standing {
  /** As `KeyLedger.touch`, while nobody else can claim. */
  touch(): Promise<void>;
}
