// What a service answers is the error a person is shown: code, status and the request decide.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../src/model/errors.ts';
import { parseRefusal, toError } from '../../../src/stores/s3/errors.ts';
import { errorBody } from './scripted-server.ts';

const asked = { operation: 'read', store: 's3://bucket/ at host', bucket: 'bucket', key: 'key', skew: 0 };
const parse = (status: number, body = '', headers = {}) => parseRefusal(status, Buffer.from(body), headers, 0);

const CODES: readonly (readonly [status: number, code: string, expected: ErrorCode])[] = [
  [404, 'NoSuchKey', 'not-found'],
  [404, 'NoSuchBucket', 'no-such-bucket'],
  [404, 'NoSuchUpload', 'not-found'],
  [400, 'InvalidPart', 'not-found'],
  [403, 'AccessDenied', 'access-denied'],
  [403, 'InvalidObjectState', 'access-denied'],
  [403, 'SignatureDoesNotMatch', 'bad-credentials'],
  [403, 'InvalidAccessKeyId', 'bad-credentials'],
  [400, 'ExpiredToken', 'expired-credentials'],
  [403, 'RequestTimeTooSkewed', 'clock-skew'],
  [503, 'SlowDown', 'throttled'],
  [429, 'TooManyRequests', 'throttled'],
  [503, 'ServiceUnavailable', 'unavailable'],
  [500, 'InternalError', 'unavailable'],
  [400, 'RequestTimeout', 'timeout'],
  [400, 'BadDigest', 'wrong-checksum'],
  [400, 'InvalidDigest', 'wrong-checksum'],
  [400, 'XAmzContentSHA256Mismatch', 'wrong-checksum'],
  [412, 'PreconditionFailed', 'changed'],
  [409, 'ConditionalRequestConflict', 'unavailable'],
  [409, 'FileAlreadyExists', 'already-exists'],
  [400, 'EntityTooLarge', 'too-large'],
  [400, 'EntityTooSmall', 'unsupported'],
  [400, 'MetadataTooLarge', 'metadata-too-large'],
  [400, 'KeyTooLongError', 'bad-key'],
  [403, 'QuotaExceeded', 'disk-full'],
  [400, 'InvalidStorageClass', 'unsupported'],
  [405, 'MethodNotAllowed', 'unsupported'],
  [501, 'NotImplemented', 'unsupported'],
  [416, 'InvalidRange', 'wrong-length'],
  [301, 'PermanentRedirect', 'configuration'],
  [400, 'AuthorizationHeaderMalformed', 'configuration'],
  [400, 'NobodyWroteThisDown', 'unsupported'],
  [503, 'NobodyWroteThisDown', 'unavailable'],
];

test('an S3 error code becomes the error it means', () => {
  for (const [status, code, expected] of CODES) {
    const error = toError(parse(status, errorBody(code)), asked);
    assert.equal(error.code, expected, code);
    assert.equal(error.status, status);
    assert.match(error.message, new RegExp(`${code}: as scripted`));
  }
});

test('a completion that a dead gateway of Ceph still holds is tried again until its lock is over', () => {
  const body =
    '<Error><Code>InternalError</Code><Message>This multipart completion is already in progress</Message></Error>';
  const { code, retryAfter, retryable } = toError(parse(500, body), { ...asked, operation: 'complete' });
  assert.deepEqual({ code, retryAfter, retryable }, { code: 'unavailable', retryAfter: 60_000, retryable: 'later' });
});

test('an answer without a body is judged by its status', () => {
  const expected: readonly (readonly [number, ErrorCode])[] = [
    [301, 'configuration'],
    [400, 'unsupported'],
    [401, 'bad-credentials'],
    [403, 'access-denied'],
    [404, 'not-found'],
    [405, 'unsupported'],
    [408, 'timeout'],
    [409, 'unavailable'],
    [412, 'changed'],
    [413, 'too-large'],
    [416, 'wrong-length'],
    [429, 'throttled'],
    [500, 'unavailable'],
    [501, 'unsupported'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [507, 'disk-full'],
    [600, 'unavailable'],
  ];
  for (const [status, code] of expected) assert.equal(toError(parse(status), asked).code, code, String(status));
});

test('the same status means another thing for the bucket, and for a request to create only', () => {
  assert.equal(toError(parse(404), { ...asked, key: undefined }).code, 'no-such-bucket');
  assert.equal(toError(parse(412), { ...asked, ifAbsent: true }).code, 'already-exists');
});

test('a page of a proxy is no S3 error: its text is not taken for a code', () => {
  const error = toError(parse(502, '<html><body><Code>NoSuchKey</Code></body></html>'), asked);
  assert.equal(error.code, 'unavailable');
});

test('the wait a service asks for is passed on, within reason', () => {
  assert.equal(toError(parse(503, '', { retryAfter: '7' }), asked).retryAfter, 7000);
  assert.equal(toError(parse(503, '', { retryAfter: '999999' }), asked).retryAfter, 3_600_000);
  assert.equal(toError(parse(503, '', { retryAfter: 'soon' }), asked).retryAfter, undefined);
});

test('what a service says cannot write to the terminal or fill a log', () => {
  const long =
    '<Error><Code>AccessDenied</Code><Message>\u001b[31m&#10;red\u009b' + 'x'.repeat(5000) + '</Message></Error>';
  const { message } = toError(parse(403, long), asked);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(message, /[\u0000-\u001f\u007f-\u009f]/);
  assert.ok(message.length < 400);
});
