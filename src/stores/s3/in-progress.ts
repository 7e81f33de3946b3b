/** Uploads in parts that are in progress, by whomever. */
import { isFerryError, FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ListedUpload as ListedOf, StoredPart, UploadInProgress, UploadRef } from '../../store/store.ts';
import { canonicalQuery } from '../../wire/sigv4/encode.ts';
import { parseHasParts, parseParts, parseUploads, type ListedUpload } from './documents.ts';
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
  context: InProgressParts,
  key: Key,
  signal: AbortSignal | undefined,
): Promise<readonly UploadInProgress[]> {
  const full = context.keys.full(key);
  const found: UploadInProgress[] = [];
  let pages = 0;
  for await (const uploads of pagesOfUploads(context, full, undefined, PAGE, signal)) {
    if (++pages > MOST_PAGES)
      throw cannot('list so many uploads that begin with this key', { operation: 'inProgress', key }, context.preset);
    for (const { fullKey, rawKey, ...upload } of uploads) if (fullKey === full || rawKey === full) found.push(upload);
  }
  return found;
}

/** One page or several, up to `limit`. */
export async function listUploads(
  context: InProgressParts,
  prefix: string,
  after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<readonly ListedOf[]> {
  const { keys } = context;
  const found: ListedOf[] = [];
  const from = after && { fullKey: keys.full(after.key), uploadId: after.uploadId };
  for await (const uploads of pagesOfUploads(context, keys.full(prefix), from, limit, signal)) {
    for (const { fullKey, uploadId, begun } of uploads) {
      const key = keys.relative(fullKey);
      // Ceph begins with the key of a marker that has no id.
      if (key === undefined || (after?.uploadId === undefined && key === after?.key)) continue;
      found.push({ key, uploadId, begun });
      if (found.length === limit) return found;
    }
  }
  return found;
}

export async function listParts(
  { requester, keys, objects }: InProgressParts,
  { key, uploadId }: UploadRef,
  after: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<readonly StoredPart[]> {
  const parts: StoredPart[] = [];
  for (let last = after; parts.length < limit;) {
    const query = canonicalQuery([
      ['max-parts', String(Math.min(1000, limit - parts.length))],
      ['part-number-marker', String(last)],
      ['uploadId', uploadId],
    ]);
    const request: S3Request = { method: 'GET', operation: 'parts', key, path: keys.path(key), query, headers: [] };
    const page = await objects.document(request, await requester.send(request, signal), parseParts);
    parts.push(...page.parts);
    const next = page.parts.at(-1)?.number;
    if (!page.truncated || next === undefined || next <= last) break;
    last = next;
  }
  return parts;
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

/** Where a list of uploads goes on: after all of the key where there is no id. */
interface Position {
  readonly fullKey: string;
  readonly uploadId?: string | undefined;
}

async function* pagesOfUploads(
  { requester, preset, objects }: InProgressParts,
  prefix: string,
  after: Position | undefined,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ListedUpload[]> {
  for (let last = after; ;) {
    const query: [string, string][] = [
      ['max-uploads', String(Math.min(1000, size))],
      ['prefix', prefix],
      ['uploads', ''],
    ];
    if (preset.listEncoding) query.push(['encoding-type', 'url']);
    // The last upload itself: what Ceph answers as the next marker is not encoded as its keys are.
    if (last) query.push(['key-marker', last.fullKey]);
    if (last?.uploadId !== undefined) query.push(['upload-id-marker', last.uploadId]);
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
    yield uploads;
    if (!truncated) return;
    const next = uploads.at(-1);
    if (!next || (next.uploadId === last?.uploadId && next.fullKey === last.fullKey))
      throw new FerryError('bad-listing', { operation: 'inProgress', message: 'the list of uploads does not advance' });
    last = next;
  }
}
