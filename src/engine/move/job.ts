/** What every way of moving an object needs. */
import type { TaskSpec } from '../../model/task.ts';
import type { ObjectEntry, ObjectMeta } from '../../model/object.ts';
import type { TaskJournal } from '../../state/state-store.ts';
import type { ReadOptions, ReadResult, Store } from '../../store/store.ts';
import { FerryError } from '../../model/errors.ts';
import type { Entrance } from '../pace/gate.ts';
import type { Hashing } from './hashing.ts';
import type { LossKind } from './metadata.ts';

export interface MoveContext {
  readonly spec: TaskSpec;
  readonly source: Store;
  readonly destination: Store;
  /** Where unfinished uploads are kept. */
  readonly uploads: Pick<
    TaskJournal,
    | 'upload'
    | 'intendUpload'
    | 'uploadIntents'
    | 'settleUploadIntents'
    | 'knowsUpload'
    | 'beginUpload'
    | 'recordPart'
    | 'endUpload'
    | 'getFact'
    | 'setFact'
  >;
  /** How often a call of the destination was made again so far; only grows. */
  readonly retries: () => number;
  /** Slots for parts, one each. Who moves a whole object holds one while it moves, and asks for none here. */
  readonly gate: Entrance;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly tmpdir: () => string;
  readonly hashing: Hashing;
  readonly onBytes: (bytes: number) => void;
  readonly custody?: Custody | undefined;
}

/**
 * Lets `work` move an object while nobody else does, or resolves with undefined where it is not to be moved any more.
 * For buckets that clients use meanwhile: whatever they wrote stays, and is no failure.
 */
export type Custody = <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T | undefined>;

/** One object to move. */
export interface Job {
  readonly entry: ObjectEntry;
  /** The destination was seen not to have it: it is created, never replaced. */
  readonly create: boolean;
  /** Counts from 1: how often the object was begun. */
  readonly attempt: number;
  /** Carried from attempt to attempt: what the bytes would be called that an earlier one read and hashed. */
  readonly doubts: { composite?: string | undefined };
  /** Told while a large object moves. */
  readonly onProgress?: ((done: number, parts?: { total: number; done: number }) => void) | undefined;
}

export interface Moved {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly losses: readonly LossKind[];
  /** How the copy is known to be right. */
  readonly method: 'etag' | 'checksum' | 'md5-read' | 'size';
}

/**
 * For writes that cannot demand that the key is free: where nothing may be replaced, looks right before. Rejects with
 * `already-exists`.
 */
export async function stillAbsent(c: MoveContext, job: Job): Promise<void> {
  if (!c.spec.createOnly) return;
  if (await c.destination.stat(job.entry.key, c.signal)) {
    throw new FerryError('already-exists', { key: job.entry.key, store: c.destination.info.name, operation: 'write' });
  }
}

/** A read of exactly the version `meta` describes; another version rejects with `changed`. */
export async function readVersion(
  store: Store,
  key: string,
  meta: ObjectMeta,
  range: ReadOptions,
  signal: AbortSignal,
): Promise<ReadResult> {
  const guarded = store.capabilities.readIfMatch && meta.etag !== undefined;
  const result = await store.read(key, guarded ? { ...range, ifMatch: meta.etag } : range, signal);
  if (!sameVersion(result.meta, meta)) {
    result.body.cancel();
    throw new FerryError('changed', { key, store: store.info.name, operation: 'read' });
  }
  return result;
}

export function sameVersion(a: ObjectMeta, b: ObjectMeta): boolean {
  if (a.etag !== undefined && b.etag !== undefined) return a.etag === b.etag && a.size === b.size;
  return a.size === b.size && a.modified === b.modified;
}

/** Names one version of an object across restarts. */
export function versionName(meta: ObjectMeta): string {
  return `${meta.etag ?? ''}/${meta.size}/${meta.etag === undefined ? (meta.modified ?? '') : ''}`;
}
