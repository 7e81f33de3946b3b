/**
 * Uploads in parts of ours, from the moment they are going to be begun to the moment nothing is left of them.
 *
 * What is begun is recorded before: a process killed between the store's answer and the record leaves an upload nobody
 * knows the id of, and one whose answer is lost does, too. `orphans.ts` finds them by what was intended.
 */
import { toFerryError, type ErrorKind } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { NO_UPLOAD, type TaskJournal, type UploadRecord } from '../../state/state-store.ts';
import type { UploadRef, WriteOptions } from '../../store/store.ts';
import { versionName, type MoveContext } from './job.ts';
import { abortOrphans, BEGIN_TAKES, type Marker } from './orphans.ts';

export interface BeginContext extends Pick<MoveContext, 'destination' | 'retries' | 'signal' | 'now'> {
  readonly uploads: Pick<
    TaskJournal,
    'intendUpload' | 'settleUploadIntents' | 'knowsUpload' | 'beginUpload' | 'endUpload'
  >;
}

/** Begins an upload and records it. */
export async function beginRecorded(
  c: BeginContext,
  about: Omit<UploadRecord, 'uploadId' | 'startedAt'>,
  options: WriteOptions,
): Promise<UploadRef> {
  const { key } = about;
  const since = c.now();
  const intent = { key, since, until: since + BEGIN_TAKES };
  await c.uploads.intendUpload(intent);
  const retries = c.retries();
  let uploadId: string;
  try {
    uploadId = await c.destination.multipart!.begin(key, options, c.signal);
  } catch (error) {
    if (c.retries() === retries && isRefusal(error)) await c.uploads.settleUploadIntents(key, since);
    else {
      // Every attempt may have begun one; the next run looks for them.
      const until = Math.max(intent.until, c.now());
      await c.uploads.intendUpload({ ...intent, until });
    }
    throw error;
  }
  const ref = { key, uploadId };
  const again = c.retries() > retries;
  const left = again && !(await dropEarlierAttempts(c, since, { ref, before: since, after: c.now() }));
  await c.uploads.beginUpload({ ...about, uploadId, startedAt: since });
  if (left) await c.uploads.intendUpload({ ...intent, until: c.now() });
  return ref;
}

const REFUSALS: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'absent',
  'denied',
  'unsupported',
  'configuration',
  'full',
]);

/** Whether the store has answered, and begun nothing. */
function isRefusal(thrown: unknown): boolean {
  const { kind, retryable } = toFerryError(thrown);
  return retryable === 'never' && REFUSALS.has(kind);
}

/** Aborts an upload of ours and forgets it. */
export async function discardUpload(
  c: Pick<MoveContext, 'uploads' | 'destination' | 'signal'>,
  key: string,
): Promise<void> {
  await abortUpload(c, key);
  await c.uploads.endUpload(key);
}

/** Records, before an object is made in one piece, that it is not whole without its tags. */
export async function oweTags(c: MoveContext, key: string, meta: ObjectMeta): Promise<void> {
  await abortUpload(c, key);
  await c.uploads.beginUpload({
    key,
    uploadId: NO_UPLOAD,
    partSize: 0,
    size: meta.size,
    sourceVersion: versionName(meta),
    startedAt: c.now(),
    owesTags: true,
  });
}

async function abortUpload(c: Pick<MoveContext, 'uploads' | 'destination' | 'signal'>, key: string): Promise<void> {
  const uploadId = (await c.uploads.upload(key))?.upload.uploadId ?? NO_UPLOAD;
  if (uploadId !== NO_UPLOAD) await c.destination.multipart?.abort({ key, uploadId }, c.signal);
}

/** Attempts whose answers were lost may each have begun an upload. False where that could not be looked into now. */
async function dropEarlierAttempts(c: BeginContext, since: number, marker: Marker): Promise<boolean> {
  try {
    // All of them came before the one that was answered.
    await abortOrphans(c, marker, [{ since, until: marker.before }]);
    return true;
  } catch (thrown) {
    // The object is no worse for it; whoever looks for what is left later tells.
    if (c.signal.aborted) throw toFerryError(thrown);
    return false;
  }
}
