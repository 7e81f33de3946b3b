/** What earlier runs, or failures of this one, left at the destination: uploads in parts that nobody goes on with. */
import { FerryError, toFerryError } from '../model/errors.ts';
import { NO_UPLOAD, type UploadIntent } from '../state/state-store.ts';
import type { JournaledContext } from './engine.ts';
import { settleIntents, type Orphans } from './move/orphans.ts';
import { discardUpload } from './move/uploads.ts';

export type LeftoverContext = Pick<JournaledContext, 'journal' | 'destination' | 'signal' | 'now'>;

export interface Cleaned {
  /** Uploads that were aborted. */
  readonly aborted: number;
  /** What is or may be left, and why. */
  readonly left: readonly FerryError[];
}

/** Aborts every upload in parts that was begun for the task and not completed, recorded or not. */
export async function cleanUploads(c: LeftoverContext): Promise<Cleaned> {
  const recorded = await c.journal.uploads();
  for (const { key } of recorded) await discard(c, key);
  const { aborted, left } = await new Intended(c).settle();
  return { aborted: recorded.filter(({ uploadId }) => uploadId !== NO_UPLOAD).length + aborted, left };
}

/** Aborts those a crash left before they were recorded; what is recorded can be gone on with. */
export async function dropOrphans(c: LeftoverContext): Promise<Cleaned> {
  return await new Intended(c).settle();
}

/** Aborts a recorded upload. */
export async function discard(c: LeftoverContext, key: string): Promise<void> {
  await discardUpload({ uploads: c.journal, destination: c.destination, signal: c.signal }, key);
}

/** Uploads that were intended and never recorded. Tells of each key once. */
export class Intended {
  readonly #c: LeftoverContext;
  /** Keys of which the store does not tell: they are asked about once. */
  readonly #unknown = new Set<string>();
  readonly #doubtful = new Set<string>();

  constructor(context: LeftoverContext) {
    this.#c = context;
  }

  /** Looks for what became of them; mostly there are none, and nothing is asked. */
  async settle(): Promise<Cleaned> {
    const { journal, destination, signal, now } = this.#c;
    const left: FerryError[] = [];
    let aborted = 0;
    for (const [key, intents] of byKey(await journal.uploadIntents())) {
      if (this.#unknown.has(key)) continue;
      try {
        const orphans = await settleIntents({ uploads: journal, destination, signal, now }, key, intents);
        aborted += orphans.aborted;
        if (orphans.doubtful.length === 0 || this.#doubtful.has(key)) continue;
        this.#doubtful.add(key);
        left.push(notOurs(key, orphans));
      } catch (thrown) {
        const error = toFerryError(thrown);
        if (signal.aborted || error.code === 'task-running') throw error;
        this.#unknown.add(key);
        left.push(unknown(key, error));
      }
    }
    return { aborted, left };
  }
}

function byKey(intents: readonly UploadIntent[]): Map<string, UploadIntent[]> {
  const map = new Map<string, UploadIntent[]>();
  for (const intent of intents) map.set(intent.key, [...(map.get(intent.key) ?? []), intent]);
  return map;
}

function notOurs(key: string, { doubtful }: Orphans): FerryError {
  const ids = doubtful.map(({ uploadId, begun }) =>
    begun === undefined ? uploadId : `${uploadId} of ${new Date(begun).toISOString()}`,
  );
  return new FerryError('already-exists', {
    key,
    message: `an empty upload of ${JSON.stringify(key)} is in progress that may be Ferry's or somebody else's, and was left (${ids.join(', ')})`,
    remedy: 'Abort it at the destination if nobody else uploads this key. An empty upload takes no room.',
  });
}

function unknown(key: string, cause: FerryError): FerryError {
  return new FerryError(cause.code, {
    key,
    cause,
    message: `whether a crash left an empty upload of ${JSON.stringify(key)} could not be found out: ${cause.message}`,
    remedy:
      'The key needs the rights to list uploads and parts (s3:ListBucketMultipartUploads, s3:ListMultipartUploadParts). An empty upload takes no room; the next run, or `ferry delete`, looks again.',
  });
}
