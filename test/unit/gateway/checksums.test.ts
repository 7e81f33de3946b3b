// Every checksum S3 knows, wrong in every place it can stand: nothing becomes visible, no part is kept.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { hexToBase64 } from '../../../src/wire/checksum/encoding.ts';
import { checksumHex } from '../../../src/wire/checksum/hasher.ts';
import { encodeChunked } from '../../../src/wire/chunked/encode.ts';
import {
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  trailerName,
} from '../../../src/wire/chunked/framing.ts';
import { UNSIGNED_PAYLOAD } from '../../../src/wire/sigv4/canonical.ts';
import { signed, type SignedOptions } from './signed.ts';
import { ALICE, Serving } from './serving.ts';

const ALGORITHMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;

/** Ways to send `body` with a checksum of `claimed`. */
function ways(body: Buffer, claimed: Buffer): [string, SignedOptions][] {
  const base64 = (algorithm: (typeof ALGORITHMS)[number]): string => hexToBase64(checksumHex(algorithm, claimed));
  const found: [string, SignedOptions][] = [
    ['Content-MD5', { body, headers: ['Content-MD5', hexToBase64(checksumHex('md5', claimed))] }],
    ['the signed hash', { body, payload: checksumHex('sha256', claimed) }],
  ];
  for (const algorithm of ALGORITHMS) {
    const header = trailerName(algorithm);
    found.push([header, { body, payload: UNSIGNED_PAYLOAD, headers: [header, base64(algorithm)] }]);
    for (const payload of [STREAMING_UNSIGNED_TRAILER, STREAMING_SIGNED_TRAILER]) {
      const headers = ['x-amz-decoded-content-length', String(body.length), 'x-amz-trailer', header];
      const isSigned = payload === STREAMING_SIGNED_TRAILER;
      const chunks: SignedOptions['chunks'] = async (signer, sent) => {
        const lie = { algorithm, hex: checksumHex(algorithm, claimed) };
        return await chunked(body, isSigned ? signer.chunkSigner(sent) : undefined, lie);
      };
      found.push([`${header} in a trailer of ${payload}`, { payload, headers, chunks }]);
    }
  }
  return found;
}

/** The chunks of a body, signed as they are, with this checksum in the (signed) trailer. */
async function chunked(
  body: Buffer,
  signer: ReturnType<Parameters<NonNullable<SignedOptions['chunks']>>[0]['chunkSigner']> | undefined,
  { algorithm, hex }: { readonly algorithm: (typeof ALGORITHMS)[number]; readonly hex: string },
): Promise<Buffer> {
  const name = trailerName(algorithm);
  const line = `${name}:${hexToBase64(hex)}`;
  if (signer !== undefined) {
    const sign = signer.trailer.bind(signer);
    signer.trailer = () => sign(`${line}\n`);
  }
  const pieces: Buffer[] = [];
  const encoded = encodeChunked(body, { signed: signer !== undefined, trailer: algorithm }, signer);
  for await (const piece of encoded.open()) pieces.push(Buffer.from(piece));
  const whole = Buffer.concat(pieces);
  const from = whole.lastIndexOf(`${name}:`);
  return Buffer.concat([whole.subarray(0, from), Buffer.from(line), whole.subarray(whole.indexOf('\r\n', from))]);
}

for (const size of [0, 1000, 300_000]) {
  suite(`of ${size} bytes`, () => {
    test('a wrong checksum stores nothing, the right one does', async () => {
      await using serving = await Serving.start();
      await serving.buckets.create('box', ALICE.tenant);
      const { store } = serving.buckets.find('box')!;
      const body = randomBytes(size);
      const other = randomBytes(Math.max(size, 1));
      for (const [what, options] of ways(body, other)) {
        const answer = await signed(serving, { method: 'PUT', path: '/box/k', ...options });
        assert.equal(answer.code, what === 'the signed hash' ? 'XAmzContentSHA256Mismatch' : 'BadDigest', what);
        assert.equal(await store.stat('k'), undefined, what);
      }
      for (const [what, options] of ways(body, body)) {
        const answer = await signed(serving, { method: 'PUT', path: '/box/k', ...options });
        assert.equal(answer.status, 200, `${what}: ${answer.text}`);
        assert.deepEqual(Buffer.from(await (await store.read('k')).body.bytes(2 ** 20)), body, what);
        await store.remove('k');
      }
    });

    test('a part with a wrong checksum is not kept', async () => {
      await using serving = await Serving.start();
      await serving.buckets.create('box', ALICE.tenant);
      const { store } = serving.buckets.find('box')!;
      const ref = { key: 'k', uploadId: await store.multipart!.begin('k') };
      const query = [['partNumber', '1'], ['uploadId', ref.uploadId]] as const; // prettier-ignore
      const body = randomBytes(size);
      const other = randomBytes(Math.max(size, 1));
      for (const [what, options] of ways(body, other)) {
        const answer = await signed(serving, { method: 'PUT', path: '/box/k', query, ...options });
        assert.equal(answer.status, 400, what);
        assert.deepEqual(await store.multipart!.parts!(ref, 0, 10), [], what);
      }
      for (const [what, options] of ways(body, body)) {
        const answer = await signed(serving, { method: 'PUT', path: '/box/k', query, ...options });
        assert.equal(answer.status, 200, what);
      }
      assert.equal(await store.stat('k'), undefined);
    });
  });
}
