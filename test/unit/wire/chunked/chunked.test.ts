import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StreamBody } from '../../../../src/model/body.ts';
import { isFerryError } from '../../../../src/model/errors.ts';
import type { DecodeOptions } from '../../../../src/wire/chunked/decode.ts';
import { decodeChunked } from '../../../../src/wire/chunked/decode.ts';
import type { Framing } from '../../../../src/wire/chunked/encode.ts';
import { chunkedSize, encodeChunked } from '../../../../src/wire/chunked/encode.ts';
import { signingKey } from '../../../../src/wire/sigv4/canonical.ts';
import { ChunkSigner } from '../../../../src/wire/sigv4/chunk-signer.ts';

const KEY = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '20130524', 'us-east-1', 's3');
const FRAMINGS: readonly Framing[] = [
  { signed: true },
  { signed: true, trailer: 'crc32c' },
  { signed: false, trailer: 'crc64nvme' },
  { signed: false, trailer: 'sha256' },
];

test('the published example of signed chunks is encoded as published', async () => {
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
  const encoded = await collect(encodeChunked(Buffer.alloc(66_560, 'a'), { signed: true }, signer(seed)));
  assert.equal(encoded.length, 66_824);
  assert.equal(
    skeleton(encoded),
    '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n~\r\n' +
      '400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n~\r\n' +
      '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
  );
});

test('the published example of a signed trailer is encoded as published', async () => {
  const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';
  const framing: Framing = { signed: true, trailer: 'crc32c' };
  const encoded = await collect(encodeChunked(Buffer.alloc(66_560, 'a'), framing, signer(seed)));
  assert.equal(
    skeleton(encoded),
    '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n~\r\n' +
      '400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n~\r\n' +
      '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
      'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
  );
});

test('what was encoded decodes to the same bytes, has the size said, and can be sent again', async () => {
  const size = fc.oneof(fc.nat(40), fc.constantFrom(65_535, 65_536, 65_537, 131_072, 200_000));
  const cut = fc.integer({ min: 1000, max: 70_000 });
  await fc.assert(
    fc.asyncProperty(size, fc.constantFrom(...FRAMINGS), cut, cut, async (length, framing, cutIn, cutOut) => {
      const plain = Buffer.alloc(length, 'Ferry moves it');
      const body = encodeChunked(pieces(plain, cutIn), framing, framing.signed ? signer() : undefined);
      for (let attempt = 0; attempt < 2; attempt++) {
        const encoded = await collect(body);
        assert.equal(encoded.length, body.size);
        assert.equal(encoded.length, chunkedSize(length, framing));
        assert.ok((await decode(encoded, length, framing, cutOut)).equals(plain));
      }
    }),
    { numRuns: 25 },
  );
});

test('a body that arrives byte by byte is the same body', async () => {
  for (const framing of FRAMINGS) {
    const plain = Buffer.from('one byte at a time');
    const encoded = await collect(encodeChunked(plain, framing, framing.signed ? signer() : undefined));
    assert.ok((await decode(encoded, plain.length, framing, 1)).equals(plain));
  }
});

test('any byte altered, any byte missing, anything added is noticed', async () => {
  const plain = Buffer.from('the bytes that matter');
  for (const framing of FRAMINGS) {
    const encoded = await collect(encodeChunked(plain, framing, framing.signed ? signer() : undefined));
    const refused = (input: Buffer): Promise<void> =>
      assert.rejects(decode(input, plain.length, framing, 1000), (error) => isFerryError(error));
    for (let at = 0; at < encoded.length; at++) {
      const altered = Buffer.from(encoded);
      altered[at]! ^= 0x01;
      // A blank in place of `!`, or another case, may mean the same; then the data is the same.
      const outcome = await decode(altered, plain.length, framing, 1000).catch((error: unknown) => error);
      assert.ok(isFerryError(outcome) || (outcome instanceof Buffer && outcome.equals(plain)), `byte ${at}`);
      await refused(encoded.subarray(0, at));
    }
    await refused(Buffer.concat([encoded, Buffer.from('x')]));
    await refused(Buffer.concat([encoded, encoded]));
  }
});

test('each kind of wrong has its error', async () => {
  const unsigned: Framing = { signed: false, trailer: 'crc32' };
  const wrong: readonly (readonly [string, string, number])[] = [
    ['short-read', '5\r\nhel', 5],
    ['short-read', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n', 5],
    ['wrong-length', '6\r\nhello!\r\n0\r\n', 5],
    ['wrong-length', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 6],
    ['wrong-checksum', '5\r\nhellp\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 5],
    ['bad-response', '5\r\nhello\r\n0\r\n\r\n', 5],
    ['bad-response', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 5],
    ['bad-response', '5\r\nhello\r\n0\r\nx-other:1\r\n\r\n', 5],
    ['bad-response', '5;chunk-signature=00\r\nhello\r\n', 5],
    ['bad-response', '5\nhello\n', 5],
    ['bad-response', '5\r\nhello!\r\n', 6],
    ['bad-response', '-1\r\n', 5],
    ['bad-response', ' 5\r\nhello\r\n', 5],
    ['bad-response', '5'.repeat(300), 5],
  ];
  for (const [code, text, size] of wrong)
    await assert.rejects(decode(Buffer.from(text), size, unsigned, 7), { code }, JSON.stringify(text));

  const encoded = await collect(encodeChunked(Buffer.from('hello'), { signed: true }, signer()));
  encoded.write('p', encoded.indexOf('hello') + 4);
  await assert.rejects(decode(encoded, 5, { signed: true }, 1000), { code: 'access-denied' });
  await assert.rejects(decode(Buffer.from('5\r\nhello\r\n'), 5, { signed: true }, 1000), { code: 'bad-response' });
});

test('a body of another length than said is not sent as if it were right', async () => {
  await assert.rejects(collect(encodeChunked(lying(4), { signed: true }, signer())), { code: 'wrong-length' });
  await assert.rejects(collect(encodeChunked(lying(6), { signed: true }, signer())), { code: 'short-read' });
  assert.throws(() => encodeChunked(lying(5), { signed: true }), { code: 'internal' });
  assert.throws(() => encodeChunked(lying(5), { signed: false }), { code: 'internal' });
});

function signer(seed = '0'.repeat(64)): ChunkSigner {
  return new ChunkSigner(KEY, '20130524T000000Z', '20130524/us-east-1/s3/aws4_request', seed);
}

async function decode(encoded: Buffer, size: number, framing: Framing, cut: number): Promise<Buffer> {
  const options: DecodeOptions = { size, signer: framing.signed ? signer() : undefined, trailer: framing.trailer };
  return gather(decodeChunked(pieces(encoded, cut).open(), options));
}

/** Five bytes that claim to be more or fewer. */
function lying(said: number): StreamBody {
  return { ...pieces(Buffer.from('hello'), 2), size: said };
}

function collect(body: StreamBody): Promise<Buffer> {
  return gather(body.open());
}

/** Copies every chunk at once, as they are valid only until the next. */
async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

/** A stream of pieces of `cut` bytes in one buffer that is overwritten, as readers do. */
function pieces(bytes: Buffer, cut: number): StreamBody {
  return {
    size: bytes.length,
    async *open() {
      const buffer = Buffer.alloc(cut);
      for (let at = 0; at < bytes.length; at += cut) {
        const length = bytes.copy(buffer, 0, at);
        yield buffer.subarray(0, length);
        buffer.fill(0);
      }
    },
  };
}

/** The encoded body with its data as `~`. */
function skeleton(encoded: Buffer): string {
  return encoded.toString('latin1').replace(/\r\na+\r\n/g, '\r\n~\r\n');
}
