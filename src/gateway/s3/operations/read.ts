import { isFerryError } from '../../../model/errors.ts';
import type { ObjectMeta } from '../../../model/object.ts';
import type { ReadOptions, ReadResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { bareETag } from '../../../wire/etag.ts';
import { httpDate, parseHttpDate } from '../../../wire/http-date.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import { xml } from '../answer.ts';
import type { ObjectCall } from '../call.ts';
import { checkConditions, readConditions } from '../conditions.ts';
import { S3Error } from '../error.ts';
import { objectHeaders, storedChecksumHeaders } from '../metadata.ts';
import { readOptionsOf, readRange, type WantedRange } from '../range.ts';

export async function getObject(call: ObjectCall): Promise<HttpAnswer> {
  refuseParts(call);
  const { headers } = call.request.http;
  const conditions = readConditions(headers);
  const ifRange = headers.get('if-range');
  let range = readRange(headers.get('range'));
  let known: ObjectMeta | undefined;
  // What decides before a byte is read has to be known before.
  if (conditions !== undefined || (range !== undefined && (ifRange !== undefined || 'last' in range))) {
    known = await statOrThrow(call);
    if (conditions !== undefined) checkConditions(conditions, known, cachedHeaders(known));
    if (!mayRange(ifRange, known)) range = undefined;
    else if (range !== undefined && 'last' in range) range = lastBytes(range.last, known.size);
  }
  const { meta, body } = await open(call, readOptionsOf(range), known);
  const told = toldOf(call, meta);
  const { size } = body;
  if (size === undefined) return { status: 200, headers: told, body };
  const sized = { size, open: () => body };
  if (range === undefined) return { status: 200, headers: told, body: sized };
  if (size === 0) {
    body.cancel();
    throw notSatisfiable(meta.size);
  }
  const from = 'from' in range ? range.from : 0;
  told.push('Content-Range', `bytes ${from}-${from + size - 1}/${meta.size}`);
  return { status: 206, headers: told, body: sized };
}

/** Opens the version that was looked at, if any was. */
async function open(call: ObjectCall, wanted: ReadOptions, known: ObjectMeta | undefined): Promise<ReadResult> {
  const { store } = call.bucket;
  const ifMatch = store.capabilities.readIfMatch ? known?.etag : undefined;
  try {
    return await store.read(call.key, { ...wanted, ifMatch }, call.request.http.signal());
  } catch (thrown) {
    if (wanted.offset !== undefined && isFerryError(thrown, 'wrong-length') && thrown.retryable === 'never')
      throw notSatisfiable((await statOrThrow(call)).size);
    throw thrown;
  }
}

function lastBytes(count: number, size: number): WantedRange {
  if (count === 0 || size === 0) throw notSatisfiable(size);
  return { from: Math.max(0, size - count), through: size - 1 };
}

export async function headObject(call: ObjectCall): Promise<HttpAnswer> {
  refuseParts(call);
  const { headers } = call.request.http;
  const meta = await statOrThrow(call);
  const conditions = readConditions(headers);
  if (conditions !== undefined) checkConditions(conditions, meta, cachedHeaders(meta));
  const told = toldOf(call, meta);
  const range = readRange(headers.get('range'));
  if (range === undefined || !mayRange(headers.get('if-range'), meta))
    return { status: 200, headers: told, length: meta.size };
  const from = 'last' in range ? Math.max(0, meta.size - range.last) : range.from;
  const through = Math.min('last' in range ? meta.size - 1 : (range.through ?? meta.size - 1), meta.size - 1);
  if (from > through) throw notSatisfiable(meta.size);
  told.push('Content-Range', `bytes ${from}-${through}/${meta.size}`);
  return { status: 206, headers: told, length: through - from + 1 };
}

export async function getAttributes(call: ObjectCall): Promise<HttpAnswer> {
  const wanted = new Set(
    (call.request.http.headers.get('x-amz-object-attributes') ?? '').split(',').map((a) => a.trim()),
  );
  if (wanted.size === 1 && wanted.has(''))
    throw new S3Error('InvalidArgument', { message: 'x-amz-object-attributes is missing' });
  const meta = await statOrThrow(call);
  let elements = '';
  if (wanted.has('ETag') && meta.etag !== undefined) elements += textElement('ETag', meta.etag);
  if (wanted.has('ObjectParts') && meta.parts !== undefined)
    elements += xmlElement('ObjectParts', textElement('TotalPartsCount', meta.parts));
  if (wanted.has('StorageClass')) elements += textElement('StorageClass', meta.storageClass ?? 'STANDARD');
  if (wanted.has('ObjectSize')) elements += textElement('ObjectSize', meta.size);
  const modified = meta.modified === undefined ? [] : ['Last-Modified', httpDate(meta.modified)];
  return xml(xmlDocument('GetObjectAttributesResponse', elements), modified);
}

/** The object, confirmed; `NoSuchKey` only where the store says so. */
export async function statOrThrow({ bucket, key, request }: ObjectCall): Promise<ObjectMeta> {
  const meta = await bucket.store.stat(key, request.http.signal());
  if (meta === undefined) throw new S3Error('NoSuchKey');
  return meta;
}

/** `If-Range`: a range of this version, or else all of what is there now. */
function mayRange(ifRange: string | undefined, meta: ObjectMeta): boolean {
  if (ifRange === undefined) return true;
  const date = parseHttpDate(ifRange);
  if (date !== undefined) return meta.modified !== undefined && Math.floor(meta.modified / 1000) * 1000 === date;
  return !ifRange.startsWith('W/') && bareETag(ifRange) === meta.etag;
}

function cachedHeaders(meta: ObjectMeta): string[] {
  return objectHeaders(
    { size: meta.size, etag: meta.etag, modified: meta.modified, cacheControl: meta.cacheControl },
    undefined,
  ).slice(2);
}

/** Only who is known may have other headers than the object has. */
function toldOf({ request, identity }: ObjectCall, meta: ObjectMeta): string[] {
  const headers = objectHeaders(meta, identity.user && request.query);
  const mode = request.http.headers.get('x-amz-checksum-mode');
  if (mode?.toUpperCase() === 'ENABLED') headers.push(...storedChecksumHeaders(meta));
  return headers;
}

/** A version or part that is asked for must not be answered by something else. */
function refuseParts({ request: { query } }: ObjectCall): void {
  const version = query.get('versionId');
  if (version !== undefined && version !== 'null')
    throw new S3Error('NotImplemented', { message: 'Versions are not offered here' });
  if (query.has('partNumber')) throw new S3Error('NotImplemented', { message: 'Objects cannot be read by part here' });
}

function notSatisfiable(size: number): S3Error {
  return new S3Error('InvalidRange', {
    headers: ['Content-Range', `bytes */${size}`],
    more: [['ActualObjectSize', String(size)]],
  });
}
