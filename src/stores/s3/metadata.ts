/** Object metadata as S3 headers, both ways. */
import { isUtf8 } from 'node:buffer';
import { FerryError } from '../../model/errors.ts';
import type { ChecksumAlgorithm, Checksums, ObjectMeta, PosixAttributes, Tags } from '../../model/object.ts';
import { parseHttpDate } from '../../wire/http-date.ts';
import type { HttpHeaders } from '../../wire/http/client.ts';
import { uriEncode } from '../../wire/sigv4/encode.ts';
import { bareETag } from '../../wire/etag.ts';
import type { WriteOptions } from '../../store/store.ts';
import { decodeWords, encodeWord, isAscii } from './encoded-word.ts';
import type { Preset } from './providers/preset.ts';

const META = 'x-amz-meta-';
const CHECKSUM = 'x-amz-checksum-';

/** Names of user metadata that hold attributes of files: those of rclone (mtime) and s3fs (mode, uid, gid). */
const MTIME = 'mtime';
const MODE = 'mode';
const UID = 'uid';
const GID = 'gid';
/** Target of a symbolic link that is kept as a link, percent-encoded. */
const LINK = 'ferry-link';
/** How many of them there may be. */
const ATTRIBUTES = 5;

/** What becomes of user metadata that holds attributes of files. */
export type FileAttributes = 'read' | 'kept';

/**
 * What the headers of GET or HEAD tell of an object of `size` bytes.
 *
 * User metadata called `mtime`, `mode`, `uid` and `gid` becomes `modified` and `posix`; it stays in `user` too where
 * writing it again would not give the same text (an `mtime` in nanoseconds), so that nothing is rounded on the way.
 * Where `attributes` is `kept` they are user metadata like any other, and `modified` is what the service says.
 * Values that are not ASCII are UTF-8, or RFC 2047 words where the service makes them so (`unicodeMetadata`).
 */
export function readMeta(
  headers: HttpHeaders,
  size: number,
  preset: Preset,
  attributes: FileAttributes = 'read',
): ObjectMeta {
  const meta: Mutable<ObjectMeta> = { size };
  const posix: Mutable<PosixAttributes> = {};
  let user: [string, string][] | undefined;
  let modified: number | undefined;
  let composite = false;
  let checksums: { -readonly [A in ChecksumAlgorithm]?: string } | undefined;
  for (const [name, value] of headers.entries()) {
    if (name.startsWith(META)) {
      const field = name.slice(META.length);
      const text = preset.unicodeMetadata === 'rfc2047' ? decodeWords(utf8(value)) : utf8(value);
      if (attributes === 'kept') (user ??= []).push([field, text]);
      else {
        if (field === MTIME) modified = readMtime(text);
        if (!readAttribute(field, text, posix)) (user ??= []).push([field, text]);
      }
      continue;
    }
    switch (name) {
      case 'content-type':
        meta.contentType = utf8(value);
        break;
      case 'cache-control':
        meta.cacheControl = utf8(value);
        break;
      case 'content-disposition':
        meta.contentDisposition = utf8(value);
        break;
      case 'content-encoding':
        meta.contentEncoding = withoutAwsChunked(value);
        break;
      case 'content-language':
        meta.contentLanguage = utf8(value);
        break;
      case 'expires':
        meta.expires = value;
        break;
      case 'etag':
        meta.etag = bareETag(value);
        break;
      case 'last-modified':
        meta.modified = parseHttpDate(value);
        break;
      case 'x-amz-storage-class':
        meta.storageClass = value;
        break;
      case 'x-amz-tagging-count':
        meta.tagCount = count(value);
        break;
      case 'x-amz-mp-parts-count':
        meta.parts = count(value);
        break;
      case 'x-amz-version-id':
        if (value !== 'null') meta.versionId = value;
        break;
      // docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html: such ETags are no digest of the data.
      case 'x-amz-server-side-encryption':
        if (value.startsWith('aws:kms')) meta.etagOpaque = true;
        break;
      case 'x-amz-server-side-encryption-customer-algorithm':
        meta.etagOpaque = true;
        break;
      case 'x-amz-checksum-type':
        composite = value === 'COMPOSITE';
        break;
      default:
        if (name.startsWith(CHECKSUM)) {
          const algorithm = CHECKSUMS.get(name);
          const hex = algorithm === undefined ? undefined : checksumHex(value);
          if (algorithm !== undefined && hex !== undefined) (checksums ??= {})[algorithm] = hex;
        }
    }
  }
  if (modified !== undefined) meta.modified = modified;
  if (user !== undefined) meta.user = Object.fromEntries(user);
  if (checksums !== undefined && !composite) meta.checksums = checksums;
  if (meta.parts === undefined && meta.etag !== undefined) meta.parts = partsOfEtag(meta.etag);
  if (hasKeys(posix)) meta.posix = posix;
  return meta;
}

