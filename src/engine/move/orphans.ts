/**
 * Uploads that were begun for a task and never recorded: the process was killed, or the answer lost, in between.
 *
 * Nothing in S3 says whose an upload is, so one is taken for ours only if all of this holds (decision 0008):
 * - it is of exactly a key we were going to begin an upload of;
 * - it was begun within the time we were at it, by the clock of the store. That clock is read off a marker: an upload
 *   that is certainly ours, because we have its id;
 * - who began it is who began the marker, as far as the store tells;
 * - it is empty: we put no part before the upload is recorded;
 * - no task here has recorded it.
 */
import { FerryError } from '../../model/errors.ts';
import type { TaskJournal, UploadIntent } from '../../state/state-store.ts';
import type { Multipart, Store, UploadInProgress, UploadRef } from '../../store/store.ts';

/** So long, in milliseconds, after it was intended an upload is believed to have been begun. */
export const BEGIN_TAKES = 60_000;
/** Stores tell whole seconds, some of them rounded up (Swift, measured). */
const GRAIN = 2_000;

export interface OrphanContext {
  readonly uploads: Pick<TaskJournal, 'intendUpload' | 'settleUploadIntents' | 'knowsUpload'>;
  readonly destination: Store;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** An upload that is ours, and between which moments of our clock it was begun. */
export interface Marker {
  readonly ref: UploadRef;
  readonly before: number;
  readonly after: number;
}

export type Window = Pick<UploadIntent, 'since' | 'until'>;

export interface Orphans {
  readonly aborted: number;
  /** Empty uploads of the key by the same hand that are not certainly ours; they are left alone. */
  readonly doubtful: readonly UploadInProgress[];
}

/**
 * Aborts what earlier runs left of uploads they intended for the key, and forgets the intents whose time is over. Mostly
 * one request; a few more where something is left. Rejects where the store does not tell; the intents then stay.
 */
export async function settleIntents(c: OrphanContext, key: string, intents: readonly Window[]): Promise<Orphans> {
  const { multipart } = c.destination;
  if (!multipart?.inProgress || !multipart.isEmpty) {
    throw new FerryError('unsupported', { key, message: 'the store does not tell which uploads are in progress' });
  }
  let orphans: Orphans = { aborted: 0, doubtful: [] };
  const began = c.now();
  if ((await unrecorded(c, key)).length > 0) {
    const before = c.now();
    // The marker may be left behind, too.
    await c.uploads.intendUpload({ key, since: before, until: before + BEGIN_TAKES });
    const ref = { key, uploadId: await multipart.begin(key, undefined, c.signal) };
    try {
      orphans = await abortOrphans(c, { ref, before, after: c.now() }, intents);
    } finally {
      await multipart.abort(ref, c.signal);
    }
    await c.uploads.settleUploadIntents(key, before);
  }
  // What was on its way when a process was killed may still arrive: an intent is looked after until its time is over.
  for (const { since, until } of intents) if (until <= began) await c.uploads.settleUploadIntents(key, since);
  return orphans;
}

/** The same with a marker at hand. */
export async function abortOrphans(c: OrphanContext, marker: Marker, windows: readonly Window[]): Promise<Orphans> {
  const multipart: Multipart = c.destination.multipart!;
  const { key } = marker.ref;
  const all = await unrecorded(c, key);
  const mark = all.find(({ uploadId }) => uploadId === marker.ref.uploadId);
  if (mark === undefined) {
    throw new FerryError('unsupported', { key, message: 'the store does not list an upload that was just begun' });
  }
  const doubtful: UploadInProgress[] = [];
  let aborted = 0;
  for (const upload of all) {
    if (upload === mark || upload.by !== mark.by) continue;
    const ref = { key, uploadId: upload.uploadId };
    if (!(await multipart.isEmpty!(ref, c.signal))) continue;
    if (windows.some((window) => isWithin(window, upload, mark, marker))) {
      await multipart.abort(ref, c.signal);
      aborted++;
    } else doubtful.push(upload);
  }
  return { aborted, doubtful };
}

async function unrecorded(c: OrphanContext, key: string): Promise<readonly UploadInProgress[]> {
  const found: UploadInProgress[] = [];
  for (const upload of await c.destination.multipart!.inProgress!(key, c.signal)) {
    if (!(await c.uploads.knowsUpload(upload.uploadId))) found.push(upload);
  }
  return found;
}

/** Whether it was begun in the window; what the store's clock shows is less sure than ours by how long the marker took. */
function isWithin(window: Window, upload: UploadInProgress, mark: UploadInProgress, marker: Marker): boolean {
  if (upload.begun === undefined || mark.begun === undefined) return false;
  const earliest = window.since + mark.begun - marker.after - GRAIN;
  const latest = window.until + mark.begun - marker.before + GRAIN;
  return upload.begun >= earliest && upload.begun <= latest;
}
