import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../../src/model/key.ts';
import { GeneratedKeys } from '../../../src/stores/generated/keys.ts';
import { GeneratedStore } from '../../../src/stores/generated/store.ts';

test('keys are strictly increasing and found again, for any count and place', () => {
  const shape = fc.constantFrom('flat', 'tree');
  fc.assert(
    fc.property(
      shape,
      fc.integer({ min: 2, max: 1_000_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (s, count, part) => {
        const keys = new GeneratedKeys(s, count, 7);
        const index = Math.floor(part * (count - 2));
        const [key, following] = [keys.at(index), keys.at(index + 1)];
        assert.ok(compareKeys(key, following) < 0, `${key} < ${following}`);
        assert.equal(keys.indexOf(key), index);
        assert.equal(keys.countThrough(`${key}\u0000`), index + 1);
        assert.equal(keys.indexOf(`${key}\u0000`), undefined);
      },
    ),
  );
});

test('a page begins anywhere in ten million keys, and its ETags are the MD5s of the bytes', async () => {
  const store = new GeneratedStore({ count: 10_000_000 });
  const page = await store.list({ after: '7fff', limit: 3 });
  assert.equal(page.entries.length, 3);
  assert.equal(page.next, page.entries[2]!.key);
  for (const { key, size, etag } of page.entries) {
    assert.ok(key.startsWith('7fff') || key.startsWith('8000'));
    const bytes = await (await store.read(key)).body.bytes(1 << 20);
    assert.equal(bytes.byteLength, size);
    assert.equal(createHash('md5').update(bytes).digest('hex'), etag);
  }
});

test('two stores of one seed differ exactly where they were told to', async () => {
  const plain = await listed({});
  const other = await listed({ differEvery: 100, missingEvery: 50 });
  const keys = [...plain.keys()];
  assert.equal(keys.length, 1000);
  assert.equal(keys.filter((key) => !other.has(key)).length, 20);
  assert.equal(keys.filter((key) => other.has(key) && other.get(key) !== plain.get(key)).length, 10);
});

test('what is written is taken whole and forgotten', async () => {
  const store = new GeneratedStore({ count: 1, discard: true });
  await store.write('key', Buffer.from('x'));
  assert.equal(await store.stat('key'), undefined);
  const short = { size: 2, open: () => chunksOf('x') };
  await assert.rejects(store.write('key', short), { code: 'short-read' });
});

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function listed(more: { differEvery?: number; missingEvery?: number }): Promise<Map<string, string>> {
  const { entries } = await new GeneratedStore({ count: 1000, ...more }).list({});
  return new Map(entries.map(({ key, size, etag }) => [key, `${size} ${etag}`]));
}
