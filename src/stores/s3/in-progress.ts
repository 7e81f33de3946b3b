/** Uploads in parts that are in progress, by whomever. */
import { isFerryError, FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { UploadInProgress, UploadRef } from '../../store/store.ts';
import { canonicalQuery } from '../../wire/sigv4/encode.ts';
import { parseHasParts, parseUploads, type ListedUpload } from './documents.ts';
import type { KeySpace } from './keys.ts';
import { cannot, type Objects } from './objects.ts';
import type { Preset } from './providers/preset.ts';
import type { S3Request, S3Requester } from './requests.ts';

/** Uploads asked for at once, and how often: what is in the way of the key is others' in parts whose keys begin so. */
const PAGE = 250;
const MOST_PAGES = 40;

export interface InProgressParts {
  readonly requester: S3Requester;
  readonly keys: KeySpace;
  readonly preset: Preset;
  readonly objects: Objects;
}

/**
 * Those of exactly this key. Other keys that begin with it may come before, in between and behind (Ceph 16 orders by the
 * key and the id together), so every page below the key is read.
 */
export async function uploadsOf(
  { requester, keys, preset, objects }: InProgressParts,
  key: Key,
  signal: AbortSignal | undefined,
): Promise<readonly UploadInProgress[]> {
  const full = keys.full(key);
  const found: UploadInProgress[] = [];
  let last: ListedUpload | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query: [string, string][] = [
      ['max-uploads', String(PAGE)],
      ['prefix', full],
      ['uploads', ''],
    ];
    if (preset.listEncoding) query.push(['encoding-type', 'url']);
    // The last upload itself: what Ceph answers as the next marker is not encoded as its keys are.
    if (last) query.push(['key-marker', last.fullKey], ['upload-id-marker', last.uploadId]);
    const request: S3Request = {
      method: 'GET',
      operation: 'inProgress',
      path: '',
      query: canonicalQuery(query),
      headers: [],
    };
    const response = await requester.send(request, signal);
    const { uploads, truncated } = await objects.document(request, response, (bytes) =>
      parseUploads(bytes, preset.listEncoding),
    );
    for (const { fullKey, rawKey, ...upload } of uploads) {
      if (fullKey === full || rawKey === full) found.push(upload);
    }
    if (!truncated) return found;
    const next = uploads.at(-1);
    if (!next || (next.uploadId === last?.uploadId && next.fullKey === last.fullKey)) {
      throw new FerryError('bad-listing', { operation: 'inProgress', message: 'the list of uploads does not advance' });
    }
    last = next;
  }
  throw cannot('list so many uploads that begin with this key', { operation: 'inProgress', key }, preset);
}

export async function isEmptyUpload(
  { requester, keys, objects }: InProgressParts,
  { key, uploadId }: UploadRef,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const query = canonicalQuery([
    ['max-parts', '1'],
    ['uploadId', uploadId],
  ]);
  const request: S3Request = { method: 'GET', operation: 'isEmpty', key, path: keys.path(key), query, headers: [] };
  try {
    return !(await objects.document(request, await requester.send(request, signal), parseHasParts));
  } catch (error) {
    if (isFerryError(error, 'not-found')) return false;
    throw error;
  }
}
