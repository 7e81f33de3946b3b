import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SEGMENT, SpoolSpace } from '../../../../src/gateway/mirror/spool-space.ts';
import { Overrun, Spool } from '../../../../src/gateway/mirror/spool.ts';
import { FerryError, isFerryError } from '../../../../src/model/errors.ts';
import { MiB } from '../../../../src/model/units.ts';

const dir = mkdtempSync(join(tmpdir(), 'ferry-spool-'));
after(() => rmSync(dir, { recursive: true }));
const spaceOf = (segments: number, memory = 0): SpoolSpace =>
  new SpoolSpace({ limit: segments * SEGMENT, memory, folder: () => dir });

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const got: Buffer[] = [];
  for await (const chunk of chunks) got.push(Buffer.from(chunk));
  return Buffer.concat(got);
}

async function fill(spool: Spool, bytes: Uint8Array, piece = 300_000): Promise<void> {
  for (let at = 0; at < bytes.length; at += piece) await spool.append(bytes.subarray(at, at + piece));
}

test('every reader gets every byte, from memory, from disk, and where the one becomes the other', async () => {
  for (const [size, known, memory] of [
    [0, true, MiB],
    [1000, true, MiB],
    [1000, false, MiB],
    [3 * MiB, false, MiB],
    [3 * MiB, true, 0],
    [2 * SEGMENT + 1, true, 0],
  ] as const) {
    // prettier-ignore
    const space = spaceOf(4, memory);
    const bytes = randomBytes(size);
    const spool = await Spool.open(space, known ? size : undefined, 3 * SEGMENT);
    const early = all(spool.reader(0));
    await fill(spool, bytes);
    const late = all(spool.reader(0));
    const part = all(spool.reader(Math.min(10, size), size));
    spool.end();
    for (const got of [await early, await late]) assert.ok(got.equals(bytes), `${size}`);
    assert.ok((await part).equals(bytes.subarray(Math.min(10, size))));
    // Files have no names, so nothing is left of a process that is killed.
    assert.deepEqual(readdirSync(dir), []);
    spool.release();
    assert.equal(space.used, 0);
    assert.ok(space.tryTakeMemory(memory));
  }
});

test('a reader of the whole is told the end only when all was well', async () => {
  const spool = await Spool.open(spaceOf(2, MiB), 1000, SEGMENT);
  const reader = all(spool.reader(0));
  await fill(spool, randomBytes(1000));
  spool.fail(new FerryError('wrong-checksum'));
  await assert.rejects(reader, { code: 'wrong-checksum' });
  spool.release();
});

test('space is bounded: bytes that are stored go when it is wanted, and who wanted them is told', async () => {
  const space = spaceOf(3);
  const bytes = randomBytes(8 * SEGMENT);
  const spool = await Spool.open(space, bytes.length, 2 * SEGMENT);
  const stalled = spool.reader(0);
  let appended = false;
  const filling = fill(spool, bytes, MiB).then(() => (appended = true));
  await stalled.next();
  const storing = (async (): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      await spool.arrival(at + SEGMENT);
      assert.ok(!appended || at >= 5 * SEGMENT, 'it waits for the storing');
      parts.push(await all(spool.reader(at, at + SEGMENT)));
      spool.safe(at + SEGMENT);
      assert.ok(space.used <= space.limit);
    }
    return Buffer.concat(parts);
  })();
  assert.ok((await storing).equals(bytes));
  await filling;
  spool.end();
  await assert.rejects(all(stalled), (error) => error instanceof Overrun);
  spool.release();
  assert.equal(space.used, 0);
});

test('spools that share a small space all come to an end', async () => {
  const space = spaceOf(5);
  const one = async (): Promise<void> => {
    const bytes = randomBytes(4 * SEGMENT + 5);
    const spool = await Spool.open(space, bytes.length, 2 * SEGMENT);
    const filling = fill(spool, bytes, MiB).then(() => spool.end());
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const to = Math.min(at + SEGMENT, bytes.length);
      await spool.arrival(to);
      assert.ok((await all(spool.reader(at, to))).equals(bytes.subarray(at, to)));
      spool.safe(to);
      assert.ok(space.used <= space.limit, `${space.used}`);
    }
    await filling;
    spool.release();
  };
  await Promise.all(Array.from({ length: 8 }, one));
  assert.equal(space.used, 0);
});

test('what nobody stores goes on at the pace of the fastest reader, and without one', async () => {
  const space = spaceOf(2);
  const bytes = randomBytes(6 * SEGMENT);
  const spool = await Spool.open(space, bytes.length, 2 * SEGMENT);
  spool.paceByReaders();
  const stalled = spool.reader(0);
  const fast = all(spool.reader(0));
  await fill(spool, bytes, MiB);
  spool.end();
  assert.ok((await fast).equals(bytes));
  await assert.rejects(all(stalled), (error) => error instanceof Overrun);
  spool.release();
  const alone = await Spool.open(space, bytes.length, 2 * SEGMENT);
  alone.paceByReaders();
  await fill(alone, bytes, MiB);
  alone.release();
  assert.equal(space.used, 0);
});

test('whoever waits for space can be called off, and then others get it', async () => {
  const space = spaceOf(1);
  await space.take(SEGMENT);
  const stop = new AbortController();
  const first = space.take(SEGMENT, stop.signal);
  const second = space.take(SEGMENT);
  stop.abort();
  await assert.rejects(first, (error) => isFerryError(error, 'interrupted'));
  space.give(SEGMENT);
  await second;
  assert.equal(space.used, SEGMENT);
  await assert.rejects(space.take(2 * SEGMENT), (error) => isFerryError(error, 'too-large'));
});
