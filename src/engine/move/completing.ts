/** The end of an upload in parts, whether or not the answer to it was lost, or nobody was left to hear it. */
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Part, UploadRef, WriteResult } from '../../store/store.ts';
import { contentEqual } from '../content.ts';
import { stillAbsent, type Job, type MoveContext } from './job.ts';

/** An upload with all its parts in place. */
export interface FullUpload {
  readonly ref: UploadRef;
  readonly parts: readonly Part[];
  /** Bytes of the object. */
  readonly size: number;
  /** The ETag the destination will make; undefined where its ETags tell nothing. */
  readonly made: string | undefined;
}

export async function complete(c: MoveContext, job: Job, { ref, parts, size, made }: FullUpload): Promise<WriteResult> {
  const { destination, signal } = c;
  const create = job.create && destination.capabilities.multipart?.completeIfAbsent === true;
  if (!create) await stillAbsent(c, job);
  try {
    return await destination.multipart!.complete(ref, parts, create ? { ifAbsent: true } : undefined, signal);
  } catch (error) {
    if (!isFerryError(error, 'not-found')) throw error;
    // Gone because an earlier answer was lost, or because somebody aborted it.
    const there = await asMade(c, ref.key, size, made);
    if (there) return there;
    await c.uploads.endUpload(ref.key);
    throw new FerryError('changed', { key: ref.key, message: 'the upload was aborted by somebody else', cause: error });
  }
}

/**
 * What an earlier run completed and did not get to record. Only where nothing may be replaced: there, to complete it
 * again would meet our own object.
 */
export async function completedBefore(
  c: MoveContext,
  job: Job,
  { ref, size, made }: FullUpload,
): Promise<WriteResult | undefined> {
  if (!job.create && !c.spec.createOnly) return undefined;
  const there = await asMade(c, ref.key, size, made);
  if (there) await c.destination.multipart!.abort(ref, c.signal);
  return there;
}

/**
 * The object that is there, where it is of these parts: its ETag tells, or its bytes. To read it costs less than to send
 * it all again.
 */
async function asMade(
  c: MoveContext,
  key: string,
  size: number,
  made: string | undefined,
): Promise<WriteResult | undefined> {
  const there = await c.destination.stat(key, c.signal);
  const ours =
    made === undefined ? there?.size === size && (await contentEqual(c, key, c.signal)) : there?.etag === made;
  return there && ours ? { etag: there.etag } : undefined;
}
