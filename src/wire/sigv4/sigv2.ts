import { createHmac } from 'node:crypto';
import { httpDate } from '../http-date.ts';

export interface SigV2Options {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SigV2Request {
  readonly method: string;
  /** `/bucket/key` encoded as on the wire, with the bucket also where the host name holds it; `/` for the service. */
  readonly resource: string;
  /** Decoded query parameters; only the sub-resources among them are signed. */
  readonly query: readonly (readonly [string, string])[];
  /** Names and values in turn. Characters of values are bytes (latin1), as the HTTP client sends them. */
  readonly headers: readonly string[];
  readonly now: number;
}

/** Query parameters that are part of the resource. Source: "Signing and authenticating REST requests", S3 user guide. */
const SUB_RESOURCES: ReadonlySet<string> = new Set([
  'acl', 'cors', 'delete', 'lifecycle', 'location', 'logging', 'notification', 'partNumber', 'policy', 'requestPayment',
  'response-cache-control', 'response-content-disposition', 'response-content-encoding', 'response-content-language',
  'response-content-type', 'response-expires', 'restore', 'tagging', 'torrent', 'uploadId', 'uploads', 'versionId',
  'versioning', 'versions', 'website',
]); // prettier-ignore

/** The retired AWS Signature Version 2 (HMAC-SHA-1), for old Ceph, Eucalyptus and Swift that know nothing else. */
export class SigV2Signer {
  readonly #options: SigV2Options;

  constructor(options: SigV2Options) {
    this.#options = options;
  }

  /** The headers to add, names and values in turn: date, session token, authorization. */
  sign(request: SigV2Request): string[] {
    const given = lowerCased(request.headers);
    const added: string[] = [];
    if (!given.has('date') && !given.has('x-amz-date')) added.push('date', httpDate(request.now));
    if (this.#options.sessionToken !== undefined) added.push('x-amz-security-token', this.#options.sessionToken);
    const toSign = sigV2StringToSign({ ...request, headers: [...request.headers, ...added] });
    const signature = createHmac('sha1', this.#options.secretAccessKey).update(toSign, 'latin1').digest('base64');
    added.push('authorization', `AWS ${this.#options.accessKeyId}:${signature}`);
    return added;
  }
}

/** Whether a parameter is part of the resource, and so signed. */
export function isSubResource(name: string): boolean {
  return SUB_RESOURCES.has(name);
}

/**
 * What is signed; also for a server that verifies. Where `x-amz-date` is given the `Date` line is empty; in presigned
 * URLs it holds when they expire: `expires`.
 */
export function sigV2StringToSign(request: Omit<SigV2Request, 'now'>, expires?: string): string {
  const headers = lowerCased(request.headers);
  const amz = [...headers.keys()].filter((name) => name.startsWith('x-amz-')).sort();
  const date = expires ?? (headers.has('x-amz-date') ? '' : (headers.get('date') ?? ''));
  const lines = amz.map((name) => `${name}:${headers.get(name)}\n`).join('');
  const plain = [request.method, headers.get('content-md5') ?? '', headers.get('content-type') ?? '', date];
  return `${plain.join('\n')}\n${lines}${request.resource}${subResources(request.query)}`;
}

/** Sub-resources in order of name; values are not encoded. */
function subResources(query: SigV2Request['query']): string {
  const chosen = query.filter(([name]) => SUB_RESOURCES.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (chosen.length === 0) return '';
  return `?${chosen.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&')}`;
}

/** Values by lower-case name; of a repeated header joined by commas. Folded lines do not occur. */
function lowerCased(headers: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    const before = map.get(name);
    const value = headers[i + 1]!.trim();
    map.set(name, before === undefined ? value : `${before},${value}`);
  }
  return map;
}
