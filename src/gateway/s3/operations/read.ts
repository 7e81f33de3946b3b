import { isFerryError } from '../../../model/errors.ts';
import type { ObjectMeta } from '../../../model/object.ts';
import { KiB } from '../../../model/units.ts';
import type { ReadBody, ReadOptions, ReadResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { hexToBase64, S3_CHECKSUM_NAMES } from '../../../wire/checksum/encoding.ts';
import { bareETag } from '../../../wire/etag.ts';
import { httpDate, parseHttpDate } from '../../../wire/http-date.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import { xml } from '../answer.ts';
import type { Reading } from '../../buckets.ts';
import type { ObjectCall } from '../call.ts';
import { checkConditions, readConditions } from '../conditions.ts';
import { S3Error } from '../error.ts';
import { wantedPart, type WantedPart } from './part.ts';
import { objectHeaders, storedChecksumHeaders } from '../metadata.ts';
import { readOptionsOf, readRange, type WantedRange } from '../range.ts';

/** Bodies up to here are sent with their head: fewer steps, and one that breaks off is an error the client is told. */
const AT_ONCE = 64 * KiB;

/** An object that is replaced between the look at it and the reading is looked at again so often. */
const ATTEMPTS = 5;

export async function getObject(call: ObjectCall): Promise<HttpAnswer> {
  const reading = readingOf(call);
  for (let attempt = 1; ; attempt++) {
    try {
      return await getOnce(call, reading);
    } catch (thrown) {
      if (!isFerryError(thrown, 'changed')) throw thrown;
      if (attempt === ATTEMPTS) throw new S3Error('ServiceUnavailable', { cause: thrown });
    }
  }
}

async function getOnce(call: ObjectCall, reading: Reading): Promise<HttpAnswer> {
  const { http, query } = call.request;
  const { headers } = http;
  const conditions = readConditions(headers);
  const ifRange = headers.get('if-range');
  const byPart = query.has('partNumber');
  let range = readRange(headers.get('range'));
  let known: ObjectMeta | undefined;
  let part: WantedPart | undefined;
  // What decides before a byte is read has to be known before.
  if (conditions !== undefined || byPart || (range !== undefined && (ifRange !== undefined || 'last' in range))) {
    known = await look(call, reading);
    if (conditions !== undefined) checkConditions(conditions, known, cachedHeaders(known));
    part = byPart ? await wantedPart(call, known) : undefined;
    if (part !== undefined) range = known.size <= 0 ? undefined : part;
    else if (!mayRange(ifRange, known)) range = undefined;
    else if (range !== undefined && 'last' in range)
      range = known.size < 0 ? undefined : lastBytes(range.last, known.size);
  }
  const wanted = readOptionsOf(range);
  const { meta, body } = await open(call, reading, wanted, known);
  const told = toldOf(call, meta);
  if (part?.count !== undefined) told.push('x-amz-mp-parts-count', String(part.count));
  const { size } = body;
  if (size === undefined) {
    const partial = wanted.offset !== undefined || wanted.length !== undefined;
    if (!partial) return { status: 200, headers: told, body };
    body.cancel();
    throw new S3Error('NotImplemented', { message: 'How long the object is is not known yet' });
  }
  if (size === 0 && range !== undefined) {
    body.cancel();
    throw notSatisfiable(meta.size);
  }
  const sized = size <= AT_ONCE ? await whole(body, size) : { size, open: () => body };
  if (range === undefined) return { status: 200, headers: told, body: sized };
  const from = 'from' in range ? range.from : 0;
  told.push('Content-Range', `bytes ${from}-${from + size - 1}/${totalOf(meta)}`);
  return { status: 206, headers: told, body: sized };
}

async function whole(body: ReadBody, size: number): Promise<Uint8Array> {
  try {
    return await body.bytes(size);
  } catch (thrown) {
    throw isFerryError(thrown, 'changed') ? thrown : new S3Error('ServiceUnavailable', { cause: thrown });
  }
}

/** Opens the version that was looked at, if any was. */
async function open(
  call: ObjectCall,
  reading: Reading,
  wanted: ReadOptions,
  known: ObjectMeta | undefined,
): Promise<ReadResult> {
  const ifMatch = reading.capabilities.readIfMatch ? known?.etag : undefined;
  try {
    return await reading.read(call.key, { ...wanted, ifMatch }, call.request.http.signal());
  } catch (thrown) {
    if (wanted.offset !== undefined && isFerryError(thrown, 'wrong-length') && thrown.retryable === 'never')
      throw notSatisfiable((await look(call, reading)).size);
    throw thrown;
  }
}

function lastBytes(count: number, size: number): WantedRange {
  if (count === 0 || size === 0) throw notSatisfiable(size);
  return { from: Math.max(0, size - count), through: size - 1 };
}

export async function headObject(call: ObjectCall): Promise<HttpAnswer> {
  const { headers } = call.request.http;
  const meta = await look(call, readingOf(call));
  const conditions = readConditions(headers);
  if (conditions !== undefined) checkConditions(conditions, meta, cachedHeaders(meta));
  const told = toldOf(call, meta);
  const part = await wantedPart(call, meta);
  if (part?.count !== undefined) told.push('x-amz-mp-parts-count', String(part.count));
  const range = part === undefined ? readRange(headers.get('range')) : meta.size === 0 ? undefined : part;
  if (range === undefined || meta.size < 0 || !mayRange(headers.get('if-range'), meta))
    return { status: 200, headers: told, ...(meta.size < 0 ? {} : { length: meta.size }) };
  const from = 'last' in range ? Math.max(0, meta.size - range.last) : range.from;
  const through = Math.min('last' in range ? meta.size - 1 : (range.through ?? meta.size - 1), meta.size - 1);
  if (from > through) throw notSatisfiable(meta.size);
  told.push('Content-Range', `bytes ${from}-${through}/${meta.size}`);
  return { status: 206, headers: told, length: through - from + 1 };
}

const ATTRIBUTES: ReadonlySet<string> = new Set(['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']);

export async function getAttributes(call: ObjectCall): Promise<HttpAnswer> {
  const wanted = new Set<string>();
  for (const [name, value] of call.request.http.headers.entries())
    if (name === 'x-amz-object-attributes') for (const each of value.split(',')) wanted.add(each.trim());
  if (wanted.size === 0 || !wanted.isSubsetOf(ATTRIBUTES))
    throw new S3Error('InvalidArgument', {
      message: `x-amz-object-attributes names some of ${[...ATTRIBUTES].join()}`,
    });
  const meta = await statOrThrow(call);
  let elements = '';
  if (wanted.has('ETag') && meta.etag !== undefined) elements += textElement('ETag', meta.etag);
  if (wanted.has('Checksum')) elements += checksumElement(meta);
  if (wanted.has('ObjectParts') && meta.parts !== undefined)
    elements += xmlElement('ObjectParts', textElement('PartsCount', meta.parts));
  if (wanted.has('StorageClass')) elements += textElement('StorageClass', meta.storageClass ?? 'STANDARD');
  if (wanted.has('ObjectSize')) elements += textElement('ObjectSize', meta.size);
  const modified = meta.modified === undefined ? [] : ['Last-Modified', httpDate(meta.modified)];
  return xml(xmlDocument('GetObjectAttributesResponse', elements), modified);
}

function checksumElement({ checksums = {} }: ObjectMeta): string {
  let elements = '';
  for (const algorithm of ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const) {
    const hex = checksums[algorithm];
    if (hex !== undefined) elements += textElement(`Checksum${S3_CHECKSUM_NAMES[algorithm]}`, hexToBase64(hex));
  }
  if (elements !== '') elements += textElement('ChecksumType', 'FULL_OBJECT');
  return elements === '' ? '' : xmlElement('Checksum', elements);
}

/** The object, confirmed; `NoSuchKey` only where the store says so. */
export async function statOrThrow(call: ObjectCall): Promise<ObjectMeta> {
  return await look(call, call.bucket.store);
}

function readingOf({ bucket, request: { http }, served }: ObjectCall): Reading {
  return bucket.reading?.({ method: http.method, headers: http.headers, served }) ?? bucket.store;
}

async function look({ key, request }: ObjectCall, reading: Reading): Promise<ObjectMeta> {
  const meta = await reading.stat(key, request.http.signal());
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

/** As `Content-Range` has it. */
function totalOf({ size }: ObjectMeta): string {
  return size < 0 ? '*' : String(size);
}

function notSatisfiable(size: number): S3Error {
  return new S3Error('InvalidRange', {
    headers: ['Content-Range', `bytes */${size}`],
    more: [['ActualObjectSize', String(size)]],
  });
}
