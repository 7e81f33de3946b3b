/**
 * The signature of a request as a server finds it: in the `Authorization` header or in the query of a presigned URL.
 * Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
 */
import type { HttpHeaders } from '../http/client.ts';
import { ALGORITHM, UNSIGNED_PAYLOAD, canonicalHash, canonicalTextHash, canonicalValue } from './canonical.ts';
import { canonicalQuery, uriEncode } from './encode.ts';
import { parseBasicTimestamp } from './timestamp.ts';

/** What a request says of its signature. Nothing in it is to be believed before `SigningKeys.verify`. */
export interface ReceivedSignature {
  readonly accessKeyId: string;
  /** `YYYYMMDD` of the scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly timestamp: string;
  /** The timestamp in milliseconds since the epoch. */
  readonly time: number;
  /** Lower-case names, as signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `x-amz-content-sha256`; undefined where the header is missing. Presigned: `UNSIGNED-PAYLOAD` where absent. */
  readonly payload: string | undefined;
  /** Seconds a presigned URL lives. */
  readonly expires: number | undefined;
}

export type Malformed = { readonly malformed: string };

/** What is signed: the request line and the headers, as they came. */
export interface SignedRequest {
  readonly method: string;
  /** Path as on the request line. */
  readonly path: string;
  /** Decoded query. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: HttpHeaders;
  /** The `Host` header. */
  readonly host: string;
}

/** Reads signatures. Clients repeat themselves: what was read of a credential, a list of headers, a date is kept. */
export class SignatureReader {
  readonly #scopes = new Map<string, Scope | Malformed>();
  #date = '';
  #time: number | undefined;

  /** Undefined: the request is not signed (or not with Signature Version 4). */
  read(request: SignedRequest): ReceivedSignature | Malformed | undefined {
    const authorization = request.headers.get('authorization');
    const presigned = request.query.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm');
    if (authorization !== undefined && presigned) return malformed('It is signed both in its header and in its query');
    if (presigned) return this.#inQuery(request);
    return authorization === undefined ? undefined : this.#inHeader(authorization, request.headers);
  }

  #inHeader(authorization: string, headers: HttpHeaders): ReceivedSignature | Malformed {
    if (!authorization.startsWith('AWS4-')) return malformed('Only Signature Version 4 (AWS4-HMAC-SHA256) is accepted');
    const signature = authorization.slice(-SIGNATURE);
    if (!HEX_SIGNATURE.test(signature)) return malformed('The Authorization header cannot be read');
    const scope = this.#kept(authorization.slice(0, -SIGNATURE), headerScope);
    const common = this.#dated(scope, headers.get('x-amz-date') ?? headers.get('date'));
    if ('malformed' in common) return common;
    return { ...common, signature, payload: headers.get('x-amz-content-sha256'), expires: undefined };
  }

  #inQuery({ query, headers }: SignedRequest): ReceivedSignature | Malformed {
    const values = new Map<string, string>();
    for (const [name, value] of query) {
      if (!name.startsWith('X-Amz-')) continue;
      if (values.has(name)) return malformed(`${name} is given twice`);
      values.set(name, value);
    }
    if (values.get('X-Amz-Algorithm') !== ALGORITHM) return malformed(`X-Amz-Algorithm is not ${ALGORITHM}`);
    const signature = values.get('X-Amz-Signature') ?? '';
    const seconds = values.get('X-Amz-Expires') ?? '';
    if (!HEX_SIGNATURE.test(signature)) return malformed('X-Amz-Signature is no signature');
    if (!/^\d{1,6}$/.test(seconds) || Number(seconds) < 1 || Number(seconds) > WEEK)
      return malformed(`X-Amz-Expires is not between 1 and ${WEEK} seconds`);
    const signedHeaders = values.get('X-Amz-SignedHeaders') ?? '';
    const credential = values.get('X-Amz-Credential') ?? '';
    // Begins as no header does: what strangers put into a query must not stand for somebody's header,
    // nor for another credential with other headers.
    const scope = this.#kept(`?${credential.length} ${credential}${signedHeaders}`, () =>
      readScope(credential, signedHeaders),
    );
    const common = this.#dated(scope, values.get('X-Amz-Date'));
    if ('malformed' in common) return common;
    const payload = values.get('X-Amz-Content-Sha256') ?? headers.get('x-amz-content-sha256') ?? UNSIGNED_PAYLOAD;
    return { ...common, signature, payload, expires: Number(seconds) };
  }

  #dated(scope: Scope | Malformed, date: string | undefined): Dated | Malformed {
    if ('malformed' in scope) return scope;
    const time = date === undefined ? undefined : this.#timeOf(date);
    if (time === undefined) return malformed('The request has no date like 20130524T000000Z');
    const { accessKeyId, day, region, service, signedHeaders } = scope;
    if (!date!.startsWith(day)) return malformed('The date of the credential is not that of the request');
    return { accessKeyId, day, region, service, timestamp: date!, time, signedHeaders };
  }

  /** What a text says, which clients send with every request of a day. */
  #kept(text: string, read: (text: string) => Scope | Malformed): Scope | Malformed {
    const known = this.#scopes.get(text);
    if (known !== undefined) return known;
    const scope = read(text);
    if (text.length > LONGEST_SCOPE) return scope;
    if (this.#scopes.size >= MOST_SCOPES) this.#scopes.clear();
    this.#scopes.set(text, scope);
    return scope;
  }

  #timeOf(date: string): number | undefined {
    if (date !== this.#date) {
      this.#time = parseBasicTimestamp(date);
      this.#date = date;
    }
    return this.#time;
  }
}

