/**
 * The S3 server: from a request to its answer. Reads what is asked for, proves who asks, finds the bucket, decides
 * whether it may be done, does it, and says what went wrong in S3's words.
 */
import type { HttpAnswer, HttpHandler, ServerRequest } from '../wire/http/server/server.ts';
import { REQUEST_CHANNEL, traceIdOf, Tracer, type RequestTrace } from '../observe/tracing.ts';
import { SignatureReader } from '../wire/sigv4/received.ts';
import { authenticate, type AuthenticationRules, type Identity } from './access/authenticate.ts';
import { mayUse, type Users } from './access/users.ts';
import type { Bucket, Buckets, ServedFrom } from './buckets.ts';
import { empty, xml } from './s3/answer.ts';
import type { BucketCall, Call } from './s3/call.ts';
import { corsHeaders, preflight } from './s3/cors.ts';
import { S3Error, toS3Error } from './s3/error.ts';
import { withHoistedHeaders } from './s3/hoisted.ts';
import { refuseUnoffered } from './s3/unoffered.ts';
import { operationOf, type Operation } from './s3/operations/table.ts';
import { isBucketName } from './buckets.ts';
import { bucketOfHost, readRequest, type S3Request } from './s3/request.ts';
import type { Notifications } from './notifications.ts';
import type { Traffic } from './traffic.ts';

export interface GatewayOptions {
  readonly users: Users;
  readonly buckets: Buckets;
  /** The one region requests are signed for. */
  readonly region: string;
  /** Hosts below these are buckets: `photos.s3.example.com` below `s3.example.com`. Lower case. */
  readonly domains: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Where stores tell of changes to their objects. */
  readonly notifications?: Notifications | undefined;
  /** Counts requests whose answer is not there yet. */
  readonly traffic?: Traffic | undefined;
  /** Told of every answer. */
  readonly log?: ((entry: AccessEntry) => void) | undefined;
}

/** One line of the access log. Holds no secrets: no signatures, no query. */
export interface AccessEntry {
  readonly id: string;
  readonly from: string;
  readonly user: string | undefined;
  /** Undefined where it is none, or was not found out. */
  readonly operation: string | undefined;
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly status: number;
  readonly error: S3Error | undefined;
  /** Bytes of the answer's body, where known. */
  readonly bytes: number | undefined;
  readonly milliseconds: number;
  readonly servedFrom: ServedFrom;
  /** Of the client's `traceparent`. */
  readonly traceId: string | undefined;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #rules: AuthenticationRules;
  readonly #tracer = new Tracer<RequestTrace>(REQUEST_CHANNEL);
  #requests = 0;
  #ready = true;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { users, region, now } = options;
    this.#rules = { users, region, now, signatures: new SignatureReader() };
  }

  readonly handler: HttpHandler = async (http) => {
    if (http.target === '/healthz') return empty(200);
    if (http.target === '/readyz') return empty(this.#ready ? 200 : 503);
    const sent = http.headers.get('traceparent');
    const traceId = sent === undefined ? undefined : traceIdOf(sent);
    const traceparent = traceId === undefined ? undefined : sent;
    const trace: RequestTrace = { server: 'gateway', method: http.method, traceparent };
    return await this.#tracer.run(trace, () => this.#answered(http, trace, traceId));
  };

  async #answered(http: ServerRequest, trace: RequestTrace, traceId: string | undefined): Promise<HttpAnswer> {
    const began = this.#options.now();
    const id = (++this.#requests).toString(16).padStart(16, '0').toUpperCase();
    const outcome = new Outcome();
    let answer: HttpAnswer;
    this.#options.traffic?.begin();
    try {
      answer = await this.#answer(http, id, outcome);
    } catch (thrown) {
      outcome.error = toS3Error(thrown);
      answer = errorAnswer(outcome.error, http, id);
    } finally {
      this.#options.traffic?.end();
    }
    const headers = ['x-amz-request-id', id, 'Server', 'Ferry', ...outcome.cors, ...answer.headers];
    this.#options.log?.({
      id,
      from: http.from,
      user: outcome.identity?.user?.name,
      operation: outcome.operation,
      method: http.method,
      bucket: outcome.request?.bucket,
      key: outcome.request?.key,
      status: answer.status,
      error: outcome.error,
      bytes: sizeOf(answer),
      milliseconds: this.#options.now() - began,
      servedFrom: outcome.servedFrom,
      traceId,
    });
    trace.operation = outcome.operation;
    trace.status = answer.status;
    return { status: answer.status, headers, body: answer.body, length: answer.length, sent: answer.sent };
  }

  /** Load balancers are to send nothing more here. */
  retire(): void {
    this.#ready = false;
  }

  async #answer(http: ServerRequest, id: string, outcome: Outcome): Promise<HttpAnswer> {
    const { region, domains, buckets, now, notifications } = this.#options;
    if (notifications?.takes(http) && bucketOfHost(http.host, domains) === undefined) {
      outcome.operation = 'Notification';
      return await notifications.receive(http);
    }
    const received = readRequest(http, id, domains);
    outcome.request = received;
    const bucket = received.bucket === undefined ? undefined : buckets.find(received.bucket);
    if (bucket !== undefined) outcome.cors = corsHeaders(received, bucket.cors);
    if (http.method === 'OPTIONS') return preflight(received, bucket?.cors ?? []);
    const identity = authenticate(received, this.#rules);
    outcome.identity = identity;
    const request = identity.presigned ? withHoistedHeaders(received) : received;
    const operation = operationOf(request);
    outcome.operation = operation?.name;
    if (operation === undefined) throw unknownOperation(request);
    refuseUnoffered(request);
    const served = (from: ServedFrom): void => void (outcome.servedFrom = from);
    const call: Call = { request, identity, buckets, region, now, served };
    if (operation.on === 'service' || operation.on === 'new-bucket') {
      allow(identity, request.bucket, operation);
      return await operation.run(call);
    }
    const found = allowedBucket(identity, request.bucket!, bucket, operation);
    checkOwner(found, request.http.headers.get('x-amz-expected-bucket-owner'));
    const readable = (name: string): Bucket => {
      const source = allowedBucket(identity, name, buckets.find(name), { needs: 'read', anybody: true });
      checkOwner(source, request.http.headers.get('x-amz-source-expected-bucket-owner'));
      return source;
    };
    const bucketCall: BucketCall = { ...call, bucket: found, readable };
    return operation.on === 'bucket'
      ? await operation.run(bucketCall)
      : await operation.run({ ...bucketCall, key: request.key! });
  }
}

