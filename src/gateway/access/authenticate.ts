import type { ChunkSigner } from '../../wire/sigv4/chunk-signer.ts';
import {
  receivedDigests,
  unsignedHeader,
  type ReceivedSignature,
  type SignatureReader,
  type SignedRequest,
} from '../../wire/sigv4/received.ts';
import { receivedV2, receivedV2ToSign } from '../../wire/sigv4/received-v2.ts';
import { S3Error } from '../s3/error.ts';
import { withHoistedHeaders } from '../s3/hoisted.ts';
import type { S3Request } from '../s3/request.ts';
import type { KnownUser, User, Users } from './users.ts';

/** Who asks, as far as is proved. */
export interface Identity {
  /** Undefined: nobody in particular. */
  readonly user: User | undefined;
  /** What `x-amz-content-sha256` says of the body, which the signature covers; undefined where it says nothing. */
  readonly payload: string | undefined;
  /** The signature is in the query: whoever was given the URL may use it. */
  readonly presigned: boolean;
  /** Checks the chunks of a body that is signed in chunks. */
  chunkSigner?(): ChunkSigner;
}

export interface AuthenticationRules {
  readonly users: Users;
  readonly signatures: SignatureReader;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How far the clocks of client and server may be apart, milliseconds. As S3. */
const SKEW = 15 * 60 * 1000;

const ANONYMOUS: Identity = { user: undefined, payload: undefined, presigned: false };

/** Proves who asks. Throws `S3Error` where a signature is there and not right; no signature is nobody. */
export function authenticate(request: S3Request, rules: AuthenticationRules): Identity {
  const { http, method, path, query } = request;
  const signed: SignedRequest = { method, path, query: query.pairs, headers: http.headers, host: http.host };
  const received = rules.signatures.read(signed);
  if (received === undefined)
    return byVersion2(request, signed, rules) ?? { ...ANONYMOUS, payload: http.headers.get('x-amz-content-sha256') };
  if ('malformed' in received) throw unreadable(http.headers.get('authorization') === undefined, received.malformed);
  checkScope(received, rules.region);
  checkTime(received, rules.now());
  const known = rules.users.find(received.accessKeyId);
  if (known === undefined) throw new S3Error('InvalidAccessKeyId');
  checkSignature(signed, received, known);
  const loose = unsignedHeader(http.headers, received.signedHeaders);
  // A presigned URL may be asked for with the payload hash its client adds.
  if (loose !== undefined && !(received.expires !== undefined && loose === 'x-amz-content-sha256'))
    throw new S3Error('AccessDenied', { message: `The header ${loose} has to be signed` });
  if (received.expires === undefined && received.payload === undefined)
    throw new S3Error('InvalidRequest', { message: 'The header x-amz-content-sha256 is missing' });
  return {
    user: known.user,
    payload: received.payload,
    presigned: received.expires !== undefined,
    chunkSigner: () => known.keys.chunkSigner(received),
  };
}

/** A URL presigned with Version 2. It covers a part of the query only: what it does not cover is refused. */
function byVersion2(request: S3Request, signed: SignedRequest, rules: AuthenticationRules): Identity | undefined {
  const received = receivedV2(signed);
  if (received === undefined) return undefined;
  if ('malformed' in received) throw unreadable(true, received.malformed);
  if (received.unsigned !== undefined)
    throw new S3Error('AccessDenied', {
      message: `The signature does not cover the parameter ${JSON.stringify(received.unsigned)}; use Signature Version 4`,
    });
  if (rules.now() > received.expires) throw expired();
  const known = rules.users.find(received.accessKeyId);
  if (known === undefined) throw new S3Error('InvalidAccessKeyId');
  const { headers } = withHoistedHeaders(request).http;
  const toSign = receivedV2ToSign({ ...signed, headers }, received, request.resource);
  if (!known.keys.verifyV2(toSign, received.signature)) throw new S3Error('SignatureDoesNotMatch');
  return { user: known.user, payload: headers.get('x-amz-content-sha256'), presigned: true };
}

function checkScope(received: ReceivedSignature, region: string): void {
  const presigned = received.expires !== undefined;
  if (received.service !== 's3') throw unreadable(presigned, 'The signature is for another service than s3');
  if (received.region === region) return;
  const code = presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed';
  const message = `The signature is for the region ${JSON.stringify(received.region)}; this is ${region}`;
  throw new S3Error(code, { message, more: [['Region', region]] });
}

function checkTime({ time, expires }: ReceivedSignature, now: number): void {
  if (expires === undefined) {
    if (Math.abs(now - time) <= SKEW) return;
    throw new S3Error('RequestTimeTooSkewed', {
      more: [
        ['ServerTime', new Date(now).toISOString()],
        ['MaxAllowedSkewMilliseconds', String(SKEW)],
      ],
    });
  }
  if (time - now > SKEW) throw new S3Error('AccessDenied', { message: 'The URL is not valid yet' });
  if (now > time + expires * 1000) throw expired();
}

function expired(): S3Error {
  return new S3Error('AccessDenied', { message: 'The URL has expired' });
}

function checkSignature(signed: SignedRequest, received: ReceivedSignature, { keys }: KnownUser): void {
  for (const digest of receivedDigests(signed, received)) if (keys.verify(received, digest)) return;
  throw new S3Error('SignatureDoesNotMatch');
}

function unreadable(presigned: boolean, message: string): S3Error {
  return new S3Error(presigned ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed', { message });
}
