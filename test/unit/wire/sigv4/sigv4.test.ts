import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash } from 'node:crypto';
import {
  canonicalRequest,
  credentialScope,
  EMPTY_SHA256,
  equalSignatures,
  signature,
  signingKey,
  stringToSign,
} from '../../../../src/wire/sigv4/canonical.ts';
import { canonicalQuery, uriEncode } from '../../../../src/wire/sigv4/encode.ts';
import { SigV4Signer } from '../../../../src/wire/sigv4/signer.ts';
import { basicTimestamp, parseBasicTimestamp } from '../../../../src/wire/sigv4/timestamp.ts';
import { anyText } from '../any-text.ts';

// Credentials, requests and signatures of the examples in the Amazon S3 API Reference, "Authenticating Requests".
const EXAMPLE = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 's3',
};
const HOST = 'examplebucket.s3.amazonaws.com';
const NOW = Date.UTC(2013, 4, 24);

test('the published examples get the published signatures', () => {
  const cases = [
    {
      request: { method: 'GET', path: '/test.txt', query: '', payloadHash: EMPTY_SHA256 },
      headers: ['Range', 'bytes=0-9'],
      expected: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
    {
      request: {
        method: 'PUT',
        path: uriEncode('/test$file.text', true),
        query: '',
        payloadHash: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      },
      headers: ['Date', 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      expected: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    },
    {
      request: { method: 'GET', path: '/', query: canonicalQuery([['lifecycle', '']]), payloadHash: EMPTY_SHA256 },
      headers: [],
      expected: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    },
    {
      request: {
        method: 'GET',
        path: '/',
        query: canonicalQuery([
          ['prefix', 'J'],
          ['max-keys', '2'],
        ]),
        payloadHash: EMPTY_SHA256,
      },
      headers: [],
      expected: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    },
  ];
  const signer = new SigV4Signer(EXAMPLE);
  for (const { request, headers, expected } of cases) {
    const added = signer.sign({ ...request, headers: ['Host', HOST, ...headers], now: NOW });
    assert.equal(header(added, 'authorization').split('Signature=')[1], expected);
    assert.equal(header(added, 'x-amz-date'), '20130524T000000Z');
  }
});

test('the published presigned URL gets the published signature', () => {
  const query = new SigV4Signer(EXAMPLE).presign({ path: '/test.txt', host: HOST, seconds: 86_400, now: NOW });
  assert.equal(
    query,
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  );
  for (const seconds of [0, 604_801, 1.5])
    assert.throws(() => new SigV4Signer(EXAMPLE).presign({ path: '/', host: HOST, seconds, now: NOW }));
});

test('the published chunked upload gets the published signatures', () => {
  const signer = new SigV4Signer(EXAMPLE);
  const signed = signer.sign({
    method: 'PUT',
    path: '/examplebucket/chunkObject.txt',
    query: '',
    headers: [
      'Host', 's3.amazonaws.com', 'x-amz-storage-class', 'REDUCED_REDUNDANCY', 'Content-Encoding', 'aws-chunked',
      'x-amz-decoded-content-length', '66560',
    ], // prettier-ignore
    payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    now: NOW,
  });
  // The published seed signs Content-Length as well, which ours leaves out: the published one is given here.
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
  const published = header(signed, 'authorization').replace(/[0-9a-f]{64}$/, seed);
  const chunks = signer.chunkSigner(['x-amz-date', '20130524T000000Z', 'authorization', published]);
  for (let round = 0; round < 2; round++) {
    assert.equal(
      chunks.chunk(sha256('a'.repeat(65_536))),
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    );
    assert.equal(
      chunks.chunk(sha256('a'.repeat(1024))),
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    );
    assert.equal(chunks.chunk(sha256('')), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9');
    chunks.restart();
  }
  const other = new SigV4Signer(EXAMPLE).chunkSigner(['x-amz-date', '20130524T000000Z', 'authorization', published]);
  assert.match(other.chunk(sha256('a'.repeat(65_536))), /^ad80c730/, 'a signer that signed nothing that day yet');
});

test('the AWS SDK signs every request the same', async () => {
  const sdk = new SignatureV4({
    credentials: { ...EXAMPLE, sessionToken: 'token/with=odd+signs' },
    region: 'eu-west-3',
    service: 's3',
    sha256: NodeSha256,
    uriEscapePath: false,
    applyChecksum: true,
  });
  const signer = new SigV4Signer({ ...EXAMPLE, sessionToken: 'token/with=odd+signs', region: 'eu-west-3' });
  const text = anyText({ maxLength: 20 });
  const name = fc.stringMatching(/^x-amz-meta-[a-z0-9-]{1,10}$/);
  const value = fc.stringMatching(/^[ -~]{0,20}$/);
  await fc.assert(
    fc.asyncProperty(
      text,
      // The SDK keeps the query in a plain object and so loses this one.
      fc.dictionary(
        text.filter((parameter) => parameter !== '__proto__'),
        text,
        { maxKeys: 5 },
      ),
      fc.dictionary(name, value, { maxKeys: 5 }),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      async (key, query, meta, now) => {
        const path = `/${uriEncode(key, true)}`;
        const request = {
          method: 'PUT',
          protocol: 'https:',
          hostname: 'bucket.example.com',
          path,
          query,
          headers: { host: 'bucket.example.com', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...meta },
        };
        const expected = await sdk.sign(request, { signingDate: new Date(now) });
        const added = signer.sign({
          method: 'PUT',
          path,
          query: canonicalQuery(Object.entries(query)),
          headers: ['Host', 'bucket.example.com', ...Object.entries(meta).flat()],
          payloadHash: 'UNSIGNED-PAYLOAD',
          now,
        });
        assert.equal(header(added, 'authorization').replaceAll(',', ', '), expected.headers['authorization']);
      },
    ),
    { numRuns: 30 },
  );
});

test('what a verifier computes from a signed request is the signature it carries', () => {
  const added = new SigV4Signer({ ...EXAMPLE, sessionToken: 't' }).sign({
    method: 'GET',
    path: '/b/k',
    query: 'a=1&b=',
    headers: [
      'Host',
      HOST,
      'X-Amz-Meta-B',
      ' two  blanks ',
      'x-amz-meta-a',
      '1',
      'X-AMZ-META-A',
      '2',
      'User-Agent',
      'x',
    ],
    payloadHash: EMPTY_SHA256,
    now: NOW + 86_399_999,
  });
  const [, names, claimed] = /SignedHeaders=(.*),Signature=(.*)$/.exec(header(added, 'authorization'))!;
  const values = new Map([
    ['host', HOST], ['x-amz-meta-b', ' two  blanks '], ['x-amz-meta-a', '1,2'], ['x-amz-security-token', 't'],
    ['x-amz-content-sha256', EMPTY_SHA256], ['x-amz-date', '20130524T235959Z'],
  ]); // prettier-ignore
  const canonical = canonicalRequest({
    method: 'GET',
    path: '/b/k',
    query: 'a=1&b=',
    headers: names!.split(';').map((name) => [name, values.get(name)!] as const),
    payloadHash: EMPTY_SHA256,
  });
  const key = signingKey(EXAMPLE.secretAccessKey, '20130524', 'us-east-1', 's3');
  const scope = credentialScope('20130524', 'us-east-1', 's3');
  const computed = signature(key, stringToSign('20130524T235959Z', scope, canonical));
  assert.ok(equalSignatures(computed, claimed!));
  assert.ok(!equalSignatures(computed, `${claimed!.slice(0, -1)}g`));
  assert.ok(!equalSignatures(computed, ''));
});

test('characters of headers are bytes, as on the wire', () => {
  const request = { method: 'GET', path: '/', query: '', payloadHash: EMPTY_SHA256, now: NOW };
  const added = new SigV4Signer(EXAMPLE).sign({ ...request, headers: ['host', HOST, 'x-amz-meta-a', '\u00e9'] });
  const canonical = `GET\n/\n\nhost:${HOST}\nx-amz-content-sha256:${EMPTY_SHA256}\nx-amz-date:20130524T000000Z\n`;
  const names = 'host;x-amz-content-sha256;x-amz-date;x-amz-meta-a';
  const bytes = Buffer.from(`${canonical}x-amz-meta-a:\u00e9\n\n${names}\n${EMPTY_SHA256}`, 'latin1');
  const hashed = createHash('sha256').update(bytes).digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n${hashed}`;
  const key = signingKey(EXAMPLE.secretAccessKey, '20130524', 'us-east-1', 's3');
  assert.equal(header(added, 'authorization').slice(-64), signature(key, toSign));
});

test('one signer signs across midnight, back and forth, like a new one each time', () => {
  const signer = new SigV4Signer(EXAMPLE);
  const request = { method: 'GET', path: '/', query: '', headers: ['host', HOST], payloadHash: EMPTY_SHA256 };
  for (const now of [NOW - 1, NOW, NOW + 999, NOW + 1000, NOW - 1000, NOW + 86_400_000, NOW])
    assert.deepEqual(signer.sign({ ...request, now }), new SigV4Signer(EXAMPLE).sign({ ...request, now }));
});

test('encoding leaves plain text alone, reverses, and is pure ASCII', () => {
  assert.equal(uriEncode("a/b c+d%!*'()~é😀", true), 'a/b%20c%2Bd%25%21%2A%27%28%29~%C3%A9%F0%9F%98%80');
  assert.equal(uriEncode('a/b', false), 'a%2Fb');
  assert.throws(() => uriEncode('\ud800', true), { code: 'bad-key' });
  fc.assert(
    fc.property(anyText(), fc.boolean(), (text, keepSlash) => {
      const encoded = uriEncode(text, keepSlash);
      assert.match(encoded, /^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/);
      assert.equal(decodeURIComponent(encoded), text);
    }),
  );
});

test('query parameters sort by their encoded names, then values', () => {
  assert.equal(
    canonicalQuery([
      ['b', '2'],
      ['a', 'z'],
      ['a', 'b'],
      ['a!', ''],
      ['B', '1'],
      ['uploads', ''],
    ]),
    'B=1&a=b&a=z&a%21=&b=2&uploads=',
  );
  assert.equal(canonicalQuery([]), '');
});

test('timestamps read back, and nothing else does', () => {
  assert.equal(parseBasicTimestamp(basicTimestamp(NOW)), NOW);
  for (const wrong of ['20130524T000000', '20131324T000000Z', '20130230T000000Z', '2013-05-24T00:00:00Z', ''])
    assert.equal(parseBasicTimestamp(wrong), undefined);
});

function header(pairs: readonly string[], name: string): string {
  return pairs[pairs.indexOf(name) + 1]!;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The hash the SDK's signer asks for. */
class NodeSha256 {
  readonly #parts: Uint8Array[] = [];
  readonly #key: Uint8Array | undefined;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#key = key === undefined ? undefined : toBytes(key);
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#parts.push(toBytes(chunk));
  }

  async digest(): Promise<Uint8Array> {
    const { createHmac } = await import('node:crypto');
    const hasher = this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key);
    for (const part of this.#parts) hasher.update(part);
    return hasher.digest();
  }

  reset(): void {
    this.#parts.length = 0;
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
