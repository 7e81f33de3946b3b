/**
 * Errors as S3 clients know them. Clients decide by code and status whether to try again and what to say, so both are
 * S3's own. Source: "Error responses", Amazon S3 API Reference. The words are ours.
 */
import { FerryError, isFerryError, type ErrorCode } from '../../model/errors.ts';
import { AnswerAs } from '../answer-as.ts';
import { textElement, XML_DECLARATION } from '../../wire/xml/write.ts';

const ERRORS = {
  AccessDenied: [403, 'Access is denied.'],
  AuthorizationHeaderMalformed: [400, 'The signature of the request cannot be read.'],
  AuthorizationQueryParametersError: [400, 'The signature in the query cannot be read.'],
  BadDigest: [400, 'The body does not match the checksum sent with it.'],
  BucketAlreadyExists: [409, 'A bucket of this name exists and belongs to somebody else.'],
  BucketAlreadyOwnedByYou: [409, 'You have a bucket of this name already.'],
  BucketNotEmpty: [409, 'The bucket is not empty.'],
  ConditionalRequestConflict: [409, 'Another request on this object came between; try again.'],
  Found: [302, 'The object is elsewhere.'],
  EntityTooLarge: [400, 'The object is larger than may be stored.'],
  EntityTooSmall: [400, 'A part but the last is smaller than parts may be.'],
  ExpiredToken: [400, 'The token has expired.'],
  IncompleteBody: [400, 'The body ended before all bytes that were announced had come.'],
  InternalError: [500, 'Something went wrong here; try again.'],
  InvalidAccessKeyId: [403, 'The access key is not known here.'],
  InvalidArgument: [400, 'A parameter of the request cannot be used.'],
  InvalidBucketName: [400, 'This is no name for a bucket.'],
  InvalidDigest: [400, 'The checksum sent with the body is none.'],
  InvalidPart: [400, 'A part that was named was not uploaded, or has another ETag.'],
  InvalidPartNumber: [416, 'The object has fewer parts.'],
  InvalidPartOrder: [400, 'Parts have to be named in ascending order.'],
  InvalidRange: [416, 'The object does not reach into the range asked for.'],
  InvalidRequest: [400, 'The request cannot be carried out.'],
  InvalidTag: [400, 'A tag is too long, given twice, or holds characters tags cannot hold.'],
  InvalidURI: [400, 'The path of the request cannot be decoded.'],
  KeyTooLongError: [400, 'The key is longer than 1024 bytes.'],
  MalformedXML: [400, 'The XML of the request is not well-formed, or not what this operation takes.'],
  MetadataTooLarge: [400, 'The metadata is larger than can be stored.'],
  MethodNotAllowed: [405, 'This cannot be done here.'],
  MissingContentLength: [411, 'The length of the body has to be announced.'],
  NoSuchBucket: [404, 'There is no such bucket.'],
  NoSuchCORSConfiguration: [404, 'The bucket has no CORS configuration.'],
  NoSuchKey: [404, 'There is no object of this key.'],
  NoSuchTagSet: [404, 'There are no tags.'],
  NoSuchUpload: [404, 'There is no such upload in parts; it may have been completed or aborted.'],
  NotImplemented: [501, 'This operation, or an option of it, is not offered here.'],
  NotModified: [304, 'Not modified.'],
  PreconditionFailed: [412, 'A condition of the request does not hold.'],
  RequestTimeout: [400, 'Nothing came for too long.'],
  RequestTimeTooSkewed: [403, 'The time of the request differs too much from that of this server.'],
  SignatureDoesNotMatch: [403, 'The signature is not that of this request with this key.'],
  ServiceUnavailable: [503, 'Not available at the moment; try again.'],
  SlowDown: [503, 'Please ask more slowly; try again.'],
  XAmzContentSHA256Mismatch: [400, 'The body does not match x-amz-content-sha256.'],
} as const satisfies Record<string, readonly [status: number, message: string]>; // prettier-ignore

export type S3ErrorCode = keyof typeof ERRORS;

export interface S3ErrorDetails {
  readonly message?: string | undefined;
  /** Elements beside Code and Message, such as `Region`. */
  readonly more?: readonly (readonly [name: string, text: string])[] | undefined;
  readonly headers?: readonly string[] | undefined;
  readonly cause?: unknown;
}

export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: S3ErrorCode;
  readonly status: number;
  readonly more: readonly (readonly [string, string])[];
  readonly headers: readonly string[];

  constructor(code: S3ErrorCode, details: S3ErrorDetails = {}) {
    const [status, message] = ERRORS[code];
    super(details.message ?? message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = status;
    this.more = details.more ?? [];
    this.headers = details.headers ?? [];
  }

  /** The document S3 sends. */
  document(resource: string, requestId: string): string {
    let elements = textElement('Code', this.code) + textElement('Message', this.message);
    for (const [name, text] of this.more) elements += textElement(name, text);
    elements += textElement('Resource', resource) + textElement('RequestId', requestId);
    return `${XML_DECLARATION}<Error>${elements}</Error>`;
  }
}

/**
 * What a failure of the store behind means to a client. Where the truth cannot be read or written the answer is 503:
 * never a guess, and never a 404 that nobody confirmed.
 */
export function toS3Error(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown;
  if (thrown instanceof AnswerAs) return new S3Error(thrown.answer, { headers: thrown.headers, cause: thrown });
  if (!(thrown instanceof FerryError)) return new S3Error('InternalError', { cause: thrown });
  const code = MEANINGS.get(thrown.code) ?? 'ServiceUnavailable';
  const told = TOLD.has(code) ? thrown.message : undefined;
  return new S3Error(code, { cause: thrown, message: told });
}

const MEANINGS: ReadonlyMap<ErrorCode, S3ErrorCode> = new Map([
  ['not-found', 'NoSuchKey'],
  ['no-such-bucket', 'NoSuchBucket'],
  ['no-such-directory', 'NoSuchBucket'],
  ['already-exists', 'PreconditionFailed'],
  ['changed', 'PreconditionFailed'],
  ['short-read', 'IncompleteBody'],
  ['wrong-checksum', 'BadDigest'],
  ['bad-key', 'InvalidArgument'],
  ['path-conflict', 'InvalidArgument'],
  ['too-large', 'EntityTooLarge'],
  ['metadata-too-large', 'MetadataTooLarge'],
  ['unsupported', 'NotImplemented'],
  ['throttled', 'SlowDown'],
]);

/** Where the store's own words help a client, and hold nothing it may not know. */
const TOLD: ReadonlySet<S3ErrorCode> = new Set(['InvalidArgument', 'NotImplemented', 'EntityTooLarge']);

/** The same where what is not there is an upload, or a part of one. */
export function uploadError(thrown: unknown): S3Error {
  return isFerryError(thrown, 'not-found') ? new S3Error('NoSuchUpload', { cause: thrown }) : toS3Error(thrown);
}
