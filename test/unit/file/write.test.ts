import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { pattern, rejects, streamed } from '../../conformance/suite/bench.ts';
import { asNobody } from './nobody.ts';
import { keysOf, listAll, TreeFixture } from './tree-fixture.ts';

test('time and mode are kept, owners as asked, and set-uid bits only together with the owner', async () => {
  await using tree = new TreeFixture();
  const posix = { mode: 0o104_751, uid: 1234, gid: 2345 };
  const meta = { modified: Date.UTC(2001, 1, 3, 4, 5, 6, 789), posix };
  await (await tree.open()).write('plain', Buffer.from('x'), { meta });
  const plain = fs.statSync(tree.at('plain'));
  assert.equal(plain.mode & 0o7777, 0o751);
  assert.equal(Math.floor(plain.mtimeMs), meta.modified);
  assert.equal(plain.uid, process.getuid!());
  const store = await tree.open({ preserve_mode: false });
  await store.write('default', Buffer.from('x'), { meta });
  assert.equal(fs.statSync(tree.at('default')).mode & 0o111, 0);
  for (const ms of [0, 1, 999, 1000, 123_456_789_012]) {
    await store.write('time', Buffer.from('x'), { meta: { modified: ms } });
    assert.equal((await store.stat('time'))?.modified, ms);
    assert.equal((await listAll(store, { prefix: 'time' }))[0]?.modified, ms);
  }
  if (process.getuid!() !== 0) return; // Only root may give files away; the rest has been tested.
  await (await tree.open({ preserve_owner: true })).write('owned', Buffer.from('x'), { meta });
  const owned = fs.statSync(tree.at('owned'));
  assert.deepEqual([owned.uid, owned.gid, owned.mode & 0o7777], [1234, 2345, 0o4751]);
});

test('while a private file is written nobody else can read it, whole or in parts', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  const meta = { posix: { mode: 0o100_640 } };
  const modes: number[] = [];
  const look = (): void => {
    const temps = fs.readdirSync(tree.at()).filter((name) => name.startsWith('.ferry-tmp-'));
    for (const name of temps) modes.push(fs.statSync(tree.at(name)).mode & 0o777);
  };
  const bytes = pattern(100);
  async function* watched(): AsyncGenerator<Uint8Array> {
    yield bytes;
    look();
  }
  await store.write('whole', { size: bytes.byteLength, open: watched }, { meta });
  const ref = { key: 'parts', uploadId: await store.multipart!.begin('parts', { meta }) };
  const second = await store.multipart!.put(ref, 2, { size: bytes.byteLength, open: watched });
  const first = await store.multipart!.put(ref, 1, { size: bytes.byteLength, open: watched });
  await store.multipart!.complete(ref, [
    { number: 1, ...first },
    { number: 2, ...second },
  ]);
  assert.ok(modes.length >= 5);
  assert.deepEqual([...new Set(modes)], [0o600]);
  for (const name of ['whole', 'parts']) assert.equal(fs.statSync(tree.at(name)).mode & 0o777, 0o640);
});

test('two stores of one process write to the same directory at once', async () => {
  await using tree = new TreeFixture();
  const stores = [await tree.open(), await tree.open()];
  const both = Promise.withResolvers<void>();
  let open = 0;
  async function* meeting(): AsyncGenerator<Uint8Array> {
    if (++open === stores.length) both.resolve();
    await both.promise;
    yield pattern(10);
  }
  await Promise.all(stores.map((store, i) => store.write(`key-${i}`, { size: 10, open: meeting })));
  assert.deepEqual(await keysOf(stores[0]!), ['key-0', 'key-1']);
});

test('directories are made for keys that end in a slash, and hold no bytes', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  await store.write('a/b/', Buffer.alloc(0), { meta: { posix: { mode: 0o40700 } } });
  await store.write('a/b/', Buffer.alloc(0));
  assert.equal(fs.statSync(tree.at('a', 'b')).mode & 0o777, 0o700);
  assert.deepEqual(await keysOf(store), ['a/', 'a/b/']);
  assert.equal((await store.stat('a/b/'))?.size, 0);
  assert.equal(await store.stat('a/b'), undefined);
  assert.equal((await (await store.read('a/b/')).body.bytes(0)).byteLength, 0);
  await rejects(store.read('a/b'), 'not-found');
  await rejects(store.write('a/b/', Buffer.alloc(0), { ifAbsent: true }), 'already-exists');
  await rejects(store.write('c/', Buffer.from('x')), 'bad-key');
  await store.write('file', Buffer.from('x'));
  const conflict = await rejects(store.write('file/', Buffer.alloc(0)), 'path-conflict');
  assert.match(conflict.message, /"file\/".*"file"/);
});

test('a file and a directory of one name are a conflict that names both', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  await store.write('a', Buffer.from('x'));
  const below = await rejects(store.write('a/b/c', Buffer.from('y')), 'path-conflict');
  assert.equal(below.key, 'a/b/c');
  assert.match(below.message, /"a"/);
  await store.write('d/e', Buffer.from('x'));
  for (const options of [{}, { ifAbsent: true }]) {
    const above = await rejects(store.write('d', Buffer.from('y'), options), 'path-conflict');
    assert.match(above.message, /"d".*"d\/"/);
  }
  assert.equal(await store.stat('a/b'), undefined);
  assert.deepEqual(tree.names(), ['a', 'd'], 'no temporary file is left');
});

