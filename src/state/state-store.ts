/**
 * The durable truth about tasks. One contract, one suite (`test/conformance/state-suite.ts`); SQLite implements it for
 * one machine, PostgreSQL will for many. Nothing above knows which.
 *
 * Every method that writes has written durably when it resolves. Size: O(tasks + ranges + failures + unfinished
 * uploads); never a row per object.
 */
import type { BucketBook } from './bucket-book.ts';
import type { MirrorBook } from './mirror-book.ts';
import type { QueueBook, QueueState } from './queue-book.ts';

export interface StateStore extends AsyncDisposable {
  /**
   * Creates the task, or returns the one of this name with the new `file`. Rejects with `task-mismatch` where that has
   * another identity. Names: 1 to 128 of `A-Z a-z 0-9 . _ -`; others reject with `configuration`.
   */
  createTask(task: NewTask): Promise<TaskRecord>;
  getTask(name: string): Promise<TaskRecord | undefined>;
  /** In name order. */
  listTasks(): Promise<readonly TaskRecord[]>;
  /**
   * Removes the task and everything of it; needs its lease, so that no running task is removed. False where its queue
   * state is none of `from`: it stays, and the lease as well.
   */
  deleteTask(lease: TaskLease, from?: readonly QueueState[]): Promise<boolean>;

  /**
   * Exclusive right to work on a task; rejects with `task-running` (naming holder and since when) while another holds
   * it, with `task-not-found` where there is no such task. A holder that died, however, loses it at once on the same
   * machine.
   */
  lease(name: string, holder: string): Promise<TaskLease>;

  /** A view of one task for its lease holder. Every write is refused (`task-running`) once the lease is lost. */
  journal(lease: TaskLease): Promise<TaskJournal>;

  /**
   * Failures of a task in key order after `after`, for reading without a lease. At most `limit` of them: 1,000 where
   * absent, 10,000 where more are asked for. Rejects with `task-not-found`.
   */
  failures(name: string, options?: FailurePage): Promise<readonly FailureRecord[]>;
  /** Those of these keys, at most 1,000 of them. Rejects with `task-not-found`. */
  failuresOf(name: string, keys: readonly string[]): Promise<readonly FailureRecord[]>;
  /** The same by cause, most frequent first. */
  failureGroups(name: string): Promise<readonly FailureGroup[]>;
  /** As `TaskJournal.doubted`, for reading without a lease. Rejects with `task-not-found`. */
  doubted(name: string, options?: { from?: string; limit?: number }): Promise<readonly string[]>;
  /** As `TaskJournal.uploads`, for reading without a lease. Rejects with `task-not-found`. */
  uploads(name: string): Promise<readonly UploadRecord[]>;
  /**
   * Where the pass under way is, for reading without a lease: its ranges that are not done, in key order, at most
   * `limit`; none where no pass is. Rejects with `task-not-found`.
   */
  openRanges(name: string, limit: number): Promise<OpenRanges>;
  /** As `TaskJournal.getFact`, for reading without a lease. Rejects with `task-not-found`. */
  getFact(task: string, name: string): Promise<unknown>;

  /** What is to be done with tasks. */
  readonly queue: QueueBook;
  /** What the gateway keeps. */
  readonly buckets: BucketBook;
  readonly mirrors: MirrorBook;
}

export interface FailurePage {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  /** Only those with this code. */
  readonly code?: string | undefined;
}

export interface NewTask {
  readonly name: string;
  /** The task file without its secrets: references stand in their place. */
  readonly file: string;
  /** Identity of source, destination and type; a name is never reused for another. */
  readonly identity: string;
  readonly createdAt: number;
}

export type TaskState = 'created' | 'running' | 'interrupted' | 'finished' | 'failed';

export interface TaskRecord extends NewTask {
  /** `running` only while its holder lives; one that was killed leaves it `interrupted`. */
  readonly state: TaskState;
  /** Passes finished so far. */
  readonly passes: number;
  /**
   * When the last pass began that dealt with every key: what changed at the source since then is not known to be copied,
   * nor is what is `doubted`.
   */
  readonly baseline?: number | undefined;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly counters: Counters;
  /** Why it ended, where it failed: an error code and message. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  /** Who works on it now, where somebody does. */
  readonly holder?: string | undefined;
}

/** Of the current or last pass. Objects and bytes. */
export interface Counters {
  readonly listed: number;
  readonly listedBytes: number;
  readonly destinationListed: number;
  readonly compared: number;
  readonly copied: number;
  readonly copiedBytes: number;
  readonly skipped: number;
  readonly skippedBytes: number;
  readonly deleted: number;
  readonly failed: number;
  /** Left out by filters. */
  readonly filtered: number;
  /** No objects: links, sockets, pipes, devices. */
  readonly irregular: number;
  readonly retried: number;
}

/** Before anything was done. */
export const NO_COUNTERS: Counters = {
  listed: 0,
  listedBytes: 0,
  destinationListed: 0,
  compared: 0,
  copied: 0,
  copiedBytes: 0,
  skipped: 0,
  skippedBytes: 0,
  deleted: 0,
  failed: 0,
  filtered: 0,
  irregular: 0,
  retried: 0,
};

export interface TaskLease extends AsyncDisposable {
  readonly name: string;
  /** Grows with every lease of the task: a fencing token. */
  readonly token: number;
  /** Aborts when the lease is lost. */
  readonly lost: AbortSignal;
}

/** One worker's durable view of its task. */
export interface TaskJournal {
  /** As it is now, with what this journal has written. */
  readonly task: TaskRecord;

