import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { encodeChunked } from '../../../src/wire/chunked/encode.ts';
import {
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
} from '../../../src/wire/chunked/framing.ts';
import { hexToBase64 } from '../../../src/wire/checksum/encoding.ts';
import { checksumHex } from '../../../src/wire/checksum/hasher.ts';
import { raw, signed, signerOf, type SignedOptions } from './signed.ts';
import { ALICE, Serving } from './serving.ts';

const MINUTE = 60_000;

test('a request whose signature does not fit is refused, and told why', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const wrong: [string, SignedOptions, number, string][] = [
    ['another secret', { secret: 'guess' }, 403, 'SignatureDoesNotMatch'],
    ['an unknown key', { accessKey: 'NOBODY' }, 403, 'InvalidAccessKeyId'],
    ['another region', { region: 'elsewhere' }, 400, 'AuthorizationHeaderMalformed'],
    ['too early', { now: Date.now() + 16 * MINUTE }, 403, 'RequestTimeTooSkewed'],
    ['too late', { now: Date.now() - 16 * MINUTE }, 403, 'RequestTimeTooSkewed'],
    ['a header of S3 that is not signed', { unsigned: ['x-amz-acl', 'public-read'] }, 403, 'AccessDenied'],
  ];
  for (const [what, options, status, code] of wrong) {
    const answer = await signed(serving, options);
    assert.deepEqual([answer.status, answer.code], [status, code], what);
    assert.ok(!answer.text.includes('alice-secret'));
  }
  assert.equal((await signed(serving, { now: Date.now() - 14 * MINUTE })).status, 200);
  assert.match((await signed(serving, { region: 'elsewhere' })).text, /<Region>eu-test-1<\/Region>/);
});

test('what cannot be read as a signature is refused, never taken for nobody', async () => {
  await using serving = await Serving.start({ bucket: { anonymousRead: true } });
  await serving.buckets.create('open', ALICE.tenant);
  await serving.buckets.find('open')!.store.write('k', Buffer.from('v'));
  for (const authorization of [
    '',
    'Basic YTpi',
    'AWS ALICE:c2ln',
    'AWS4-HMAC-SHA256 nonsense',
    'AWS4-HMAC-SHA256 Credential=A/b/c/s3/aws4_request, SignedHeaders=host, Signature=00',
  ]) {
    const answer = await raw(serving, { method: 'GET', target: '/open/k', headers: ['Authorization', authorization] });
    assert.deepEqual([answer.status, answer.code], [400, 'AuthorizationHeaderMalformed'], authorization);
  }
  assert.equal((await raw(serving, { method: 'GET', target: '/open/k' })).text, 'v');
  assert.equal((await raw(serving, { method: 'GET', target: '/open' })).status, 403);
  assert.equal((await raw(serving, { method: 'PUT', target: '/open/k', body: Buffer.from('x') })).status, 403);
  assert.equal((await raw(serving, { method: 'DELETE', target: '/open/k' })).status, 403);
});

suite('presigned URLs', () => {
  const target = (
    serving: Serving,
    path: string,
    more: { now?: number; method?: string; seconds?: number } = {},
  ): string => {
    const { now = Date.now(), method, seconds = 60 } = more;
    return `${path}?${signerOf().presign({ method, path, host: `127.0.0.1:${serving.server.port}`, seconds, now })}`;
  };

  test('work for their time and for what they were made', async () => {
    await using serving = await Serving.start();
    await serving.buckets.create('box', ALICE.tenant);
    const put = await raw(serving, {
      method: 'PUT',
      target: target(serving, '/box/k', { method: 'PUT' }),
      body: Buffer.from('v'),
    });
    assert.equal(put.status, 200);
    assert.equal((await raw(serving, { method: 'GET', target: target(serving, '/box/k') })).text, 'v');
    const other = await raw(serving, { method: 'GET', target: target(serving, '/box/k', { method: 'DELETE' }) });
    assert.equal(other.code, 'SignatureDoesNotMatch');
    const old = await raw(serving, { method: 'GET', target: target(serving, '/box/k', { now: Date.now() - 61_000 }) });
    assert.deepEqual([old.status, old.code], [403, 'AccessDenied']);
    const longer = target(serving, '/box/k', { now: Date.now() - 61_000 }).replace('Expires=60', 'Expires=6000');
    assert.equal((await raw(serving, { method: 'GET', target: longer })).code, 'SignatureDoesNotMatch');
    const early = await raw(serving, {
      method: 'GET',
      target: target(serving, '/box/k', { now: Date.now() + 16 * MINUTE }),
    });
    assert.equal(early.code, 'AccessDenied');
    const week = target(serving, '/box/k').replace('Expires=60', 'Expires=604801');
    assert.equal((await raw(serving, { method: 'GET', target: week })).code, 'AuthorizationQueryParametersError');
  });

  test('may change headers of the answer, which strangers may not', async () => {
    await using serving = await Serving.start({ bucket: { anonymousRead: true } });
    await serving.buckets.create('box', ALICE.tenant);
    await serving.buckets.find('box')!.store.write('k', Buffer.from('v'));
    const query = [['response-content-type', 'text/html']] as const;
    const own = await signed(serving, { path: '/box/k', query });
    assert.equal(own.headers.get('content-type'), 'text/html');
    const stranger = await raw(serving, { method: 'GET', target: '/box/k?response-content-type=text/html' });
    assert.equal(stranger.headers.get('content-type'), 'binary/octet-stream');
  });
});

