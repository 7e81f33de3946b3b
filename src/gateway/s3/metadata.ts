/** Object metadata in the headers of clients, both ways. */
import type { ObjectMeta, SystemMeta, Tags } from '../../model/object.ts';
import type { WriteOptions } from '../../store/store.ts';
import { hexToBase64 } from '../../wire/checksum/encoding.ts';
import { httpDate } from '../../wire/http-date.ts';
import type { HttpHeaders } from '../../wire/http/client.ts';
import { trailerName } from '../../wire/chunked/framing.ts';
import { headerText, quoted, textOfHeader } from './answer.ts';
import { S3Error } from './error.ts';
import type { Query } from './request.ts';

const META = 'x-amz-meta-';
/** Bytes of user metadata, names and values. As S3. */
const MOST_META = 2048;

const SYSTEM: readonly (readonly [header: string, field: keyof SystemMeta])[] = [
  ['content-type', 'contentType'],
  ['cache-control', 'cacheControl'],
  ['content-disposition', 'contentDisposition'],
  ['content-encoding', 'contentEncoding'],
  ['content-language', 'contentLanguage'],
  ['expires', 'expires'],
];

/** What a write is to store beside the bytes. Throws `MetadataTooLarge`, `InvalidTag`. */
export function writeOptionsOf(headers: HttpHeaders): WriteOptions {
  const tagging = headers.get('x-amz-tagging');
  return { meta: metaOf(headers), tags: tagging === undefined ? undefined : tagsOfQuery(tagging) };
}

export function metaOf(headers: HttpHeaders): Partial<ObjectMeta> {
  const system: { -readonly [F in keyof SystemMeta]: string } = {};
  for (const [header, field] of SYSTEM) {
    const value = headers.get(header);
    if (value !== undefined) system[field] = textOfHeader(value);
  }
  if (system.contentEncoding !== undefined) {
    // The framing of the upload is not part of the object.
    const rest = system.contentEncoding.split(',').filter((coding) => coding.trim().toLowerCase() !== 'aws-chunked');
    if (rest.length === 0) delete system.contentEncoding;
    else system.contentEncoding = rest.join(',').trim();
  }
  let bytes = 0;
  const user = new Map<string, string>();
  for (const [name, value] of headers.entries()) {
    if (!name.startsWith(META)) continue;
    const field = name.slice(META.length);
    bytes += field.length + value.length;
    const before = user.get(field);
    user.set(field, before === undefined ? textOfHeader(value) : `${before},${textOfHeader(value)}`);
  }
  if (bytes > MOST_META) throw new S3Error('MetadataTooLarge');
  const storageClass = headers.get('x-amz-storage-class');
  return {
    ...system,
    ...(user.size > 0 ? { user: Object.fromEntries(user) } : {}),
    ...(storageClass === undefined || storageClass === 'STANDARD' ? {} : { storageClass }),
  };
}

/** Parameters by which a signed GET may have other headers than the object has. */
const OVERRIDES: Readonly<Record<string, string>> = {
  'content-type': 'response-content-type',
  'cache-control': 'response-cache-control',
  'content-disposition': 'response-content-disposition',
  'content-encoding': 'response-content-encoding',
  'content-language': 'response-content-language',
  expires: 'response-expires',
};

/** The headers that tell of an object; names and values in turn. */
export function objectHeaders(meta: ObjectMeta, query: Query | undefined): string[] {
  const headers: string[] = ['Accept-Ranges', 'bytes'];
  if (meta.etag !== undefined) headers.push('ETag', quoted(meta.etag));
  if (meta.modified !== undefined) headers.push('Last-Modified', httpDate(meta.modified));
  for (const [header, field] of SYSTEM) {
    const value = query?.get(OVERRIDES[header]!) ?? meta[field] ?? (field === 'contentType' ? UNTYPED : undefined);
    if (value !== undefined) headers.push(header, headerText(value));
  }
  if (meta.user !== undefined)
    for (const name of Object.keys(meta.user)) headers.push(META + name, headerText(meta.user[name]!));
  if (meta.storageClass !== undefined && meta.storageClass !== 'STANDARD')
    headers.push('x-amz-storage-class', meta.storageClass);
  if (meta.tagCount !== undefined && meta.tagCount > 0) headers.push('x-amz-tagging-count', String(meta.tagCount));
  return headers;
}

/** For clients that asked by `x-amz-checksum-mode: ENABLED`. */
export function storedChecksumHeaders({ checksums }: ObjectMeta): string[] {
  if (checksums === undefined) return [];
  const headers: string[] = [];
  for (const algorithm of ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const) {
    const hex = checksums[algorithm];
    if (hex !== undefined) headers.push(trailerName(algorithm), hexToBase64(hex));
  }
  if (headers.length > 0) headers.push('x-amz-checksum-type', 'FULL_OBJECT');
  return headers;
}

const UNTYPED = 'binary/octet-stream';

/** `a=1&b=2`, percent-encoded. */
function tagsOfQuery(text: string): Tags {
  const tags = new Map<string, string>();
  for (const field of text.split('&')) {
    if (field === '') continue;
    const equals = field.indexOf('=');
    const name = decode(equals < 0 ? field : field.slice(0, equals));
    if (tags.has(name)) throw new S3Error('InvalidTag');
    tags.set(name, equals < 0 ? '' : decode(field.slice(equals + 1)));
  }
  const given = Object.fromEntries(tags);
  checkTags(given);
  return given;
}

/** Limits of S3: 10 tags, names of 128 and values of 256 characters. */
export function checkTags(tags: Tags): void {
  const names = Object.keys(tags);
  if (names.length > 10) throw new S3Error('InvalidTag', { message: 'An object has 10 tags at most' });
  for (const name of names)
    if (name === '' || name.length > 128 || tags[name]!.length > 256) throw new S3Error('InvalidTag');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw new S3Error('InvalidTag', { cause: error });
  }
}