test('directories go with the last key in them, unless they are keys themselves', async () => {
  await using tree = new TreeFixture();
  fs.mkdirSync(tree.at('theirs'));
  const store = await tree.open();
  await store.write('made/on/the/way', Buffer.from('x'));
  await store.write('key/', Buffer.alloc(0));
  await store.write('key/file', Buffer.from('x'));
  await store.write('theirs/file', Buffer.from('x'));
  for (const key of ['made/on/the/way', 'key/file', 'theirs/file']) await store.remove(key);
  assert.deepEqual(await keysOf(store), ['key/', 'theirs/']);
  await store.write('key/file', Buffer.from('x'));
  await store.remove('key/');
  assert.deepEqual(await keysOf(store), ['key/', 'key/file', 'theirs/']);
  await store.remove('key/file');
  await store.remove('theirs/');
  assert.deepEqual(await keysOf(store), []);
});

test('no permission is said with the key, and nothing is left behind', async () => {
  await using tree = new TreeFixture();
  tree.put('closed/file');
  tree.put('secret');
  const store = await tree.open();
  await asNobody(tree, async () => {
    fs.chmodSync(tree.at('closed'), 0o500);
    fs.chmodSync(tree.at('secret'), 0o000);
    for (const attempt of [
      store.write('closed/new', Buffer.from('x')),
      store.write('closed/a/b', Buffer.from('x')),
      store.write('closed/new/', Buffer.alloc(0)),
      store.multipart!.begin('closed/new'),
      store.remove('closed/file'),
      store.read('secret'),
    ]) {
      const error = await rejects(attempt, 'permission');
      assert.match(error.message, /"closed\/|"secret"/);
      assert.ok(!error.message.includes(tree.folder), 'paths are told from the root on');
    }
    fs.chmodSync(tree.at('closed'), 0o700);
  });
  assert.deepEqual(tree.names('closed'), ['file']);
});

const canMount = process.platform === 'linux' && process.getuid!() === 0;

test(
  'a full disk is told as such, and leaves what was there',
  { skip: canMount ? false : 'only root can mount the small file system this fills' },
  async () => {
    await using tree = new TreeFixture();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tree.root]);
    try {
      const store = await tree.open();
      await store.write('old', pattern(600_000, 1));
      await rejects(store.write('old', pattern(600_000, 2)), 'disk-full');
      await rejects(store.write('new', streamed(pattern(600_000, 2))), 'disk-full');
      const uploadId = await store.multipart!.begin('parts');
      await rejects(store.multipart!.put({ key: 'parts', uploadId }, 1, pattern(600_000)), 'disk-full');
      await store.multipart!.abort({ key: 'parts', uploadId });
      assert.deepEqual(tree.names(), ['old']);
      assert.ok(fs.readFileSync(tree.at('old')).equals(pattern(600_000, 1)));
      await store[Symbol.asyncDispose]();
    } finally {
      execFileSync('umount', ['-l', tree.root]);
    }
  },
);

test('what is written is synced when asked, alone or many at once', async () => {
  await using tree = new TreeFixture();
  for (const fsync of ['auto', 'always', 'never']) {
    const store = await tree.open({ fsync });
    const keys = Array.from({ length: fsync === 'always' ? 12 : 70 }, (_, i) => `${fsync}/${i % 3}/${i}`);
    await Promise.all(keys.map((key) => store.write(key, Buffer.from(key))));
    await Promise.all([store.flush!(), store.flush!()]);
    await store.write(`${fsync}/one`, Buffer.from('1'));
    await store.write(`${fsync}/gone`, Buffer.from('1'));
    await store.remove(`${fsync}/gone`);
    await store.flush!();
    for (const key of keys) assert.equal(fs.readFileSync(tree.at(key), 'utf8'), key);
  }
});

test('an object and its sidecar change together, and a file others changed has none', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open({ metadata: 'sidecar' });
  const sidecars = (): readonly string[] =>
    fs
      .readdirSync(tree.at('.ferry-meta'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.json'));
  await store.write('a', Buffer.from('one'), { meta: { contentType: 'text/one' }, tags: { t: '1' } });
  await store.write('a', Buffer.from('three'), { meta: { contentType: 'text/three' } });
  assert.equal(sidecars().length, 1, 'the old one is gone');
  const meta = await store.stat('a');
  assert.equal(meta?.contentType, 'text/three');
  assert.equal(meta.checksums?.md5, '35d6d33467aae9a2e3dccb4b6b027878');
  assert.equal(meta.tagCount, undefined);
  assert.deepEqual(await keysOf(store), ['a']);
  assert.deepEqual(await keysOf(await tree.open()), ['a'], 'it is hidden from all');
  await store.write('.ferry-meta/x', Buffer.from('a key of this name is another place'));
  assert.deepEqual(await keysOf(store), ['.ferry-meta/', '.ferry-meta/x', 'a']);
  tree.put('a', 'changed by another program');
  assert.equal((await store.stat('a'))?.contentType, undefined);
  fs.writeFileSync(tree.at('.ferry-meta', sidecars()[0]!), 'damaged');
  assert.ok(await store.stat('a'));
  await store.write('b', Buffer.from('x'));
  await store.remove('b');
  assert.equal(await store.stat('b'), undefined);
});

test('ifAbsent leaves nothing behind where it loses, with sidecars too', async () => {
  await using tree = new TreeFixture();
  for (const metadata of ['none', 'sidecar']) {
    const store = await tree.open({ metadata });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => store.write(metadata, Buffer.from(String(i)), { ifAbsent: true })),
    );
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1);
    for (const result of results)
      if (result.status === 'rejected') assert.ok(isFerryError(result.reason, 'already-exists'));
  }
  assert.deepEqual(tree.names(), ['.ferry-meta', 'none', 'sidecar']);
});
