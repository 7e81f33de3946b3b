import { isFerryError } from '../../../model/errors.ts';
import type { CompleteOptions, Part, UploadRef, WriteResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { bareETag } from '../../../wire/etag.ts';
import { base64ToHex, hexToBase64, S3_CHECKSUM_NAMES } from '../../../wire/checksum/encoding.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import type { XmlElement } from '../../../wire/xml/tree.ts';
import { empty, quoted, xml } from '../answer.ts';
import { initiatorXml, ownerXml, type ObjectCall } from '../call.ts';
import { writeConditions } from '../conditions.ts';
import { requireDocument } from '../documents.ts';
import { S3Error, uploadError } from '../error.ts';
import { writeOptionsOf } from '../metadata.ts';
import { checksumHeaders, readPayload, storing } from '../payload.ts';
import { copyToPart } from './copy.ts';
import { encodingOf } from './list.ts';
import { checkOffered, writtenHeaders } from './write.ts';

const MOST_PARTS = 10_000;

export async function createUpload(call: ObjectCall): Promise<HttpAnswer> {
  const { request, bucket, key } = call;
  const options = writeOptionsOf(request.http.headers);
  checkOffered(call, options);
  const uploadId = await multipartOf(call).begin(key, options);
  return xml(
    xmlDocument(
      'InitiateMultipartUploadResult',
      textElement('Bucket', bucket.name),
      textElement('Key', key),
      textElement('UploadId', uploadId),
    ),
  );
}

export async function uploadPart(call: ObjectCall): Promise<HttpAnswer> {
  const { upload, number } = partOf(call);
  const payload = await readPayload(call.request, call.identity);
  const limits = call.bucket.store.capabilities.multipart;
  if (limits !== undefined && payload.size > limits.maxPart) throw new S3Error('EntityTooLarge');
  const md5 = call.bucket.store.capabilities.verifiesMd5 ? payload.md5 : undefined;
  const { etag } = await storing(payload, gone(multipartOf(call).put(upload, number, payload.body, { md5 })));
  return empty(200, ['ETag', quoted(etag), ...checksumHeaders(payload.checksum)]);
}

export async function copyPart(call: ObjectCall): Promise<HttpAnswer> {
  const { upload, number } = partOf(call);
  multipartOf(call);
  const { etag } = await gone(copyToPart(call, upload, number));
  return xml(
    xmlDocument('CopyPartResult', textElement('LastModified', isoDate(call.now())), textElement('ETag', quoted(etag))),
  );
}

export async function completeUpload(call: ObjectCall): Promise<HttpAnswer> {
  const { request, bucket, key } = call;
  const upload = uploadOf(call);
  const { headers } = request.http;
  const checksum = wholeChecksum(call);
  const document = await requireDocument(withoutChecksums(call), 'CompleteMultipartUpload');
  const parts = document.all('Part').map(readPart);
  if (parts.length === 0) throw new S3Error('MalformedXML', { message: 'No parts are named' });
  if (parts.some(({ number }, i) => i > 0 && parts[i - 1]!.number >= number)) throw new S3Error('InvalidPartOrder');
  const { ifAbsent, ifMatch } = writeConditions(headers);
  const can = bucket.store.capabilities.multipart;
  if ((ifMatch !== undefined && can?.completeIfMatch !== true) || (ifAbsent === true && can?.completeIfAbsent !== true))
    throw new S3Error('NotImplemented', { message: 'The store behind completes uploads without this condition' });
  const size = headers.get('x-amz-mp-object-size');
  if (size !== undefined) await checkSize(call, upload, parts, size);
  const written = await completed(call, upload, parts, { ifAbsent, ifMatch, checksum });
  const etag = written.etag ?? (await bucket.store.stat(key))?.etag;
  const host = `${request.http.secure ? 'https' : 'http'}://${request.http.host}`;
  return xml(
    xmlDocument(
      'CompleteMultipartUploadResult',
      textElement('Location', `${host}${request.path}`),
      textElement('Bucket', bucket.name),
      textElement('Key', key),
      etag === undefined ? '' : textElement('ETag', quoted(etag)),
      ...(checksum === undefined ? [] : checksumElements(checksum)),
    ),
    writtenHeaders(written).filter((_, i, all) => all[i - (i % 2)] !== 'ETag'),
  );
}

interface Checksum {
  readonly algorithm: (typeof CRCS)[number];
  readonly hex: string;
}

/**
 * The checksum the whole object must have. Here, and only here, `x-amz-checksum-…` speaks of the object rather than of the
 * body. Those of parts, made into one (`COMPOSITE`, with `-N` at the end), are of no store here.
 */
function wholeChecksum({ request, bucket }: ObjectCall): Checksum | undefined {
  const { headers } = request.http;
  const given = [...headers.entries()].filter(([name]) => name.startsWith('x-amz-checksum-') && !NO_VALUE.has(name));
  if (given.length === 0) return undefined;
  if (given.length > 1) throw new S3Error('InvalidRequest', { message: 'More than one checksum is given' });
  const [name, value] = given[0]!;
  const algorithm = CRCS.find((each) => name === `x-amz-checksum-${each}`);
  const type = headers.get('x-amz-checksum-type') ?? 'FULL_OBJECT';
  const offered = bucket.store.capabilities.multipart?.completeChecksums ?? [];
  if (algorithm === undefined || type !== 'FULL_OBJECT' || value.includes('-') || !offered.includes(algorithm))
    throw new S3Error('NotImplemented', { message: `The whole of an upload in parts is not checked by ${name} here` });
  const hex = base64ToHex(value, algorithm);
  if (hex === undefined) throw new S3Error('InvalidRequest', { message: `${name} is no such checksum` });
  return { algorithm, hex };
}

/** For who reads the body, and would take the checksum for that of the document. */
function withoutChecksums(call: ObjectCall): ObjectCall {
  const { request } = call;
  const { headers } = request.http;
  const kept = [...headers.entries()].filter(([name]) => !name.startsWith('x-amz-checksum-'));
  if (kept.length === [...headers.entries()].length) return call;
  const others = { get: (name: string) => kept.find(([each]) => each === name)?.[1], entries: () => kept };
  return { ...call, request: { ...request, http: { ...request.http, headers: others } } };
}

const CRCS = ['crc32', 'crc32c', 'crc64nvme'] as const;
const NO_VALUE: ReadonlySet<string> = new Set(['x-amz-checksum-type', 'x-amz-checksum-algorithm']);

function checksumElements({ algorithm, hex }: Checksum): readonly string[] {
  const name = S3_CHECKSUM_NAMES[algorithm];
  return [textElement(`Checksum${name}`, hexToBase64(hex)), textElement('ChecksumType', 'FULL_OBJECT')];
}

/** Whether the parts are as many bytes as the client says, together. One that is put anew meanwhile has another ETag. */
async function checkSize(call: ObjectCall, upload: UploadRef, parts: readonly Part[], told: string): Promise<void> {
  const multipart = multipartOf(call);
  if (!/^\d{1,15}$/.test(told)) throw new S3Error('InvalidRequest', { message: 'x-amz-mp-object-size is no size' });
  if (multipart.parts === undefined)
    throw new S3Error('NotImplemented', { message: 'The store behind lists no parts: x-amz-mp-object-size' });
  const sizes = new Map<number, { readonly etag: string; readonly size: number }>();
  for (let after = 0; ;) {
    const page = await gone(multipart.parts(upload, after, 1000));
    for (const { number, etag, size } of page) sizes.set(number, { etag, size });
    if (page.length === 0 || page.at(-1)!.number >= parts.at(-1)!.number) break;
    after = page.at(-1)!.number;
  }
  let size = 0;
  for (const { number, etag } of parts) {
    const stored = sizes.get(number);
    if (stored?.etag !== etag) throw new S3Error('InvalidPart');
    size += stored.size;
  }
  if (size !== Number(told))
    throw new S3Error('InvalidRequest', { message: `The parts have ${size} bytes together, not ${told}` });
}

async function completed(
  call: ObjectCall,
  upload: UploadRef,
  parts: readonly Part[],
  conditions: CompleteOptions,
): Promise<WriteResult> {
  const multipart = multipartOf(call);
  try {
    return await multipart.complete(upload, parts, conditions);
  } catch (thrown) {
    // What a store cannot do here, conditions aside, is to put together parts as small as these.
    if (isFerryError(thrown, 'unsupported'))
      throw new S3Error('EntityTooSmall', { message: thrown.message, cause: thrown });
    if (!isFerryError(thrown, 'not-found') || multipart.parts === undefined) throw uploadError(thrown);
    await gone(multipart.parts(upload, 0, 1));
    if (conditions.ifMatch !== undefined && (await call.bucket.store.stat(call.key)) === undefined)
      throw new S3Error('NoSuchKey', { cause: thrown });
    throw new S3Error('InvalidPart', { cause: thrown });
  }
}

export async function abortUpload(call: ObjectCall): Promise<HttpAnswer> {
  await multipartOf(call).abort(uploadOf(call));
  return empty(204);
}

export async function listParts(call: ObjectCall): Promise<HttpAnswer> {
  const { request, bucket, key } = call;
  const upload = uploadOf(call);
  const multipart = multipartOf(call);
  if (multipart.parts === undefined)
    throw new S3Error('NotImplemented', { message: 'The store behind lists no parts' });
  const marker = request.query.number('part-number-marker', 0, MOST_PARTS) ?? 0;
  const limit = Math.min(request.query.number('max-parts', 1, 2 ** 31 - 1) ?? 1000, 1000);
  const found = await gone(multipart.parts(upload, marker, limit + 1));
  const shown = found.slice(0, limit);
  const parts = shown.map(({ number, etag, size, modified }) =>
    xmlElement(
      'Part',
      textElement('PartNumber', number),
      textElement('LastModified', isoDate(modified ?? 0)),
      textElement('ETag', quoted(etag)),
      textElement('Size', size),
    ),
  );
  const truncated = found.length > limit;
  const encode = encodingOf(request.query);
  return xml(
    xmlDocument(
      'ListPartsResult',
      textElement('Bucket', bucket.name),
      textElement('Key', encode(key)),
      textElement('UploadId', upload.uploadId),
      initiatorXml(bucket.tenant),
      ownerXml(bucket.tenant),
      textElement('StorageClass', 'STANDARD'),
      textElement('PartNumberMarker', marker),
      truncated ? textElement('NextPartNumberMarker', shown.at(-1)!.number) : '',
      textElement('MaxParts', limit),
      textElement('IsTruncated', truncated),
      ...parts,
    ),
  );
}

function multipartOf({ bucket }: ObjectCall): NonNullable<ObjectCall['bucket']['store']['multipart']> {
  const { multipart } = bucket.store;
  if (multipart === undefined)
    throw new S3Error('NotImplemented', { message: 'The store behind takes no uploads in parts' });
  return multipart;
}

function uploadOf({ request, key }: ObjectCall): UploadRef {
  const uploadId = request.query.get('uploadId') ?? '';
  if (uploadId === '' || uploadId.length > 1024) throw new S3Error('NoSuchUpload');
  return { key, uploadId };
}

function partOf(call: ObjectCall): { readonly upload: UploadRef; readonly number: number } {
  const number = call.request.query.number('partNumber', 1, MOST_PARTS);
  if (number === undefined)
    throw new S3Error('InvalidArgument', { message: `partNumber is a number from 1 to ${MOST_PARTS}` });
  return { upload: uploadOf(call), number };
}

function readPart(part: XmlElement): Part {
  const number = Number(part.get('PartNumber') ?? '');
  const etag = bareETag(part.get('ETag')?.trim() ?? '');
  if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS || etag === undefined)
    throw new S3Error('MalformedXML', { message: 'A part has no number or no ETag' });
  for (const algorithm of ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const) {
    const given = part.get(`Checksum${S3_CHECKSUM_NAMES[algorithm]}`);
    if (given !== undefined && base64ToHex(given, algorithm) === undefined) throw new S3Error('InvalidPart');
  }
  return { number, etag };
}

/** What is not there is the upload, or a part of it. */
async function gone<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (thrown) {
    throw uploadError(thrown);
  }
}
