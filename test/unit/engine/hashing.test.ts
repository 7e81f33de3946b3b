import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Hashing } from '../../../src/engine/move/hashing.ts';
import { Tap } from '../../../src/engine/move/tap.ts';
import { pattern } from '../../conformance/suite/bench.ts';

/** Hands out `bytes` in one buffer that is overwritten for every chunk, as stores do. */
async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.byteLength; at += size) yield buffer.subarray(0, bytes.copy(buffer, 0, at, at + size));
}

function expected(bytes: Buffer) {
  return { md5: createHash('md5').update(bytes).digest('hex'), crc32: crc32(bytes).toString(16).padStart(8, '0') };
}

async function digests(hashing: Hashing, bytes: Buffer, chunk: number) {
  const tap = new Tap(chunks(bytes, chunk), () => undefined, hashing.begin(bytes.byteLength));
  for await (const _ of tap);
  return await tap.digests();
}

for (const threads of [0, 1, 2]) {
  test(`streams of any length and chunks are hashed right at the same time, with ${threads} threads`, async () => {
    using hashing = new Hashing(threads);
    const cases = [
      [0, 1000],
      [100, 1000],
      [5_000_000, 64 * 1024],
      [5_000_001, 256 * 1024],
      // More than the memory shared with a thread, and chunks that fit no slot.
      [12_345_678, 1_000_000],
      [9_999_999, 9_999_999],
    ] as const;
    const bytes = cases.map(([size], i) => pattern(size, i));
    const got = await Promise.all(cases.map(([, chunk], i) => digests(hashing, bytes[i]!, chunk)));
    assert.deepEqual(got, bytes.map(expected));
  });
}

test('a stream that is given up leaves nothing behind, and others are hashed on', async () => {
  using hashing = new Hashing(1);
  const bytes = pattern(8_000_000, 3);
  for (let i = 0; i < 20; i++) {
    const tap = new Tap(chunks(bytes, 300_000), () => undefined, hashing.begin(bytes.byteLength));
    await tap.next();
    await tap.return();
    assert.equal(await tap.digests(), undefined);
  }
  assert.deepEqual(await digests(hashing, bytes, 300_000), expected(bytes));
});

test('whoever waits for a thread that has ended is told', async () => {
  const hashing = new Hashing(1);
  const hash = hashing.begin(50_000_000);
  const end = (async () => {
    for (let i = 0; i < 1000; i++) await hash.update(Buffer.alloc(1_000_000));
    return await hash.end();
  })();
  hashing[Symbol.dispose]();
  await assert.rejects(end, { code: 'internal' });
});
