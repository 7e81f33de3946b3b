/** Builds, signs and sends requests to one bucket, and turns refusals into errors. */
import { FerryError } from '../../model/errors.ts';
import type { Body } from '../../model/body.ts';
import { abortable } from '../../store/abort.ts';
import type { HttpClient, HttpResponse, Origin } from '../../wire/http/client.ts';
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from '../../wire/sigv4/canonical.ts';
import type { ServiceClock } from './clock.ts';
import type { BucketAddress } from './endpoint.ts';
import { MAX_ERROR_BODY, parseRefusal, toError, type Asked, type Refusal } from './errors.ts';
import type { S3Place } from './place.ts';
import { sha256Of } from './payload.ts';
import type { RequestSigner } from './signing.ts';

/** One request, as the operations describe it. */
export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Operation of the Store contract, for messages. */
  readonly operation: string;
  /** Relative key, for messages; absent for requests to the bucket. */
  readonly key?: string | undefined;
  /** Encoded path after the bucket: '' or `/…`. */
  readonly path: string;
  /** Canonical: encoded, sorted by name; '' where there is none. */
  readonly query: string;
  /** Names in lower case and values in turn, a character for each byte. */
  readonly headers: string[];
  readonly body?: Body | undefined;
  /** The body is a document of ours whose hash is signed, not data. */
  readonly document?: boolean | undefined;
  /** Never sent again unsaid (see `HttpRequest`): what readers may have seen in between. */
  readonly once?: boolean | undefined;
  /** To create only: a failed precondition means that something is there. */
  readonly ifAbsent?: boolean | undefined;
}

export interface RequesterOptions {
  readonly http: HttpClient;
  readonly signer: RequestSigner;
  readonly clock: ServiceClock;
  readonly place: S3Place;
  /** For messages. */
  readonly store: string;
  readonly payloadSigning: 'auto' | 'always' | 'never';
  readonly expectContinue: boolean;
  /** See `Preset.dirtyHead`. */
  readonly dirtyHead: boolean;
  /** Origin without host and port. */
  readonly connection: Pick<Origin, 'tls' | 'proxy' | 'timeouts'>;
}

/** Bodies over this size ask first, where `expectContinue`. */
const EXPECT_FROM = 1024 * 1024;

/**
 * Sends requests. A refusal that names its own cure is answered once each: another region (followed, and remembered), a
 * wrong clock (corrected, and remembered), expired credentials (renewed). Everything else rejects.
 */
