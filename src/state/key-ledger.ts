/**
 * What is shared about the keys of a bucket that is being moved, in the name of one member. Size: one row for each key
 * that clients changed and each upload they began meanwhile, never one for each object.
 *
 * Intents, claims and the record of a key are checked against each other in one serial order. All calls that write
 * reject with `unavailable` where the lease of the member has run out; nothing is written then.
 */
import type { Key } from '../model/key.ts';

/** An upload in parts that a member began by itself, at one of the sides, to carry an object there. */
export interface CarriedUpload {
  readonly side: 'old' | 'new';
  readonly key: Key;
  readonly uploadId: string;
}

export interface CarriedUploads {
  /** Whoever takes over from a dead member aborts it (`MovingBucket.abandoned`). Survives a kill, not a power cut. */
  beginCarrying(upload: CarriedUpload): Promise<void>;
  /** It was completed or aborted. */
  endCarrying(upload: CarriedUpload): Promise<void>;
}

export interface KeyLedger extends CarriedUploads {
  /** Whether new alone decides about the key. Once true it stays true. Reads the durable truth. */
  isTouched(key: Key): Promise<boolean>;
  /** Those of the keys that are touched. */
  touchedAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>>;
  /** Those of the prefixes that a touched key begins with. */
  touchedBelow(prefixes: readonly string[]): Promise<ReadonlySet<string>>;

  /**
   * Keeps new claims of the key away; resolves once none is held. Several may stand at once. Shared, where a claim is
   * exclusive. An abort while it waits rejects with `interrupted`, and nothing stands.
   */
  intend(key: Key, signal?: AbortSignal): Promise<Intent>;
  /**
   * The exclusive right to bring one side up to the other for this key. Waits while an intent or another claim stands,
   * while a mutation of the key is in flight on old, and while a member is unaccounted for (`InFlightOnOld`). An abort
   * while it waits rejects with `interrupted`, and nothing stands.
   */
  claim(key: Key, signal?: AbortSignal): Promise<Claim>;
  /** The same where it can be had at once, else undefined: for those who have other keys to go on with. */
  tryClaim(key: Key): Promise<Claim | undefined>;

  /** Uploads in parts that were begun on new, durably. Others belong to old. */
  recordUpload(uploadId: string): Promise<void>;
  isNewUpload(uploadId: string): Promise<boolean>;

  /**
   * Before a client's write or delete of the key on new: from now on the key is dirty, that is, old may not have what
   * new has. With write-back it is durable when it resolves, because a write whose answer was lost may be seen by
   * readers and has to be known. Several may stand at once.
   */
  beginWrite(key: Key): Promise<Standing>;
  /** Dirty keys greater than `after` that no write is in flight on, in order, at most `limit`. */
  dirty(after: Key | undefined, limit: number): Promise<readonly DirtyKey[]>;
  /** Those of the keys that are dirty: clients wrote them, so they cannot be compared with old. */
  dirtyAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>>;
  /**
   * Old has what new had when this was listed: clears the mark, unless a write of the key began or ended since, also
   * by lingering out. Tells whether it was cleared.
   */
  settle(dirty: DirtyKey): Promise<boolean>;

  counts(): Promise<LedgerCounts>;
  /**
   * Forgets what is recorded of keys; uploads stay. Rejects with `unavailable` where the phase reads both sides or
   * holds mutations, where a member may still be in such a phase, and where anything stands.
   */
  clear(): Promise<void>;
}

/**
 * Something that stands until it is given back. When the lease of its member has run out it lingers, and so it does
 * when it is given back in doubt.
 */
export interface Standing extends AsyncDisposable {
  /** What was sent to a store in its name may be carried out after it was given back: the answer did not come. */
  inDoubt(): void;
}

export interface Intent extends Standing {
  /** New alone decides about the key from now on: durable when it resolves. */
  touch(): Promise<void>;
}

export interface Claim extends Standing {
  /** As when the claim was given, and since `touch`. */
  readonly touched: boolean;
  /**
   * The upload that was being completed on old when a process died; its object may be there, not yet on new. The client
   * that had no answer may complete it again. Until then write-back leaves the key alone, for old has what is wanted;
   * on the way back, with mutations held, it forgets it and goes on: nobody was told that it is complete.
   */
  readonly completing: string | undefined;
  /** As `Intent.touch`. */
  touch(): Promise<void>;
  /** Sets, or with undefined forgets, `completing`: durable when it resolves. */
  setCompleting(uploadId: string | undefined): Promise<void>;
}

export interface DirtyKey {
  readonly key: Key;
  /** Grows with every write of the key. */
  readonly sequence: number;
  /** When it became dirty, milliseconds since the Unix epoch. */
  readonly since: number;
}

export interface LedgerCounts {
  readonly touched: number;
  readonly dirty: number;
  /** When the key that is dirty for longest became so, milliseconds since the Unix epoch. */
  readonly oldestDirty: number | undefined;
  /** What stands now. */
  readonly intents: number;
  readonly claims: number;
  readonly writes: number;
}