/** Strangers can send any: what is kept of them is bounded. */
const MOST_SCOPES = 256;
const LONGEST_SCOPE = 1024;

/**
 * Digests of the canonical request, any of which may be what was signed; the likeliest first. Clients sign another
 * spelling of the path than they send, or the UTF-8 of a header they send in latin1.
 */
export function* receivedDigests(request: SignedRequest, received: ReceivedSignature): Generator<string> {
  yield* digestsOf(canonicalOf(request, received, request.path));
  const respelt = canonicalPath(request.path);
  if (respelt !== undefined && respelt !== request.path) yield* digestsOf(canonicalOf(request, received, respelt));
}

function* digestsOf(canonical: string): Generator<string> {
  yield canonicalHash(canonical);
  if (NOT_ASCII.test(canonical)) yield canonicalTextHash(canonical);
}

const NOT_ASCII = /[\u0080-\u00ff]/;

function canonicalOf(request: SignedRequest, received: ReceivedSignature, path: string): string {
  const query =
    received.expires === undefined ? request.query : request.query.filter(([name]) => name !== 'X-Amz-Signature');
  let lines = '';
  for (const name of received.signedHeaders) lines += `${name}:${signedValue(request, name)}\n`;
  const names = received.signedHeaders.join(';');
  const payload = received.payload ?? UNSIGNED_PAYLOAD;
  return `${request.method}\n${path}\n${canonicalQuery(query)}\n${lines}\n${names}\n${payload}`;
}

/** The path as Signature V4 wants it spelt. Undefined where it is no UTF-8. */
function canonicalPath(path: string): string | undefined {
  try {
    return uriEncode(decodeURIComponent(path), true);
  } catch {
    return undefined;
  }
}

/** A header of S3 that changes what the request does and is not signed; undefined where all are. */
export function unsignedHeader(headers: HttpHeaders, signedHeaders: readonly string[]): string | undefined {
  for (const [name] of headers.entries()) if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) return name;
  return undefined;
}

function signedValue({ headers, host }: SignedRequest, name: string): string {
  if (name === 'host') return canonicalValue(host);
  let joined: string | undefined;
  for (const [other, value] of headers.entries())
    if (other === name) joined = joined === undefined ? canonicalValue(value) : `${joined},${canonicalValue(value)}`;
  return joined ?? '';
}

/** Characters of a signature, at the end of the header. */
const SIGNATURE = 64;
const HEX_SIGNATURE = /^[0-9a-f]{64}$/;
const BEFORE_SIGNATURE = /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=$/;

const WEEK = 604_800;

type Scope = Pick<ReceivedSignature, 'accessKeyId' | 'day' | 'region' | 'service' | 'signedHeaders'>;
type Dated = Omit<ReceivedSignature, 'signature' | 'payload' | 'expires'>;

function headerScope(text: string): Scope | Malformed {
  const match = BEFORE_SIGNATURE.exec(text);
  return match === null ? malformed('The Authorization header cannot be read') : readScope(match[1]!, match[2]!);
}

function readScope(credential: string, signedHeaders: string): Scope | Malformed {
  // Access keys may hold slashes; the scope behind them has four fields.
  const fields = credential.split('/');
  const [day, region, service, end] = fields.slice(-4);
  const accessKeyId = fields.slice(0, -4).join('/');
  if (accessKeyId === '' || end !== 'aws4_request' || !/^\d{8}$/.test(day!) || region === '' || service === '')
    return malformed('The credential is not KEY/DATE/REGION/s3/aws4_request');
  const names = signedHeaders.split(';');
  if (!names.includes('host')) return malformed('The Host header is not signed');
  if (names.some((name, i) => !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || (i > 0 && names[i - 1]! >= name)))
    return malformed('The signed headers are not in order, or not in lower case');
  return { accessKeyId, day: day!, region: region!, service: service!, signedHeaders: names };
}

function malformed(reason: string): Malformed {
  return { malformed: reason };
}