export class S3Requester {
  readonly #options: RequesterOptions;
  #origin: Origin;
  #address: BucketAddress;

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#address = options.place.address(options.signer.region);
    this.#origin = this.#originOf(this.#address);
  }

  /** For messages. */
  get store(): string {
    return this.#options.store;
  }

  get bucket(): string {
    return this.#options.place.bucket;
  }

  get address(): BucketAddress {
    return this.#address;
  }

  /** Resolves with an answer of status 2xx. The caller reads its body. */
  async send(request: S3Request, signal?: AbortSignal): Promise<HttpResponse> {
    let cured = Cure.none;
    for (;;) {
      if (!this.#options.signer.ready) await abortable(this.#options.signer.prepare(), signal);
      const response = await this.#sendOnce(request, signal);
      const { clock } = this.#options;
      if (clock.seen === undefined || request.operation === 'list') clock.see(response.headers.get('date'));
      if (response.status >= 200 && response.status < 300) return response;
      const refusal = await this.#readRefusal(request, response);
      const cure = this.#cure(refusal, response) & ~cured;
      if (cure === Cure.none) throw this.#error(refusal, request);
      cured |= cure;
    }
  }

  /** An answer that says 200 and then refuses in its body, as CopyObject and CompleteMultipartUpload do. */
  refusedInBody(request: S3Request, response: HttpResponse, body: Uint8Array): FerryError | undefined {
    const refusal = parseRefusal(response.status, body, {}, 0);
    return refusal.code === undefined ? undefined : this.#error(refusal, request);
  }

  /** An answer that makes no sense for this request. */
  badResponse(request: S3Request, message: string, cause?: unknown): FerryError {
    const { operation, key } = request;
    return new FerryError('bad-response', { message, operation, key, store: this.#options.store, cause });
  }

  async #sendOnce(request: S3Request, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const { signer, http, place } = this.#options;
    const { base, hostHeader, pathStyle } = this.#address;
    const path = base + request.path || '/';
    const headers = ['host', hostHeader, ...request.headers];
    const added = signer.sign({
      method: request.method,
      path,
      query: request.query,
      resource: place.resource + (pathStyle ? request.path : request.path || '/'),
      headers,
      payloadHash: await this.#payloadHash(request, signal),
    });
    for (const text of added) headers.push(text);
    const body = request.body;
    const large = body !== undefined && (body instanceof Uint8Array ? body.byteLength : body.size) > EXPECT_FROM;
    return http.request(
      this.#origin,
      {
        method: request.method,
        target: request.query === '' ? path : `${path}?${request.query}`,
        headers,
        body,
        expectContinue: large && this.#options.expectContinue,
        once: request.once,
      },
      signal,
    );
  }

  #payloadHash(request: S3Request, signal: AbortSignal | undefined): string | Promise<string> {
    const { body } = request;
    if (body === undefined) return EMPTY_SHA256;
    const policy = this.#options.payloadSigning;
    if (policy === 'always' || (policy === 'auto' && request.document)) return sha256Of(body, signal);
    return UNSIGNED_PAYLOAD;
  }

  async #readRefusal(request: S3Request, response: HttpResponse): Promise<Refusal> {
    const { headers } = response;
    const body = await this.#errorBody(request, response);
    return parseRefusal(
      response.status,
      body,
      { region: headers.get('x-amz-bucket-region'), retryAfter: headers.get('retry-after') },
      this.#options.clock.now(),
    );
  }

  /** An error page that cannot be read is no worse than none: the status stands. */
  async #errorBody(request: S3Request, response: HttpResponse): Promise<Uint8Array> {
    if (request.method === 'HEAD') {
      if (this.#options.dirtyHead) response.body.cancel();
      else await response.body.discard();
      return NOTHING;
    }
    try {
      return await response.body.bytes(MAX_ERROR_BODY);
    } catch {
      response.body.cancel();
      return NOTHING;
    }
  }

  /** Puts right what the refusal says is wrong; tells what that was. */
  #cure(refusal: Refusal, response: HttpResponse): Cure {
    const { signer, clock } = this.#options;
    if (refusal.region !== undefined && refusal.region !== signer.region && isElsewhere(refusal)) {
      signer.region = refusal.region;
      this.#address = this.#options.place.address(refusal.region);
      this.#origin = this.#originOf(this.#address);
      return Cure.region;
    }
    const date = response.headers.get('date');
    // HEAD has no body to name the cause: a 403 whose Date is far from ours is taken for a wrong clock.
    const skewed = refusal.code === undefined ? refusal.status === 403 && clock.disagrees(date) : isSkew(refusal.code);
    if (skewed) return clock.learn(date) ? Cure.clock : Cure.none;
    if (isExpiry(refusal.code)) return signer.renew() ? Cure.credentials : Cure.none;
    return Cure.none;
  }

  #error(refusal: Refusal, request: S3Request): FerryError {
    const asked: Asked = {
      operation: request.operation,
      store: this.#options.store,
      bucket: this.bucket,
      key: request.key,
      ifAbsent: request.ifAbsent,
      skew: this.#options.clock.skew,
    };
    return toError(refusal, asked);
  }

  #originOf(address: BucketAddress): Origin {
    const { secure, host, port } = address;
    return { secure, host, port, ...this.#options.connection };
  }
}

/** What was put right, as bits: each is tried once a request. */
type Cure = number;
const Cure = { none: 0, region: 1, clock: 2, credentials: 4 } as const;

const NOTHING = new Uint8Array(0);

function isElsewhere({ status, code }: Refusal): boolean {
  if (status === 301 || status === 302 || status === 307 || status === 308) return true;
  return (
    code === 'AuthorizationHeaderMalformed' ||
    code === 'IllegalLocationConstraintException' ||
    code === 'InvalidRegion' ||
    (status === 400 && code === undefined)
  );
}

function isSkew(code: string): boolean {
  return code === 'RequestTimeTooSkewed' || code === 'AccessDeniedTimeTooSkewed' || code === 'RequestExpired';
}

function isExpiry(code: string | undefined): boolean {
  return code === 'ExpiredToken' || code === 'ExpiredTokenException' || code === 'TokenRefreshRequired';
}
