import type { ServerRequest } from '../../wire/http/server/server.ts';
import { keyBytes } from '../../model/key.ts';
import { S3Error } from './error.ts';

/** A request in the terms of S3. */
export interface S3Request {
  readonly http: ServerRequest;
  /** Tells requests apart in logs and answers. */
  readonly id: string;
  readonly method: string;
  /** Path as it came. */
  readonly path: string;
  /** The path with the bucket in it, also where that stands in the host. */
  readonly resource: string;
  readonly query: Query;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
}

/** Longest key, bytes. */
const LONGEST_KEY = 1024;
/** More parameters than this are nobody's. */
const MOST_PARAMETERS = 100;

/**
 * Finds bucket and key: in the path, or the bucket in the host where that is below one of `domains`. Throws
 * `InvalidURI`, `KeyTooLongError`.
 */
export function readRequest(http: ServerRequest, id: string, domains: readonly string[]): S3Request {
  const mark = http.target.indexOf('?');
  const path = mark < 0 ? http.target : http.target.slice(0, mark);
  const query = new Query(mark < 0 ? '' : http.target.slice(mark + 1));
  const inHost = bucketOfHost(http.host, domains);
  const slash = path.indexOf('/', 1);
  const first = inHost !== undefined ? inHost : decode(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const rest = inHost !== undefined ? path.slice(1) : slash < 0 ? '' : path.slice(slash + 1);
  const key = decode(rest);
  if (keyBytes(key) > LONGEST_KEY) throw new S3Error('KeyTooLongError');
  return {
    http,
    id,
    method: http.method,
    path,
    resource: inHost === undefined ? path : `/${inHost}${path}`,
    query,
    bucket: first === '' ? undefined : first,
    key: key === '' ? undefined : key,
  };
}

/** Parameters of a query, decoded; one without a value has ''. Names may come twice, the first counts. */
export class Query {
  readonly pairs: readonly (readonly [name: string, value: string])[];

  constructor(text: string) {
    this.pairs = text === '' ? NONE : parse(text);
  }

  get(name: string): string | undefined {
    for (const [other, value] of this.pairs) if (other === name) return value;
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** A whole number from `least` to `most`; undefined where the parameter is not there. */
  number(name: string, least: number, most: number): number | undefined {
    const text = this.get(name);
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (!/^\d{1,10}$/.test(text) || value < least || value > most)
      throw new S3Error('InvalidArgument', { message: `${name} is not a number from ${least} to ${most}` });
    return value;
  }
}

const NONE: readonly (readonly [string, string])[] = [];

function parse(text: string): (readonly [string, string])[] {
  const fields = text.split('&').filter((field) => field !== '');
  if (fields.length > MOST_PARAMETERS)
    throw new S3Error('InvalidURI', { message: 'The query has too many parameters' });
  return fields.map((field) => {
    const equals = field.indexOf('=');
    const [name, value] = equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
    return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))];
  });
}

/** `photos.s3.example.com` below `s3.example.com` is the bucket `photos`. */
export function bucketOfHost(host: string, domains: readonly string[]): string | undefined {
  if (domains.length === 0) return undefined;
  const name = host.replace(/:\d*$/, '').toLowerCase();
  for (const domain of domains) if (name.endsWith(`.${domain}`)) return name.slice(0, -domain.length - 1);
  return undefined;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new S3Error('InvalidURI', { cause: error });
  }
}
