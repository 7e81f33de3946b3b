import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Part } from '../../../src/store/store.ts';
import { pattern, rejects } from '../../conformance/suite/bench.ts';
import { TreeFixture } from './tree-fixture.ts';

test('parts of any sizes in any order become the object, and nothing else is left', async () => {
  const property = fc.asyncProperty(
    fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 6 }),
    fc.infiniteStream(fc.nat()),
    async (sizes, random) => {
      await using tree = new TreeFixture();
      const store = await tree.open({ fsync: 'never' });
      const upload = { key: 'a/object', uploadId: await store.multipart!.begin('a/object') };
      const order = sizes.map((_, i) => i).toSorted(() => (random.next().value! % 3) - 1);
      const parts: Part[] = [];
      await Promise.all(
        order.map(async (i) => {
          parts[i] = { number: i + 1, ...(await store.multipart!.put(upload, i + 1, pattern(sizes[i]!, i))) };
        }),
      );
      const { etag } = await store.multipart!.complete(upload, parts);
      const expected = Buffer.concat(sizes.map((size, i) => pattern(size, i)));
      assert.ok(fs.readFileSync(tree.at('a', 'object')).equals(expected));
      assert.equal((await store.stat('a/object'))?.etag, etag);
      assert.deepEqual(tree.names('a'), ['object']);
    },
  );
  await fc.assert(property, { numRuns: 25 });
});

test('an upload of a process that was killed is gone on with by another', async () => {
  await using tree = new TreeFixture();
  const script = path.join(import.meta.dirname, 'upload-process.ts');
  const child = spawn(process.execPath, [script, tree.root, 'deep/object'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const parts: Part[] = [];
  let uploadId = '';
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { uploadId?: string; number?: number; etag?: string; half?: boolean };
    uploadId = said.uploadId ?? uploadId;
    if (said.number !== undefined) parts.push({ number: said.number, etag: said.etag! });
    if (said.half) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  assert.deepEqual(
    parts.map((part) => part.number),
    [2, 1, 4],
  );

  const store = await tree.open({}, 'destination');
  const upload = { key: 'deep/object', uploadId };
  assert.deepEqual(
    (await store.list({})).entries.map((entry) => entry.key),
    ['deep/'],
    'nothing of it is to be seen',
  );
  const [two, one, four] = parts;
  const error = await rejects(store.multipart!.complete(upload, [one!, two!, four!]), 'not-found');
  assert.match(error.message, /part 1/, 'the part it was replacing when it died does not count');
  const again = { number: 1, ...(await store.multipart!.put(upload, 1, pattern(100_000, 1))) };
  const three = { number: 3, ...(await store.multipart!.put(upload, 3, pattern(100_000, 3))) };
  await store.multipart!.complete(upload, [again, two!, three, four!]);
  const expected = Buffer.concat([1, 2, 3, 4].map((seed) => pattern(100_000, seed)));
  assert.ok(fs.readFileSync(tree.at('deep', 'object')).equals(expected));
  assert.equal((await store.stat('deep/object'))?.modified, 86_400_000, 'what was to be kept was recorded');
  assert.deepEqual(tree.names('deep'), ['object']);
});

test('a record torn by a crash counts up to its last whole line', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  const upload = { key: 'object', uploadId: await store.multipart!.begin('object') };
  const first = { number: 1, ...(await store.multipart!.put(upload, 1, pattern(1000, 1))) };
  const second = { number: 2, ...(await store.multipart!.put(upload, 2, pattern(1000, 2))) };
  const record = tree.at(`.ferry-tmp-u.${upload.uploadId}.parts`);
  fs.truncateSync(record, fs.statSync(record).size - 1);
  const other = await tree.open();
  await rejects(other.multipart!.complete(upload, [first, second]), 'not-found');
  await other.multipart!.complete(upload, [first]);
  assert.ok(fs.readFileSync(tree.at('object')).equals(pattern(1000, 1)));
});

test('an upload is found only by its own id and key', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  const uploadId = await store.multipart!.begin('object');
  for (const upload of [
    { key: 'other', uploadId },
    { key: 'object', uploadId: 'f'.repeat(32) },
    { key: 'object', uploadId: '../../etc/passwd' },
    { key: 'missing/object', uploadId },
  ]) {
    await rejects(store.multipart!.put(upload, 1, pattern(10)), 'not-found');
    await rejects(store.multipart!.complete(upload, []), 'not-found');
    await store.multipart!.abort(upload);
  }
  await rejects(store.multipart!.put({ key: 'object', uploadId }, 0, pattern(10)), 'too-large');
  await rejects(store.multipart!.begin('directory/'), 'bad-key');
  await store.multipart!.abort({ key: 'object', uploadId });
  assert.deepEqual(tree.names(), []);
});

test('with sidecars an upload keeps what it was begun with', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open({ metadata: 'sidecar' });
  const meta = { contentType: 'text/x', user: { a: 'b' }, modified: 1000 };
  const upload = { key: 'object', uploadId: await store.multipart!.begin('object', { meta, tags: { t: '1' } }) };
  const part = await store.multipart!.put(upload, 1, pattern(10));
  const later = await tree.open({ metadata: 'sidecar' });
  await later.multipart!.complete(upload, [{ number: 1, ...part }]);
  const told = await store.stat('object');
  assert.equal(told?.contentType, 'text/x');
  assert.deepEqual(told.user, { a: 'b' });
  assert.equal(told.modified, 1000);
  assert.deepEqual(await store.tags!('object'), { t: '1' });
});