suite('bodies that are not what was announced are never stored', () => {
  for (const size of [1000, 300_000]) {
    test(`of ${size} bytes`, async () => {
      await using serving = await Serving.start();
      await serving.buckets.create('box', ALICE.tenant);
      const body = randomBytes(size);
      const instead = Buffer.from(body);
      instead[size - 1]! ^= 1;
      const put = { method: 'PUT', path: '/box/k', body } as const;
      const other = (algorithm: 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256'): string =>
        hexToBase64(checksumHex(algorithm, instead));
      const wrong: [string, SignedOptions, string][] = [
        ['the signed hash', { ...put, instead }, 'XAmzContentSHA256Mismatch'],
        ['Content-MD5', { ...put, headers: ['Content-MD5', hash('md5', instead, 'base64')] }, 'BadDigest'],
        ['no MD5', { ...put, headers: ['Content-MD5', 'abc'] }, 'InvalidDigest'],
        ['CRC32C', { ...put, headers: ['x-amz-checksum-crc32c', other('crc32c')] }, 'BadDigest'],
        ['CRC64NVME', { ...put, headers: ['x-amz-checksum-crc64nvme', other('crc64nvme')] }, 'BadDigest'],
        [
          'two checksums',
          { ...put, headers: ['x-amz-checksum-crc32', other('crc32'), 'x-amz-checksum-sha1', other('sha1')] },
          'InvalidRequest',
        ],
        ['a hash that is none', { ...put, payload: 'abc' }, 'InvalidArgument'],
        [
          'another length',
          {
            ...put,
            payload: STREAMING_SIGNED,
            headers: ['x-amz-decoded-content-length', String(size + 1)],
            chunks: chunked(body, true),
          },
          'IncompleteBody',
        ],
      ];
      for (const [what, options, code] of wrong) {
        const answer = await signed(serving, options);
        assert.equal(answer.code, code, `${what}: ${answer.text}`);
        assert.equal(await serving.buckets.find('box')!.store.stat('k'), undefined, what);
      }
      const right = await signed(serving, {
        ...put,
        headers: ['x-amz-checksum-sha256', hash('sha256', body, 'base64')],
      });
      assert.equal(right.status, 200);
      assert.equal(right.headers.get('x-amz-checksum-sha256'), hash('sha256', body, 'base64'));
    });

    test(`in chunks, of ${size} bytes`, async () => {
      await using serving = await Serving.start();
      await serving.buckets.create('box', ALICE.tenant);
      const body = randomBytes(size);
      const length = ['x-amz-decoded-content-length', String(size), 'content-encoding', 'aws-chunked'];
      const trailer = ['x-amz-trailer', 'x-amz-checksum-crc32c'];
      const put = { method: 'PUT', path: '/box/k' } as const;
      const kinds: [string, SignedOptions, (options: { tamper?: boolean }) => SignedOptions['chunks']][] = [
        [
          'signed',
          { ...put, payload: STREAMING_SIGNED, headers: length },
          ({ tamper }) => chunked(body, true, undefined, tamper),
        ],
        [
          'signed, with a trailer',
          { ...put, payload: STREAMING_SIGNED_TRAILER, headers: [...length, ...trailer] },
          ({ tamper }) => chunked(body, true, 'crc32c', tamper),
        ],
        [
          'with a trailer',
          { ...put, payload: STREAMING_UNSIGNED_TRAILER, headers: [...length, ...trailer] },
          ({ tamper }) => chunked(body, false, 'crc32c', tamper),
        ],
      ];
      const { store } = serving.buckets.find('box')!;
      for (const [what, options, chunks] of kinds) {
        const bad = await signed(serving, { ...options, chunks: chunks({ tamper: true }) });
        assert.ok(
          ['AccessDenied', 'SignatureDoesNotMatch', 'BadDigest'].includes(bad.code ?? ''),
          `${what}: ${bad.text}`,
        );
        assert.equal(await store.stat('k'), undefined, what);
        const good = await signed(serving, { ...options, chunks: chunks({}) });
        assert.equal(good.status, 200, `${what}: ${good.text}`);
        const stored = await store.read('k');
        assert.deepEqual(Buffer.from(await stored.body.bytes(2 ** 24)), body, what);
        assert.equal(stored.meta.contentEncoding, undefined);
        await store.remove('k');
      }
    });
  }

  test('a chunk that is signed for another request is refused', async () => {
    await using serving = await Serving.start();
    await serving.buckets.create('box', ALICE.tenant);
    const body = randomBytes(1000);
    const headers = ['x-amz-decoded-content-length', '1000'];
    let first: Uint8Array | undefined;
    const put = { method: 'PUT', path: '/box/k', payload: STREAMING_SIGNED, headers } as const;
    const make = chunked(body, true);
    assert.equal(
      (await signed(serving, { ...put, chunks: async (...each) => (first = await make(...each)) })).status,
      200,
    );
    const replay = await signed(serving, { ...put, path: '/box/other', chunks: async () => first! });
    assert.equal(replay.code, 'SignatureDoesNotMatch');
    assert.equal(await serving.buckets.find('box')!.store.stat('other'), undefined);
  });
});

/** The chunked form of a body; tampered with, one byte of data is another. */
function chunked(
  body: Uint8Array,
  isSigned: boolean,
  trailer?: 'crc32c',
  tamper = false,
): NonNullable<SignedOptions['chunks']> {
  return async (signer, headers) => {
    const pieces: Buffer[] = [];
    const chunkSigner = isSigned ? signer.chunkSigner(headers) : undefined;
    const stream = encodeChunked(body, { signed: isSigned, trailer }, chunkSigner);
    for await (const piece of stream.open()) pieces.push(Buffer.from(piece));
    const whole = Buffer.concat(pieces);
    // Well within the data, past the header of the first chunk.
    if (tamper) whole[200]! ^= 1;
    return whole;
  };
}