/** What becomes known of a request on the way. */
class Outcome {
  request: S3Request | undefined;
  identity: Identity | undefined;
  operation: string | undefined;
  error: S3Error | undefined;
  cors: readonly string[] = [];
  servedFrom: ServedFrom = 'store';
}

function allow({ user }: Identity, bucket: string | undefined, { needs }: Pick<Operation, 'needs'>): void {
  if (user === undefined) throw new S3Error('AccessDenied');
  if (needs === 'write' && user.readOnly) throw new S3Error('AccessDenied', { message: 'This user may only read' });
  if (bucket !== undefined && !mayUse(user, bucket)) throw new S3Error('AccessDenied');
}

/** The bucket, if this may be done in it. To those who may not know, a bucket that is there looks like any other. */
function allowedBucket(
  identity: Identity,
  name: string,
  bucket: Bucket | undefined,
  operation: Pick<Operation, 'needs' | 'anybody'>,
): Bucket {
  if (bucket === undefined && !isBucketName(name)) throw new S3Error('InvalidBucketName');
  const open = operation.anybody === true && bucket?.anonymousRead === true;
  if (!open) {
    allow(identity, name, operation);
    if (bucket !== undefined && bucket.tenant !== identity.user!.tenant) throw new S3Error('AccessDenied');
  }
  if (bucket === undefined) throw new S3Error('NoSuchBucket', { more: [['BucketName', name]] });
  return bucket;
}

/** Who says whose bucket it has to be is not served from somebody else's. */
function checkOwner({ tenant }: Bucket, expected: string | undefined): void {
  if (expected !== undefined && expected !== tenant)
    throw new S3Error('AccessDenied', { message: 'The bucket belongs to somebody else than expected' });
}

function unknownOperation({ method }: S3Request): S3Error {
  return ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(method)
    ? new S3Error('NotImplemented')
    : new S3Error('MethodNotAllowed');
}

function errorAnswer(error: S3Error, http: ServerRequest, id: string): HttpAnswer {
  if (http.method === 'HEAD' || error.status === 304) return empty(error.status, error.headers);
  const mark = http.target.indexOf('?');
  const resource = mark < 0 ? http.target : http.target.slice(0, mark);
  return xml(error.document(resource, id), error.headers, error.status);
}

function sizeOf({ body }: HttpAnswer): number | undefined {
  if (body === undefined) return 0;
  if (body instanceof Uint8Array) return body.length;
  return 'size' in body ? body.size : undefined;
}
