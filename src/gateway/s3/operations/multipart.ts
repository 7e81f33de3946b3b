import { isFerryError } from '../../../model/errors.ts';
import type { CompleteOptions, Part, UploadRef, WriteResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { bareETag } from '../../../wire/etag.ts';
import { base64ToHex, S3_CHECKSUM_NAMES } from '../../../wire/checksum/encoding.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import type { XmlElement } from '../../../wire/xml/tree.ts';
import { empty, quoted, xml } from '../answer.ts';
import { initiatorXml, ownerXml, type ObjectCall } from '../call.ts';
import { readConditions, writeConditions } from '../conditions.ts';
import { requireDocument } from '../documents.ts';
import { S3Error, uploadError } from '../error.ts';
import { writeOptionsOf } from '../metadata.ts';
import { checksumHeaders, readPayload, storing } from '../payload.ts';
import { encodingOf } from './list.ts';
import { checkCopyConditions, checkOffered, copySourceOf, writtenHeaders } from './write.ts';

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
  const { headers } = call.request.http;
  const signal = call.request.http.signal();
  const source = copySourceOf(call);
  const found = await source.store.stat(source.key, signal);
  if (found === undefined) throw new S3Error('NoSuchKey');
  const conditions = readConditions(headers, 'x-amz-copy-source-');
  if (conditions !== undefined) checkCopyConditions(conditions, found);
  const { offset, length } = copyRange(headers.get('x-amz-copy-source-range'), found.size);
  const multipart = multipartOf(call);
  const from = { ...source, ifMatch: source.store.capabilities.readIfMatch ? found.etag : undefined };
  const { store } = call.bucket;
  const within = multipart.copyPart !== undefined && store.sameServer?.(source.store) === true;
  const put = within
    ? multipart.copyPart!(upload, number, from, offset, length, signal)
    : multipart.put(upload, number, {
        size: length,
        async *open() {
          const whole = offset === 0 && length === found.size;
          const range = whole ? {} : { offset, length };
          yield* (await source.store.read(source.key, { ...range, ifMatch: from.ifMatch }, signal)).body;
        },
      });
  const { etag } = await gone(put);
  return xml(
    xmlDocument('CopyPartResult', textElement('LastModified', isoDate(call.now())), textElement('ETag', quoted(etag))),
  );
}

export async function completeUpload(call: ObjectCall): Promise<HttpAnswer> {
  const { request, bucket, key } = call;
  const upload = uploadOf(call);
  const { headers } = request.http;
  // Here, and only here, it speaks of the object rather than of the body.
  for (const [name] of headers.entries())
    if (name.startsWith('x-amz-checksum-') && name !== 'x-amz-checksum-type')
      throw new S3Error('NotImplemented', { message: `The whole of an upload in parts is not checked by ${name}` });
  const document = await requireDocument(call, 'CompleteMultipartUpload');
  const parts = document.all('Part').map(readPart);
  if (parts.length === 0) throw new S3Error('MalformedXML', { message: 'No parts are named' });
  if (parts.some(({ number }, i) => i > 0 && parts[i - 1]!.number >= number)) throw new S3Error('InvalidPartOrder');
  const { ifAbsent, ifMatch } = writeConditions(headers);
  const can = bucket.store.capabilities.multipart;
  if ((ifMatch !== undefined && can?.completeIfMatch !== true) || (ifAbsent === true && can?.completeIfAbsent !== true))
    throw new S3Error('NotImplemented', { message: 'The store behind completes uploads without this condition' });
  const written = await completed(call, upload, parts, { ifAbsent, ifMatch });
  const etag = written.etag ?? (await bucket.store.stat(key))?.etag;
  const host = `${request.http.secure ? 'https' : 'http'}://${request.http.host}`;
  return xml(
    xmlDocument(
      'CompleteMultipartUploadResult',
      textElement('Location', `${host}${request.path}`),
      textElement('Bucket', bucket.name),
      textElement('Key', key),
      etag === undefined ? '' : textElement('ETag', quoted(etag)),
    ),
    writtenHeaders(written).filter((_, i, all) => all[i - (i % 2)] !== 'ETag'),
  );
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

/** `bytes=a-b`, which has to lie within the object. */
function copyRange(header: string | undefined, size: number): { readonly offset: number; readonly length: number } {
  if (header === undefined) return { offset: 0, length: size };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header);
  const [from, through] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || from > through)
    throw new S3Error('InvalidArgument', { message: 'x-amz-copy-source-range is not bytes=FIRST-LAST' });
  if (through >= size) throw new S3Error('InvalidRange');
  return { offset: from, length: through - from + 1 };
}

/** What is not there is the upload, or a part of it. */
async function gone<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (thrown) {
    throw uploadError(thrown);
  }
}