/** Appends the headers that store what `options` holds, names and values in turn. */
export function writeMeta(
  headers: string[],
  options: WriteOptions,
  storageClass: string | undefined,
  preset: Preset,
): void {
  const meta = options.meta;
  if (meta !== undefined) {
    if (meta.contentType !== undefined) headers.push('content-type', onWire(meta.contentType));
    if (meta.cacheControl !== undefined) headers.push('cache-control', onWire(meta.cacheControl));
    if (meta.contentDisposition !== undefined) headers.push('content-disposition', onWire(meta.contentDisposition));
    if (meta.contentEncoding !== undefined) headers.push('content-encoding', onWire(meta.contentEncoding));
    if (meta.contentLanguage !== undefined) headers.push('content-language', onWire(meta.contentLanguage));
    if (meta.expires !== undefined) headers.push('expires', meta.expires);
    const user = meta.user;
    if (user !== undefined) {
      for (const name of Object.keys(user))
        headers.push(META + name.toLowerCase(), metaValue(name, user[name]!, preset));
    }
    if (meta.modified !== undefined && user?.[MTIME] === undefined)
      headers.push(META + MTIME, formatMtime(meta.modified));
    if (meta.posix !== undefined) writePosix(headers, meta.posix, user);
  }
  const wanted = meta?.storageClass ?? storageClass;
  if (wanted !== undefined) headers.push('x-amz-storage-class', wanted);
  if (options.acl !== undefined) headers.push('x-amz-acl', options.acl);
  if (options.tags !== undefined && hasKeys(options.tags)) headers.push('x-amz-tagging', formatTags(options.tags));
}

/** Why the service does not take this user metadata although all of it is small enough; undefined where it does. */
export function refusedMetadata(user: Readonly<Record<string, string>>, preset: Preset): string | undefined {
  const limits = preset.metadataLimits;
  if (limits === undefined) return undefined;
  const names = Object.keys(user);
  if (names.length + ATTRIBUTES > limits.count) return `${preset.title} takes ${limits.count} values of user metadata`;
  const long = names.find((name) => Buffer.byteLength(name) > limits.name);
  if (long !== undefined) return `the name of user metadata "${long}" is longer than ${limits.name} bytes`;
  const large = names.find((name) => encoded(user[name]!, preset).length > limits.value);
  return large && `the value of user metadata "${large}" is longer than ${limits.value} bytes as it is sent`;
}

export function formatTags(tags: Tags): string {
  return Object.keys(tags)
    .map((name) => `${uriEncode(name, false)}=${uriEncode(tags[name]!, false)}`)
    .join('&');
}

