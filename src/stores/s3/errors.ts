/** What S3 services answer when they refuse, as Ferry's errors. */
import { FerryError, type ErrorCode, type ErrorDetails, type Retryable } from '../../model/errors.ts';
import { parseRetryAfter } from '../../wire/retry-after.ts';
import { parseErrorDocument } from '../../wire/xml/error-document.ts';

/** What an answer said of why it refused; every field as far as it was told. */
export interface Refusal {
  readonly status: number;
  /** S3 error code. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** Region the bucket is in. */
  readonly region?: string | undefined;
  readonly requestId?: string | undefined;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
}

/** What was asked, as far as it changes what a refusal means. */
export interface Asked {
  readonly operation: string;
  readonly store: string;
  readonly bucket: string;
  /** Absent for requests to the bucket itself: a bare 404 then means the bucket. */
  readonly key?: string | undefined;
  /** The request was to create only: a failed precondition means that something is there. */
  readonly ifAbsent?: boolean | undefined;
  /** By how much the clock was already corrected, milliseconds. */
  readonly skew: number;
}

/** Error bodies are a few hundred bytes; a proxy's page may be longer. */
export const MAX_ERROR_BODY = 64 * 1024;

/** Longest `Retry-After` that is believed, milliseconds. */
const MAX_WAIT = 3_600_000;

/** Reads an answer that refuses. Its body need not be XML: proxies and balancers answer in the service's place. */
export function parseRefusal(
  status: number,
  body: Uint8Array,
  headers: { readonly region?: string | undefined; readonly retryAfter?: string | undefined },
  now: number,
): Refusal {
  const wait = parseRetryAfter(headers.retryAfter, now);
  const document = body.byteLength === 0 ? undefined : parseErrorDocument(body);
  return {
    status,
    code: document?.code || undefined,
    message: document?.message || undefined,
    region: headers.region ?? (document?.region || undefined),
    requestId: document?.requestId || undefined,
    retryAfter: wait === undefined ? undefined : Math.min(wait, MAX_WAIT),
  };
}

export function toError(refusal: Refusal, asked: Asked): FerryError {
  const entry = entryOf(refusal, asked);
  const said = refusal.code ?? `status ${refusal.status}`;
  let detail =
    refusal.message === undefined || refusal.message === said ? said : `${said}: ${shorten(refusal.message)}`;
  if (entry.code === 'clock-skew' && asked.skew !== 0) {
    detail += ` (with the clock already corrected by ${Math.round(asked.skew / 1000)} s)`;
  }
  const refused = `${asked.operation} was refused with ${detail}`;
  const details: ErrorDetails = {
    message: entry.code === 'no-such-bucket' ? `no bucket "${asked.bucket}" there: ${refused}` : refused,
    operation: asked.operation,
    store: asked.store,
    key: asked.key,
    status: refusal.status,
    retryAfter: refusal.retryAfter ?? entry.retryAfter,
    retryable: entry.retryable,
    remedy: entry.remedy,
  };
  return new FerryError(entry.code, details);
}

interface Entry {
  readonly code: ErrorCode;
  readonly remedy?: string | undefined;
  readonly retryable?: Retryable | undefined;
  /** Milliseconds. */
  readonly retryAfter?: number | undefined;
}

function entryOf(refusal: Refusal, asked: Asked): Entry {
  if (refusal.status === 412 || refusal.code === 'PreconditionFailed') {
    return { code: asked.ifAbsent ? 'already-exists' : 'changed' };
  }
  if (COMPLETING.test(refusal.message ?? '')) return { code: 'unavailable', retryAfter: COMPLETING_LASTS };
  const named = refusal.code === undefined ? undefined : CODES[refusal.code];
  if (named !== undefined) return typeof named === 'string' ? { code: named } : named;
  return byStatus(refusal.status, asked);
}

/** For answers without a body (HEAD has none) and codes nobody wrote down. */
function byStatus(status: number, asked: Asked): Entry {
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return { code: 'configuration', remedy: WRONG_REGION };
    case 400:
    case 411:
      return { code: 'unsupported', remedy: 'The service refused the request as it was made; the message says why.' };
    case 401:
      return { code: 'bad-credentials' };
    case 403:
      return { code: 'access-denied' };
    case 404:
      return { code: asked.key === undefined ? 'no-such-bucket' : 'not-found' };
    case 405:
    case 501:
      return { code: 'unsupported' };
    case 407:
      return { code: 'proxy' };
    case 408:
      return { code: 'timeout' };
    case 409:
      return { code: 'unavailable' };
    case 413:
      return { code: 'too-large' };
    case 416:
      return PAST_END;
    case 429:
      return { code: 'throttled' };
    case 507:
      return { code: 'disk-full' };
    default:
      return { code: status >= 500 ? 'unavailable' : 'bad-response' };
  }
}

/**
 * Ceph locks an upload while it is completed, and a gateway that died at it leaves the lock for 10 minutes
 * (`rgw_mp_lock_max_time`; seen with 16.2). Ten attempts a minute apart outlast it.
 */
const COMPLETING = /^This multipart completion is already in progress/;
const COMPLETING_LASTS = 60_000;

const PAST_END: Entry = { code: 'wrong-length', retryable: 'never' };
const WRONG_REGION = 'Set `region` to the region of the bucket, and `endpoint` to an endpoint of that region.';
const RESTORE = 'The object is archived. Restore it with the tools of the provider first, then run again.';

