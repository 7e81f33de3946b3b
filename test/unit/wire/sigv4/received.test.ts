import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignatureReader } from '../../../../src/wire/sigv4/received.ts';

test('what a stranger signs with does not stand for what another user does', () => {
  const reader = new SignatureReader();
  const presigned = (credential: string, signedHeaders: string): ReturnType<SignatureReader['read']> =>
    reader.read({
      method: 'GET',
      path: '/photos/k',
      host: 'localhost',
      headers: { get: () => undefined, entries: () => [] },
      query: Object.entries({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': credential,
        'X-Amz-Date': '20261122T000000Z',
        'X-Amz-Expires': '60',
        'X-Amz-SignedHeaders': signedHeaders,
        'X-Amz-Signature': '0'.repeat(64),
      }),
    });
  assert.ok('malformed' in presigned('my', 'key/20261122/us-east-1/s3/aws4_request host')!);
  const read = presigned('my key/20261122/us-east-1/s3/aws4_request', 'host')!;
  assert.equal('accessKeyId' in read && read.accessKeyId, 'my key');
});
