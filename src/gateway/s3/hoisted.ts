import type { HttpHeaders } from '../../wire/http/client.ts';
import type { ServerRequest } from '../../wire/http/server/server.ts';
import { isHoisted } from '../../wire/sigv4/received-v2.ts';
import type { S3Request } from './request.ts';

/**
 * A presigned request whose query holds headers (`x-amz-meta-colour=blue`): SDKs put them there, because who uses the
 * URL need not know them then. S3 takes them for headers, so they are.
 */
export function withHoistedHeaders(request: S3Request): S3Request {
  const hoisted = request.query.pairs.filter(([name]) => isHoisted(name) && !OF_THE_SIGNATURE.has(name.toLowerCase()));
  if (hoisted.length === 0) return request;
  const { http } = request;
  const headers = new MoreHeaders(http.headers, hoisted);
  const { method, target, host, body, from, secure } = http;
  const whole: ServerRequest = { method, target, host, headers, body, from, secure, signal: () => http.signal() };
  return { ...request, http: whole };
}

const OF_THE_SIGNATURE: ReadonlySet<string> = new Set([
  'x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-expires', 'x-amz-signedheaders', 'x-amz-signature',
  'x-amz-security-token', 'x-amz-content-sha256',
]); // prettier-ignore

/** A header that was sent as one wins: it is signed as one. */
class MoreHeaders implements HttpHeaders {
  readonly #sent: HttpHeaders;
  readonly #more: ReadonlyMap<string, string>;

  constructor(sent: HttpHeaders, more: readonly (readonly [name: string, value: string])[]) {
    this.#sent = sent;
    const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    this.#more = new Map(more.map(([name, value]) => [name.toLowerCase(), bytes(value)]));
  }

  get(name: string): string | undefined {
    return this.#sent.get(name) ?? this.#more.get(name);
  }

  *entries(): Generator<readonly [string, string]> {
    yield* this.#sent.entries();
    for (const [name, value] of this.#more) if (this.#sent.get(name) === undefined) yield [name, value];
  }
}