  /**
   * Starts a pass: counters at zero, the ranges given, failures of earlier passes forgotten but `doubted`. A pass that
   * was under way is given up; its unfinished uploads stay. Ranges may leave gaps but not overlap (`internal`).
   */
  beginPass(ranges: readonly RangeRecord[], startedAt: number): Promise<void>;
  /** Ranges of the pass under way in key order, finished neighbours merged; empty where none is. */
  ranges(): Promise<readonly RangeRecord[]>;
  /**
   * Writes what changed since the last call in one transaction. The only call on the hot path; once a second. Sets the
   * task `running` while a pass is under way; retrying the failures of one that is over leaves its state. Refused
   * (`internal`, nothing written) where the ranges would no longer cover exactly the keys the pass began with: a range
   * may move on, be done, or be cut in several given together.
   */
  checkpoint(change: Checkpoint): Promise<void>;
  /**
   * The pass is over, its ranges are forgotten. `finished` counts it; after a pass that is over already it says that
   * nothing is failed any more, and counts nothing. Where the pass dealt with every key (`finished`, or `failed` with all
   * ranges done) `baseline` moves to its beginning, and of `doubted` only its own failures are left.
   */
  endPass(state: 'finished' | 'failed', endedAt: number, error?: { code: string; message: string }): Promise<void>;
  /** The process stops before the end; ranges and uploads stay for the next. */
  interrupt(state: 'interrupted' | 'failed', endedAt: number, error?: { code: string; message: string }): Promise<void>;

  failures(options?: { after?: string; limit?: number }): Promise<readonly FailureRecord[]>;
  /** Forgets failures whose keys the pass under way will meet again; they are `doubted`. */
  withdraw(keys: readonly string[]): Promise<void>;
  /**
   * Keys that `baseline` does not vouch for, in key order from `from` on: what is recorded as failed, and what failed
   * since the last pass began that dealt with every key, or in it. At most `limit`, as of `failures`.
   */
  doubted(options?: { from?: string; limit?: number }): Promise<readonly string[]>;

  /** Uploads in parts that were begun and not completed, of any earlier run. */
  uploads(): Promise<readonly UploadRecord[]>;
  upload(key: string): Promise<{ upload: UploadRecord; parts: readonly PartRecord[] } | undefined>;
  /**
   * Says that an upload of the key is about to be begun. Durable when resolved; calls of one turn of the event loop share
   * a transaction. The same `since` again replaces `until`.
   */
  intendUpload(intent: UploadIntent): Promise<void>;
  /** Intents of any run whose uploads were never recorded, by key and time. */
  uploadIntents(): Promise<readonly UploadIntent[]>;
  /** What came of every intent of the key is known, or of the one of `since`. */
  settleUploadIntents(key: string, since?: number): Promise<void>;
  /** Whether a task here, any of them, has recorded the upload of this id. */
  knowsUpload(uploadId: string): Promise<boolean>;
  /**
   * Replaces an upload of the same key, whose parts are forgotten: abort it at the store before. The intent whose `since`
   * is its `startedAt` is met.
   */
  beginUpload(upload: UploadRecord): Promise<void>;
  /**
   * Durable when resolved; calls of one turn of the event loop share a transaction. The same number again replaces the
   * part. Rejects with `internal` where no upload of the key is under way.
   */
  recordPart(key: string, part: PartRecord): Promise<void>;
  endUpload(key: string): Promise<void>;

  /** Small facts (JSON) kept for the task (measured capabilities, learnt part sizes); a few dozen. */
  getFact(name: string): Promise<unknown>;
  setFact(name: string, value: unknown): Promise<void>;
}

export interface RangeRecord {
  /** Source keys greater than `after`, up to and including `through`; null means unbounded. */
  readonly after: string | null;
  readonly through: string | null;
  /** Every key up to this one is dealt with; null where none is. Of a range that is done it is `through`. */
  readonly position: string | null;
  readonly done: boolean;
}

export interface OpenRanges {
  readonly ranges: readonly RangeRecord[];
  /** All of them. */
  readonly count: number;
}

export interface Checkpoint {
  /** Ranges by their `after`; one that is new is cut from another. What was done before stays done. */
  readonly ranges: readonly RangeRecord[];
  readonly counters: Counters;
  readonly failed: readonly FailureRecord[];
  /** Keys whose earlier failure is repaired. */
  readonly resolved: readonly string[];
}

export interface FailureRecord {
  /** Source key. */
  readonly key: string;
  readonly operation: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly size?: number | undefined;
  readonly at: number;
  readonly attempts: number;
}

export interface FailureGroup {
  readonly code: string;
  readonly count: number;
  /** A few of them as they were recorded, in key order; at least one. */
  readonly examples: readonly Pick<FailureRecord, 'key' | 'message' | 'remedy'>[];
}

/** In place of an upload's id: the object is made in one piece, and only its tags come afterwards. */
export const NO_UPLOAD = '';

/** An upload in parts, or another object that is not whole yet. */
export interface UploadRecord {
  readonly key: string;
  /** As the store calls it; never empty but for `NO_UPLOAD`. */
  readonly uploadId: string;
  readonly partSize: number;
  readonly size: number;
  /** ETag, or size and time, of the source version the parts are of. */
  readonly sourceVersion: string;
  readonly startedAt: number;
  /** Completed is not enough: the object has to be given its tags afterwards. */
  readonly owesTags: boolean;
}

/** An upload that was going to be begun. */
export interface UploadIntent {
  readonly key: string;
  /** When; milliseconds of this machine's clock. */
  readonly since: number;
  /** Past this moment nobody was trying any more. */
  readonly until: number;
}

export interface PartRecord {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
  readonly checksums?: Readonly<Record<string, string>> | undefined;
}
