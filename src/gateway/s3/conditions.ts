/** `If-Match` and its kin (RFC 9110 section 13). */
import type { ObjectMeta } from '../../model/object.ts';
import { bareETag } from '../../wire/etag.ts';
import { parseHttpDate } from '../../wire/http-date.ts';
import type { HttpHeaders } from '../../wire/http/client.ts';
import { S3Error } from './error.ts';

const READING = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

export interface Conditions {
  readonly ifMatch: readonly string[] | undefined;
  readonly ifNoneMatch: readonly string[] | undefined;
  readonly ifModifiedSince: number | undefined;
  readonly ifUnmodifiedSince: number | undefined;
}

/** Those of a read; undefined where there are none. `prefix` for those of a copy: `x-amz-copy-source-`. */
export function readConditions(headers: HttpHeaders, prefix = ''): Conditions | undefined {
  if (READING.every((name) => headers.get(prefix + name) === undefined)) return undefined;
  const date = (name: string): number | undefined => {
    const value = headers.get(prefix + name);
    return value === undefined ? undefined : parseHttpDate(value);
  };
  return {
    ifMatch: tagsOf(headers.get(`${prefix}if-match`)),
    ifNoneMatch: tagsOf(headers.get(`${prefix}if-none-match`)),
    ifModifiedSince: date('if-modified-since'),
    ifUnmodifiedSince: date('if-unmodified-since'),
  };
}

/** Throws `PreconditionFailed`, or `NotModified` where a cached object may be used. */
export function checkConditions(conditions: Conditions, meta: ObjectMeta, cached: readonly string[] = []): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const modified = meta.modified === undefined ? undefined : Math.floor(meta.modified / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, meta.etag)) throw new S3Error('PreconditionFailed');
  } else if (ifUnmodifiedSince !== undefined && modified !== undefined && modified > ifUnmodifiedSince)
    throw new S3Error('PreconditionFailed');
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, meta.etag)) throw new S3Error('NotModified', { headers: cached });
  } else if (ifModifiedSince !== undefined && modified !== undefined && modified <= ifModifiedSince)
    throw new S3Error('NotModified', { headers: cached });
}

/** What a write may replace. Throws `NotImplemented` for what S3 does not offer either. */
export function writeConditions(headers: HttpHeaders): { ifAbsent?: true; ifMatch?: string } {
  const none = headers.get('if-none-match');
  const match = tagsOf(headers.get('if-match'));
  if (none !== undefined && none.trim() !== '*')
    throw new S3Error('NotImplemented', { message: 'If-None-Match of a write is * or nothing' });
  if (match !== undefined && (match.length !== 1 || match[0] === '*'))
    throw new S3Error('NotImplemented', { message: 'If-Match of a write is one ETag' });
  if (none !== undefined && match !== undefined)
    throw new S3Error('InvalidRequest', { message: 'If-Match and If-None-Match cannot both hold' });
  if (none !== undefined) return { ifAbsent: true };
  return match === undefined ? {} : { ifMatch: match[0]! };
}

function matches(tags: readonly string[], etag: string | undefined): boolean {
  return tags.includes('*') || (etag !== undefined && tags.includes(etag));
}

function tagsOf(value: string | undefined): string[] | undefined {
  return value?.split(',').map((tag) => bareETag(tag.trim()) ?? '');
}