/**
 * Codes of docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and of the services that speak S3 with words of
 * their own (OSS, COS, KS3, Ceph, Swift, MinIO, Wasabi).
 */
const CODES: Readonly<Record<string, ErrorCode | Entry>> = {
  // Absent.
  NoSuchKey: 'not-found',
  NoSuchVersion: 'not-found',
  NoSuchUpload: 'not-found',
  NoSuchObject: 'not-found',
  SymlinkTargetNotExist: 'not-found',
  NoSuchBucket: 'no-such-bucket',
  InvalidBucketName: 'no-such-bucket',
  // A part that is gone, or is another than the one recorded: the upload has to be done again, as if it were gone.
  InvalidPart: { code: 'not-found', remedy: 'The parts are uploaded again with the next attempt.' },
  InvalidPartOrder: 'internal',

  // Somebody else was there.
  FileAlreadyExists: 'already-exists',
  ObjectAlreadyExists: 'already-exists',
  ConditionalRequestConflict: 'unavailable',
  OperationAborted: 'unavailable',
  FileImmutable: 'access-denied',

  // Credentials.
  AccessDenied: 'access-denied',
  AccessForbidden: 'access-denied',
  AllAccessDisabled: 'access-denied',
  AccountProblem: 'access-denied',
  UserDisable: 'access-denied',
  UserSuspended: 'access-denied',
  NotSignedUp: 'access-denied',
  InvalidPayer: 'access-denied',
  InvalidObjectState: { code: 'access-denied', remedy: RESTORE },
  SignatureDoesNotMatch: 'bad-credentials',
  InvalidAccessKeyId: 'bad-credentials',
  InvalidSecurity: 'bad-credentials',
  InvalidToken: 'bad-credentials',
  AuthFailure: 'bad-credentials',
  MissingSecurityHeader: 'bad-credentials',
  ExpiredToken: 'expired-credentials',
  ExpiredTokenException: 'expired-credentials',
  TokenRefreshRequired: 'expired-credentials',
  SecurityTokenExpired: 'expired-credentials',
  RequestTimeTooSkewed: 'clock-skew',
  RequestExpired: 'clock-skew',
  AccessDeniedTimeTooSkewed: 'clock-skew',

  // Busy.
  SlowDown: 'throttled',
  SlowDownRead: 'throttled',
  SlowDownWrite: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  RequestThrottled: 'throttled',
  RequestLimitExceeded: 'throttled',
  RequestRateLimitExceeded: 'throttled',
  TooManyRequests: 'throttled',
  BandwidthLimitExceeded: 'throttled',
  QpsLimitExceeded: 'throttled',
  Busy: 'throttled',
  ServiceUnavailable: 'unavailable',
  Unavailable: 'unavailable',
  InternalError: 'unavailable',
  InternalFailure: 'unavailable',
  RequestTimeout: 'timeout',
  IncompleteBody: 'network',

  // Integrity.
  BadDigest: 'wrong-checksum',
  InvalidDigest: 'wrong-checksum',
  XAmzContentSHA256Mismatch: 'wrong-checksum',
  XAmzContentChecksumMismatch: 'wrong-checksum',
  ContentSHA256Mismatch: 'wrong-checksum',
  InvalidRange: PAST_END,

  // Limits.
  EntityTooLarge: 'too-large',
  MaxMessageLengthExceeded: 'too-large',
  EntityTooSmall: { code: 'unsupported', remedy: 'Raise the part size: this service wants larger parts.' },
  MetadataTooLarge: 'metadata-too-large',
  RequestHeaderSectionTooLarge: 'metadata-too-large',
  KeyTooLongError: 'bad-key',
  KeyTooLong: 'bad-key',
  InvalidObjectName: 'bad-key',
  InvalidURI: 'bad-key',
  XMinioInvalidObjectName: 'bad-key',
  XMinioParentIsObject: 'path-conflict',
  XMinioObjectExistsAsDirectory: 'path-conflict',
  QuotaExceeded: 'disk-full',
  StorageQuotaExceeded: 'disk-full',
  XMinioStorageFull: 'disk-full',
  XMinioAdminBucketQuotaExceeded: 'disk-full',

  // Not offered.
  MethodNotAllowed: 'unsupported',
  NotImplemented: 'unsupported',
  InvalidStorageClass: { code: 'unsupported', remedy: 'Map the storage class to one the destination has.' },
  InvalidTag: 'unsupported',
  InvalidArgument: 'unsupported',
  InvalidRequest: 'unsupported',
  InvalidEncryptionAlgorithmError: 'unsupported',

  // Another place.
  PermanentRedirect: { code: 'configuration', remedy: WRONG_REGION },
  TemporaryRedirect: 'unavailable',
  AuthorizationHeaderMalformed: { code: 'configuration', remedy: WRONG_REGION },
  IllegalLocationConstraintException: { code: 'configuration', remedy: WRONG_REGION },
  SecondLevelDomainForbidden: {
    code: 'configuration',
    remedy: 'Set `path_style: false`: this service wants the bucket in the host name.',
  },
};

/** What a server says goes into logs and terminals: one line, no control characters, not too long. */
function shorten(message: string): string {
  let line = '';
  for (const char of message) {
    if (line.length >= 300) return `${line}…`;
    line += char < ' ' || (char >= '\u007f' && char <= '\u009f') ? ' ' : char;
  }
  return line.trim();
}
