/** What the answers of an HTTP server say of an object, or of what went wrong. */
import { FerryError, type ErrorCode } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { bareETag } from '../../wire/etag.ts';
import type { HttpHeaders, HttpResponse } from '../../wire/http/client.ts';
import { parseHttpDate } from '../../wire/http-date.ts';
import { parseRetryAfter } from '../../wire/retry-after.ts';

/** What `ObjectMeta.size` is where the server does not tell. */
export const UNKNOWN_SIZE = -1;

export function metaOf(headers: HttpHeaders, size: number | undefined): ObjectMeta {
  const encoding = headers.get('content-encoding');
  return {
    size: size ?? UNKNOWN_SIZE,
    modified: parseHttpDate(headers.get('last-modified') ?? ''),
    etag: strongETag(headers),
    contentType: headers.get('content-type'),
    cacheControl: headers.get('cache-control'),
    contentDisposition: headers.get('content-disposition'),
    contentEncoding: encoding === 'identity' ? undefined : encoding,
    contentLanguage: headers.get('content-language'),
    expires: headers.get('expires'),
    ...userMeta(headers),
    ...digest(headers),
  };
}

/** Of buckets that are read as web servers. */
function userMeta(headers: HttpHeaders): Pick<ObjectMeta, 'user'> {
  const user: Record<string, string> = {};
  for (const [name, value] of headers.entries())
    if (name.startsWith(META) && name.length > META.length) user[name.slice(META.length)] = value;
  return Object.keys(user).length > 0 ? { user } : {};
}

const META = 'x-amz-meta-';

/** `Content-MD5` of a whole answer (RFC 1864); that of a range would be the range's. */
function digest(headers: HttpHeaders): Pick<ObjectMeta, 'checksums'> {
  const told = headers.get('content-md5');
  if (told === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(told) || headers.get('content-range') !== undefined)
    return {};
  return { checksums: { md5: Buffer.from(told, 'base64').toString('hex') } };
}

/** Weak tags stand for what looks alike, not for the same bytes (RFC 9110, 8.8.1): they are of no use here. */
export function strongETag(headers: HttpHeaders): string | undefined {
  const tag = headers.get('etag');
  return tag === undefined || tag.startsWith('W/') ? undefined : bareETag(tag);
}

export function contentLength(headers: HttpHeaders): number | undefined {
  const text = headers.get('content-length');
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `Content-Range: bytes 0-9/100`; the total is undefined for `*`. */
export function contentRange(
  headers: HttpHeaders,
): { from: number; to: number; total: number | undefined } | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers.get('content-range') ?? '');
  if (!match) return undefined;
  return { from: Number(match[1]), to: Number(match[2]), total: match[3] === '*' ? undefined : Number(match[3]) };
}

/** The total in `Content-Range: bytes * /100`, which comes with a 416. */
export function unsatisfiedTotal(headers: HttpHeaders): number | undefined {
  const match = /^bytes \*\/(\d{1,15})$/.exec(headers.get('content-range') ?? '');
  return match ? Number(match[1]) : undefined;
}

/** An answer that is no object, as an error. */
export function answerError(response: HttpResponse, key: Key, operation: string, now: number): FerryError {
  const { status, headers } = response;
  const code = codeOf(status);
  return new FerryError(code, {
    message: `the server answered ${status} to ${operation === 'stat' ? 'the question for' : 'the request of'} ${JSON.stringify(key)}`,
    key,
    operation,
    status,
    retryAfter: parseRetryAfter(headers.get('retry-after'), now),
    retryable: code === 'bad-response' ? 'never' : undefined,
  });
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'bad-credentials';
    case 403:
    case 451:
      return 'access-denied';
    case 404:
    case 410:
      return 'not-found';
    case 407:
      return 'proxy';
    case 408:
      return 'timeout';
    case 412:
      return 'changed';
    case 416:
      return 'wrong-length';
    case 429:
      return 'throttled';
    default:
      return status >= 500 ? 'unavailable' : 'bad-response';
  }
}
