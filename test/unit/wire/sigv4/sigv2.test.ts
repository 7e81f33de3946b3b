import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SigV2Signer, sigV2StringToSign } from '../../../../src/wire/sigv4/sigv2.ts';

// Examples of "Signing and authenticating REST requests" in the Amazon S3 user guide.
const signer = new SigV2Signer({
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
});
const now = 0;

test('the published examples get the published signatures', () => {
  const cases: readonly (readonly [string, Parameters<SigV2Signer['sign']>[0], string])[] = [
    [
      'object GET',
      { method: 'GET', resource: '/awsexamplebucket1/photos/puppy.jpg', query: [], now,
        headers: ['Host', 'awsexamplebucket1.us-west-1.s3.amazonaws.com', 'Date', 'Tue, 27 Mar 2007 19:36:42 +0000'] },
      'qgk2+6Sv9/oM7G3qLEjTH1a1l1g=',
    ],
    [
      'object PUT',
      { method: 'PUT', resource: '/awsexamplebucket1/photos/puppy.jpg', query: [], now,
        headers: ['Content-Type', 'image/jpeg', 'Content-Length', '94328', 'Date', 'Tue, 27 Mar 2007 21:15:45 +0000'] },
      'iqRzw+ileNPu1fhspnRs8nOjjIA=',
    ],
    [
      'list: prefix and the like are not signed',
      { method: 'GET', resource: '/awsexamplebucket1/', now,
        query: [['prefix', 'photos'], ['max-keys', '50'], ['marker', 'puppy']],
        headers: ['User-Agent', 'Mozilla/5.0', 'Date', 'Tue, 27 Mar 2007 19:42:41 +0000'] },
      'm0WP8eCtspQl5Ahe6L1SozdX9YA=',
    ],
    [
      'sub-resource',
      { method: 'GET', resource: '/awsexamplebucket1/', query: [['acl', '']], now,
        headers: ['Date', 'Tue, 27 Mar 2007 19:44:46 +0000'] },
      '82ZHiFIjc+WbcwFKGUVEQspPn+0=',
    ],
    [
      'object DELETE',
      { method: 'DELETE', resource: '/awsexamplebucket1/photos/puppy.jpg', query: [], now,
        headers: ['User-Agent', 'dotnet', 'Date', 'Tue, 27 Mar 2007 21:20:26 +0000'] },
      'XbyTlbQdu9Xw5o8P4iMwPktxQd8=',
    ],
    [
      'user metadata',
      { method: 'PUT', resource: '/static.example.com/db-backup.dat.gz', query: [], now,
        headers: [
          'Date', 'Tue, 27 Mar 2007 21:06:08 +0000', 'x-amz-acl', 'public-read',
          'content-type', 'application/x-download', 'Content-MD5', '4gJE4saaMU4BqNR0kLY+lw==',
          'X-Amz-Meta-ReviewedBy', 'joe@example.com', 'X-Amz-Meta-ReviewedBy', 'jane@example.com',
          'X-Amz-Meta-FileChecksum', '0x02661779', 'X-Amz-Meta-ChecksumAlgorithm', 'crc32',
        ] },
      'jtBQa0Aq+DkULFI8qrpwIjGEx0E=',
    ],
    [
      'encoded keys',
      { method: 'GET', resource: '/dictionary/fran%C3%A7ais/pr%c3%a9f%c3%a8re', query: [], now,
        headers: ['Date', 'Wed, 28 Mar 2007 01:49:49 +0000'] },
      'DNEZGsoieTZ92F3bUfSPQcbGmlM=',
    ],
  ]; // prettier-ignore
  for (const [name, request, expected] of cases)
    assert.equal(signer.sign(request).at(-1), `AWS AKIAIOSFODNN7EXAMPLE:${expected}`, name);
});

test('x-amz-date is signed among the amz headers and the Date line stays empty', () => {
  const request = { method: 'GET', resource: '/b/k', query: [] };
  assert.equal(
    sigV2StringToSign({ ...request, headers: ['Date', 'one', 'x-amz-date', 'two'] }),
    'GET\n\n\n\nx-amz-date:two\n/b/k',
  );
  assert.equal(sigV2StringToSign({ ...request, headers: ['Date', 'one'] }), 'GET\n\n\none\n/b/k');
});

test('date and session token are added and signed', () => {
  const withToken = new SigV2Signer({ accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' });
  const added = withToken.sign({ method: 'GET', resource: '/', query: [], headers: [], now });
  assert.deepEqual(added.slice(0, 4), ['date', 'Thu, 01 Jan 1970 00:00:00 GMT', 'x-amz-security-token', 't']);
});