/** Checksums S3 returns, by header name. MD5 is not among them: Content-MD5 and the ETag serve it. */
const CHECKSUMS: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  (['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const).map((name) => [CHECKSUM + name, name]),
);

/** Checksums of a whole object or part an answer tells; undefined where it tells none. */
export function readChecksums(headers: HttpHeaders): Checksums | undefined {
  if (headers.get('x-amz-checksum-type') === 'COMPOSITE') return undefined;
  let checksums: { -readonly [A in ChecksumAlgorithm]?: string } | undefined;
  for (const [header, algorithm] of CHECKSUMS) {
    const value = headers.get(header);
    const hex = value === undefined ? undefined : checksumHex(value);
    if (hex !== undefined) (checksums ??= {})[algorithm] = hex;
  }
  return checksums;
}

/** Base64 as hexadecimal; undefined for the composite ones of uploads in parts (`…-N`). */
export function checksumHex(base64: string): string | undefined {
  return base64.includes('-') ? undefined : Buffer.from(base64, 'base64').toString('hex');
}

/** `1714564800.123`, as rclone writes it but to the millisecond, which is all Ferry knows. */
function formatMtime(ms: number): string {
  const absolute = Math.abs(Math.round(ms));
  const rest = absolute % 1000;
  const seconds = String((absolute - rest) / 1000);
  const text = rest === 0 ? seconds : `${seconds}.${String(rest).padStart(3, '0').replace(/0+$/, '')}`;
  return ms < 0 ? `-${text}` : text;
}

/** Milliseconds, finer fractions cut off; undefined where it is no such time. */
function readMtime(text: string): number | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[2]) * 1000 + Number((match[3] ?? '').padEnd(3, '0').slice(0, 3));
  return match[1] === '-' && ms > 0 ? -ms : ms;
}

/** Takes an attribute of a file out of the user metadata; false where the text has to be kept as well. */
function readAttribute(field: string, text: string, posix: Mutable<PosixAttributes>): boolean {
  switch (field) {
    case MTIME: {
      const ms = readMtime(text);
      return ms !== undefined && formatMtime(ms) === text;
    }
    case MODE:
    case UID:
    case GID: {
      const value = count(text);
      if (value === undefined || value > 0xffff_ffff) return false;
      posix[field] = value;
      return String(value) === text;
    }
    case LINK:
      try {
        posix.link = decodeURIComponent(text);
        return true;
      } catch {
        return false;
      }
    default:
      return false;
  }
}

function writePosix(
  headers: string[],
  posix: PosixAttributes,
  user: Readonly<Record<string, string>> | undefined,
): void {
  if (posix.mode !== undefined && user?.[MODE] === undefined) headers.push(META + MODE, String(posix.mode));
  if (posix.uid !== undefined && user?.[UID] === undefined) headers.push(META + UID, String(posix.uid));
  if (posix.gid !== undefined && user?.[GID] === undefined) headers.push(META + GID, String(posix.gid));
  if (posix.link !== undefined) headers.push(META + LINK, uriEncode(posix.link, true));
}

/** UTF-8, one character for each byte, as the HTTP client sends and the signer signs them. */
function onWire(value: string): string {
  return isAscii(value) ? value : Buffer.from(value, 'utf8').toString('latin1');
}

/** A value HTTP would alter is refused: blanks around it are cut off on the way, control characters cannot be sent. */
function metaValue(name: string, value: string, preset: Preset): string {
  if (UNSENDABLE.test(value)) {
    throw new FerryError('unsupported', {
      message: `the value of user metadata "${name}" has blanks around it or control characters, which HTTP cannot carry`,
      remedy: 'Correct it at the source, or choose `metadata: drop`.',
    });
  }
  return encoded(value, preset);
}

/** As it is sent, one character for each byte. */
function encoded(value: string, preset: Preset): string {
  if (preset.unicodeMetadata === 'utf8') return onWire(value);
  // Text that looks like an encoded word would be decoded when it is read.
  return isAscii(value) && !value.includes('=?') ? value : encodeWord(value);
}

// eslint-disable-next-line no-control-regex
const UNSENDABLE = /^[ \t]|[ \t]$|[\u0000-\u001f\u007f]/;

/** Some services (Ceph 16) keep the transfer coding of a signed upload as if it were the object's. */
function withoutAwsChunked(value: string): string | undefined {
  if (!value.includes('aws-chunked')) return value;
  const rest = value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== 'aws-chunked');
  return rest.length === 0 ? undefined : rest.join(', ');
}

/** `0123…-16` is an upload of 16 parts. */
function partsOfEtag(etag: string): number | undefined {
  const dash = etag.lastIndexOf('-');
  return dash === 32 ? count(etag.slice(33)) : undefined;
}

function count(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Header values come as bytes in a string. What is not ASCII is UTF-8, or as old clients had it ISO-8859-1. */
function utf8(value: string): string {
  if (isAscii(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}

function hasKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
