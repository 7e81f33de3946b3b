import { FerryError } from '../../model/errors.ts';
import {
  ALGORITHM,
  UNSIGNED_PAYLOAD,
  canonicalHash,
  canonicalValue,
  credentialScope,
  signingKey,
  stringToSign,
} from './canonical.ts';
import { ChunkSigner } from './chunk-signer.ts';
import { canonicalQuery } from './encode.ts';
import { HmacSha256 } from './hmac.ts';
import { basicTimestamp } from './timestamp.ts';

export interface SigV4Options {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  /** `s3`. */
  readonly service: string;
}

export interface SignRequest {
  readonly method: string;
  /** Encoded path, from `uriEncode(…, true)`. */
  readonly path: string;
  /** From `canonicalQuery`; '' where there is none. */
  readonly query: string;
  /**
   * Names and values in turn, `Host` among them. All are signed but those something on the way may change (see
   * `UNSIGNED`). Characters of values are bytes (latin1), as the HTTP client sends them.
   */
  readonly headers: readonly string[];
  /** `UNSIGNED-PAYLOAD`, the hexadecimal SHA-256 of the body, or one of the `STREAMING-…` names. */
  readonly payloadHash: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface PresignRequest {
  /** `GET` where absent. */
  readonly method?: string | undefined;
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[] | undefined;
  /** Value of the `Host` header the URL will be asked with. */
  readonly host: string;
  /** How long the URL works; 1 to 604,800 seconds (a week). */
  readonly seconds: number;
  readonly now: number;
}

/** Longest life of a presigned URL, seconds. */
const WEEK = 604_800;

/** Headers that proxies and clients add or alter; signing them breaks requests (Google rewrites Accept-Encoding). */
const UNSIGNED: ReadonlySet<string> = new Set([
  'accept-encoding', 'authorization', 'connection', 'content-length', 'expect', 'transfer-encoding', 'user-agent',
  'x-amzn-trace-id',
]); // prettier-ignore

/**
 * Signs requests with AWS Signature Version 4. Some 3 µs for a signature.
 *
 * One signer serves any number of requests of one credential; it keeps the key of the day and the last second's
 * timestamp.
 */
export class SigV4Signer {
  readonly #options: SigV4Options;
  #second = Number.NaN;
  #timestamp = '';
  #day = '';
  #scope = '';
  #key: Buffer = Buffer.alloc(0);
  #hmac = new HmacSha256(this.#key);
  /** Lower-case names and values of the request being signed, in order of name. Kept to save allocations. */
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  constructor(options: SigV4Options) {
    this.#options = options;
  }

  /** The headers to add, names and values in turn: date, payload hash, session token, authorization. */
  sign(request: SignRequest): string[] {
    this.#setTime(request.now);
    const added = ['x-amz-date', this.#timestamp, 'x-amz-content-sha256', request.payloadHash];
    const token = this.#options.sessionToken;
    if (token !== undefined) added.push('x-amz-security-token', token);

    this.#names.length = 0;
    this.#values.length = 0;
    this.#collect(request.headers);
    this.#collect(added);
    let lines = '';
    for (let i = 0; i < this.#names.length; i++) lines += `${this.#names[i]}:${this.#values[i]}\n`;
    const names = this.#names.join(';');
    const canonical = `${request.method}\n${request.path}\n${request.query}\n${lines}\n${names}\n${request.payloadHash}`;

    const digest = canonicalHash(canonical);
    const signature = this.#hmac.hex(`${ALGORITHM}\n${this.#timestamp}\n${this.#scope}\n${digest}`);
    const credential = `${this.#options.accessKeyId}/${this.#scope}`;
    added.push('authorization', `${ALGORITHM} Credential=${credential},SignedHeaders=${names},Signature=${signature}`);
    return added;
  }

  /** The whole query string, signature included, of a URL that works without credentials for a while. */
  presign(request: PresignRequest): string {
    if (!Number.isInteger(request.seconds) || request.seconds < 1 || request.seconds > WEEK)
      throw new FerryError('configuration', { message: `A presigned URL lives 1 to ${WEEK} seconds` });
    this.#setTime(request.now);
    const pairs: (readonly [string, string])[] = [
      ...(request.query ?? []),
      ['X-Amz-Algorithm', ALGORITHM],
      ['X-Amz-Credential', `${this.#options.accessKeyId}/${this.#scope}`],
      ['X-Amz-Date', this.#timestamp],
      ['X-Amz-Expires', String(request.seconds)],
      ['X-Amz-SignedHeaders', 'host'],
    ];
    if (this.#options.sessionToken !== undefined) pairs.push(['X-Amz-Security-Token', this.#options.sessionToken]);
    const query = canonicalQuery(pairs);
    const method = request.method ?? 'GET';
    const canonical = `${method}\n${request.path}\n${query}\nhost:${request.host}\n\nhost\n${UNSIGNED_PAYLOAD}`;
    const signature = this.#hmac.hex(stringToSign(this.#timestamp, this.#scope, canonical));
    return `${query}&X-Amz-Signature=${signature}`;
  }

  /**
   * Signs the chunks of a body whose request was signed with a `STREAMING-AWS4-…` payload hash; `signed` is what
   * `sign` gave for it.
   */
  chunkSigner(signed: readonly string[]): ChunkSigner {
    const timestamp = signed[signed.indexOf('x-amz-date') + 1]!;
    const seed = signed[signed.indexOf('authorization') + 1]!.slice(-64);
    const day = timestamp.slice(0, 8);
    const { secretAccessKey, region, service } = this.#options;
    const key = day === this.#day ? this.#key : signingKey(secretAccessKey, day, region, service);
    return new ChunkSigner(key, timestamp, credentialScope(day, region, service), seed);
  }

  #setTime(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#timestamp = basicTimestamp(now);
    const day = this.#timestamp.slice(0, 8);
    if (day === this.#day) return;
    const { secretAccessKey, region, service } = this.#options;
    this.#day = day;
    this.#scope = credentialScope(day, region, service);
    this.#key = signingKey(secretAccessKey, day, region, service);
    this.#hmac = new HmacSha256(this.#key);
  }

  /** Inserts headers in order of name. A request has a dozen at most, where insertion beats any sort. */
  #collect(headers: readonly string[]): void {
    const names = this.#names;
    const values = this.#values;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i]!.toLowerCase();
      if (UNSIGNED.has(name)) continue;
      const value = canonicalValue(headers[i + 1]!);
      let at = names.length;
      while (at > 0 && names[at - 1]! > name) at--;
      if (at > 0 && names[at - 1] === name) {
        values[at - 1] += `,${value}`;
        continue;
      }
      names.push(name);
      values.push(value);
      for (let j = names.length - 1; j > at; j--) {
        names[j] = names[j - 1]!;
        values[j] = values[j - 1]!;
      }
      names[at] = name;
      values[at] = value;
    }
  }
}
