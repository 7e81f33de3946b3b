import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { CallKind, Pace } from '../../../src/stores/file/io.ts';
import { openFile } from '../../../src/stores/file/read.ts';
import { drain, pattern, rejects } from '../../conformance/suite/bench.ts';
import { TreeFixture } from './tree-fixture.ts';

const changes: Readonly<Record<string, (file: string) => void>> = {
  grows: (file) => fs.appendFileSync(file, 'more'),
  shrinks: (file) => fs.truncateSync(file, 1000),
  'is written over': (file) => {
    const fd = fs.openSync(file, 'r+');
    fs.writeSync(fd, 'other', 500_000);
    fs.closeSync(fd);
  },
  'is written over and its time set back': (file) => {
    const { atime, mtime } = fs.statSync(file);
    const fd = fs.openSync(file, 'r+');
    fs.writeSync(fd, 'other', 10);
    fs.closeSync(fd);
    fs.utimesSync(file, atime, mtime);
  },
};

for (const [how, change] of Object.entries(changes)) {
  test(`a file that ${how} while it is read is noticed before its last bytes are given away`, async () => {
    await using tree = new TreeFixture();
    const store = await tree.open();
    const bytes = pattern(600_000);
    const file = tree.put('file', bytes);
    const { body } = await store.read('file');
    const chunks: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of body) {
        if (chunks.length === 0) change(file);
        chunks.push(Buffer.from(chunk));
      }
    })();
    await rejects(reading, 'changed');
    assert.ok(Buffer.concat(chunks).byteLength < bytes.byteLength);
    tree.put('file', bytes);
    const again = await store.read('file');
    change(file);
    await rejects(again.body.bytes(1 << 20), 'changed');
  });
}

test('a file that is replaced while it is read counts as changed, and its old version is not found', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  await store.write('file', pattern(300_000, 1));
  const { meta, body } = await store.read('file');
  await store.write('file', pattern(300_000, 2));
  await rejects(drain(body), 'changed');
  await rejects(store.read('file', { ifMatch: meta.etag }), 'changed');
  assert.notEqual((await store.stat('file'))?.etag, meta.etag);
});

test('a small file that changes just while it is read is noticed', async () => {
  await using tree = new TreeFixture();
  const file = tree.put('file', 'before');
  const context = { pace: new Pace(), follow: false, verify: () => fs.appendFileSync(file, ' and after') };
  await rejects(openFile(file, 'file', {}, context, undefined), 'changed');
});

test('no descriptor stays open, whatever becomes of a body', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  tree.put('small', pattern(1000));
  tree.put('large', pattern(600_000));
  await store.read('small'); // Opens the root, which stays open.
  const before = openFiles();
  for (let i = 0; i < 3; i++) {
    await store.read('small');
    await drain((await store.read('large')).body);
    (await store.read('large')).body.cancel();
    await rejects((await store.read('large')).body.bytes(10), 'too-large');
    for await (const chunk of (await store.read('large')).body) {
      assert.ok(chunk.byteLength > 0);
      break;
    }
    await rejects(store.read('large', { offset: 600_000 }), 'wrong-length');
    await rejects(store.read('missing'), 'not-found');
    await rejects(store.read('missing/file'), 'not-found');
    const { body } = await store.read('large');
    const chunks = body[Symbol.asyncIterator]();
    const pending = chunks.next();
    body.cancel();
    await rejects(
      pending.then(() => chunks.next()),
      'interrupted',
    );
  }
  assert.equal(openFiles(), before);
});

test('calls that are slow most of the time turn to the thread pool, and come back when they are quick again', () => {
  const pace = new Pace();
  const calls = new CallKind(pace);
  const pooled = (): number => {
    let count = 0;
    while (calls.usesPool()) count++;
    return count;
  };
  for (let i = 0; i < 1000; i++) calls.took(i % 50 === 0 ? 50 : 0.01);
  assert.equal(pooled(), 0, 'an interruption now and then is not the disk');
  for (let i = 0; i < 4; i++) calls.took(5);
  assert.equal(pooled(), 256);
  for (let i = 0; i < 2; i++) calls.took(5);
  assert.equal(pooled(), 512, 'longer when it happens again');
  for (let i = 0; i < 50; i++) calls.took(0.01);
  for (let i = 0; i < 4; i++) calls.took(5);
  assert.equal(pooled(), 256);
  assert.ok(pace.due, 'others get a turn after so much blocking');
});

test('one kind of call that is slow sends no other kind to the pool', () => {
  const pace = new Pace();
  for (let i = 0; i < 10; i++) pace.look.took(1000);
  assert.ok(pace.look.usesPool());
  const fd = pace.io.open(import.meta.filename, fs.constants.O_RDONLY);
  assert.equal(typeof fd, 'number', 'not a promise');
  void pace.io.close(Number(fd));
});

test('reads and writes through the thread pool give the same', async () => {
  const { pooled } = new Pace();
  await using tree = new TreeFixture();
  tree.put('large', pattern(300_000));
  for (const size of [300_000, 100]) {
    const fd = await pooled.open(tree.at('large'), fs.constants.O_RDWR);
    await pooled.write(fd, pattern(size, 7), 0);
    const bytes = Buffer.alloc(size);
    for (let at = 0; at < size;) at += await pooled.read(fd, bytes, at, size - at, at);
    await pooled.close(fd);
    assert.ok(bytes.equals(pattern(size, 7)));
  }
});

function openFiles(): number {
  return fs.readdirSync('/proc/self/fd').length;
}
