/**
 * What the processes of one machine (gateways, the copy, write-back, the controller) share about a bucket that is being
 * moved. One contract, one suite (`test/conformance/moving-suite.ts`).
 *
 * Time is a monotonic clock that all members share (CLOCK_MONOTONIC on one machine). A member is live until its lease
 * runs out, and *lingers* after that for as long as a request of it may still be on its way to a store: what is held or
 * in flight in its name stands until the end of that. `linger` has to be longer than a store waits for the rest of a
 * request whose sender fell silent (Ceph: 65 s).
 */
import type { Key } from '../model/key.ts';
import type { MigrationPhase } from '../model/migration-phase.ts';
import type { CarriedUpload, KeyLedger, LedgerCounts } from './key-ledger.ts';
import type { NoticeBook } from './notice-book.ts';

/** The buckets that are being moved, or have been. */
export interface MovingBook extends AsyncDisposable {
  /** In order of name. */
  names(): Promise<readonly string[]>;
  /** The bucket of this name; one that was not known is `created` now. All processes give it the same options. */
  bucket(name: string, options: MovingBucketOptions): Promise<MovingBucket>;
}

export interface MovingBucketOptions {
  /** That a key is dirty survives a power cut (`KeyLedger.beginWrite`). */
  readonly writeBack: boolean;
  /** Milliseconds what a dead member held stands after its lease. */
  readonly linger: number;
}

export interface MovingBucket {
  /** What the old side told of changes to its objects. */
  readonly notices: NoticeBook;
  record(): Promise<SwitchRecord>;
  /**
   * Goes from the phase at `epoch` to another; durable when it resolves. Rejects
   * - with `changed` where the epoch is not `epoch` any more,
   * - with `configuration` where the phase may not follow (`NEXT_PHASES`),
   * - with `unavailable` where it is too early: a live member has not acknowledged `epoch`; to `switching`, the ledger
   *   holds records of an earlier round; to `returning`, a key is dirty, or a claim, an intent or a write stands; to
   *   `rolled-back`, likewise; to `finalised`, a claim stands.
   */
  change(epoch: number, to: MigrationPhase): Promise<SwitchRecord>;
  /** Members that are live or linger, in the order they joined. */
  members(): Promise<readonly MemberRecord[]>;
  /** Mutations in flight on old: the write monitor. In the order they were published. */
  inFlightOnOld(): Promise<InFlightOnOld>;
  /** Uploads begun by members that neither live nor linger any more, and not ended; at most `limit`. */
  abandoned(limit: number): Promise<readonly CarriedUpload[]>;
  /** One of those was aborted. */
  forgetAbandoned(upload: CarriedUpload): Promise<void>;
  /** Of the keys, for people who are no member. */
  counts(): Promise<LedgerCounts>;
  /** What whoever conducts the move wrote down (JSON): what was measured, counted, found. Durable. */
  fact(name: string): Promise<unknown>;
  /** undefined forgets it. */
  setFact(name: string, value: unknown): Promise<void>;
  /** A new member, which has acknowledged the record as it is now. `name` is for people. */
  join(name: string): Promise<Member>;
}

/** Durable. */
export interface SwitchRecord {
  /** Grows with each change. */
  readonly epoch: number;
  readonly phase: MigrationPhase;
  /** When it came into this phase, milliseconds since the Unix epoch. */
  readonly since: number;
}

export interface MemberRecord {
  readonly id: string;
  readonly name: string;
  /** Epoch it serves under. */
  readonly acknowledged: number;
  /** Its lease has not run out. */
  readonly live: boolean;
}

export interface InFlightOnOld {
  readonly known: readonly OldMutation[];
  /**
   * Members that are not known to have stopped sending mutations to old: what they may have in flight concerns any key.
   * A live one before it acknowledged the hold, a dead one that never did while it lingers.
   */
  readonly unaccounted: number;
}

export interface OldMutation {
  /** Of the request; unique within the member. */
  readonly id: string;
  readonly key: Key;
  /** As in the Store contract: `write`, `remove`… */
  readonly operation: string;
  /** When it began, milliseconds since the Unix epoch; for people. */
  readonly started: number;
}

/**
 * One process's part in the move of a bucket, under a lease. To dispose of it says that nothing is in flight in its
 * name any more, but for what was said to be in doubt; what is not given back by then is in doubt, too.
 */
export interface Member extends AsyncDisposable {
  readonly id: string;
  /** The keys, in the name of this member. */
  readonly keys: KeyLedger;
  /** Aborts, with `unavailable` as its reason, when the lease has run out. Whoever relies on it stops. */
  readonly lost: AbortSignal;
  /**
   * Whether the lease stands now, by this process's own look at the clock; counted from before the last renewal was
   * asked for. After a stop of the process it is false before `lost` aborts.
   */
  isLive(): boolean;
  /**
   * Whether this member is the one that conducts the move; it is from now on where no live member does, until it leaves or
   * its lease runs out. Rejects with `unavailable` once that has happened.
   */
  conduct(): Promise<boolean>;
  /** Another term, and the record as it is now. Rejects with `unavailable` once the lease has run out: join anew. */
  renew(): Promise<SwitchRecord>;
  /**
   * From now on this member serves under `epoch`. `inFlight`: mutations it has begun on old and not ended, where the
   * phase sends none there any more; they stand until `ended`. In phases that send mutations to old none are
   * published: nobody asks, because no claim is given while a member is unaccounted for. Rejects with `changed` where
   * the record has another epoch by now, with `unavailable` where the lease has run out.
   */
  acknowledge(epoch: number, inFlight: readonly OldMutation[]): Promise<void>;
  /** A published mutation has ended; `inDoubt`: old may still carry it out, and it lingers. One not published is ignored. */
  ended(mutation: string, inDoubt: boolean): Promise<void>;
}
