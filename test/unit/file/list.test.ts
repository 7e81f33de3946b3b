import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys, inRange, type Key } from '../../../src/model/key.ts';
import { diskEncoding } from '../../../src/stores/file/encoding.ts';
import { Pace } from '../../../src/stores/file/io.ts';
import { NameBudget } from '../../../src/stores/file/members.ts';
import { Tree } from '../../../src/stores/file/tree.ts';
import { Walker, type WalkRange } from '../../../src/stores/file/walk.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { asNobody } from './nobody.ts';
import { keysOf, listAll, TreeFixture } from './tree-fixture.ts';

/** Every key a tree of these files has, directories included. */
function withDirectories(files: readonly Key[]): readonly Key[] {
  const keys = new Set(files);
  for (const file of files)
    for (let slash = file.indexOf('/'); slash >= 0; slash = file.indexOf('/', slash + 1))
      keys.add(file.slice(0, slash + 1));
  return [...keys].toSorted(compareKeys);
}

const name = fc.oneof(
  fc.constantFrom('a', 'a-', 'a.', 'a0', 'b', '', '.', '..', '‛', '‛2e', '😀', '\uFFFD', '\uE000', 'é', '!', '\u0000'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).filter((text) => !text.includes('/')),
);
const key = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

test('a listing from anywhere gives exactly the keys in range, in UTF-8 order, whatever the names', async () => {
  const property = fc.asyncProperty(
    fc.array(key, { maxLength: 25 }),
    fc.array(fc.tuple(key, key, key, fc.nat(3)), { minLength: 4, maxLength: 4 }),
    async (given, probes) => {
      await using tree = new TreeFixture();
      const store = await tree.open({ fsync: 'never' });
      const files: Key[] = [];
      for (const each of given.filter((text) => text !== '' && !text.endsWith('/'))) {
        const conflicts = files.some((other) => other.startsWith(`${each}/`) || each.startsWith(`${other}/`));
        if (conflicts || files.includes(each)) continue;
        await store.write(each, Buffer.from(each));
        files.push(each);
      }
      const all = withDirectories(files);
      assert.deepEqual(await keysOf(store), all);
      for (const [after, through, prefix, limit] of probes) {
        const inside = all.filter((each) => inRange(each, { after, through }));
        assert.deepEqual(await keysOf(store, { after, through, limit: limit + 1 }), inside);
        assert.deepEqual(
          await keysOf(store, { prefix, limit: limit + 1 }),
          all.filter((each) => each.startsWith(prefix)),
        );
        const both = all.filter((each) => each.startsWith(prefix) && inRange(each, { after }));
        assert.deepEqual(await keysOf(store, { prefix, after, limit: limit + 1 }), both);
      }
    },
  );
  await fc.assert(property, { numRuns: 8 });
});

test('every directory is listed, and which ones are empty', async () => {
  await using tree = new TreeFixture();
  tree.put('full/file');
  tree.put('only-litter/.ferry-tmp-u.00000000000000000000000000000000');
  fs.mkdirSync(tree.at('empty'));
  const entries = await listAll(await tree.open());
  assert.deepEqual(
    entries.map(({ key: each, directory }) => [each, directory?.empty]),
    [
      ['empty/', true],
      ['full/', false],
      ['full/file', undefined],
      ['only-litter/', true],
    ],
  );
});

test('what is no file is reported with its reason, never left out', async () => {
  await using tree = new TreeFixture();
  tree.put('file');
  fs.symlinkSync('file', tree.at('link'));
  fs.writeFileSync(Buffer.concat([Buffer.from(`${tree.root}/bad`), Buffer.from([0xff])]), 'x');
  tree.put('‛41', 'looks escaped');
  tree.put('.ferry-tmp-nonsense', 'is not one of ours');
  tree.put('sub/.ferry-meta', 'is ours in the root only');
  fs.mkdirSync(Buffer.concat([Buffer.from(`${tree.root}/folder`), Buffer.from([0xff])]));
  fs.symlinkSync('file', Buffer.concat([Buffer.from(`${tree.root}/link`), Buffer.from([0xff])]));
  const entries = await listAll(await tree.open());
  const reasons = Object.fromEntries(entries.map((each) => [each.key, each.irregular ?? each.badName?.reason]));
  assert.match(reasons['link']!, /symbolic link/);
  assert.match(reasons['link‛ff']!, /symbolic link/);
  assert.match(reasons['bad‛ff']!, /UTF-8/);
  assert.match(reasons['folder‛ff']!, /directory is not valid UTF-8, so nothing in it/);
  assert.match(reasons['‛41']!, /escaped/);
  assert.match(reasons['.ferry-tmp-nonsense']!, /escaped/);
  assert.match(reasons['sub/.ferry-meta']!, /escaped/);
  const irregular = entries.filter((each) => each.irregular !== undefined);
  assert.deepEqual(irregular.map((each) => each.key), ['link', 'link‛ff']); // prettier-ignore
  assert.equal(entries.filter((each) => each.badName).length, 5);
});

test('names in GBK are listed as Unicode, and those that are no GBK reported', async () => {
  await using tree = new TreeFixture();
  const gbk = (bytes: readonly number[]): Buffer => Buffer.concat([Buffer.from(`${tree.root}/`), Buffer.from(bytes)]);
  fs.mkdirSync(gbk([0xd6, 0xd0]));
  fs.writeFileSync(Buffer.concat([gbk([0xd6, 0xd0]), Buffer.from('/'), Buffer.from([0xce, 0xc4])]), 'x');
  fs.writeFileSync(gbk([0xff, 0xff]), 'x');
  const store = await tree.open({ encoding: 'gbk' });
  assert.deepEqual(await keysOf(store), ['?‛ff‛ff', '中/', '中/文']);
  assert.equal((await (await store.read('中/文')).body.bytes(9)).toString(), 'x');
});

test('a listing that cannot look into a directory fails; it is never taken for empty', async () => {
  await using tree = new TreeFixture();
  tree.put('a/file');
  tree.put('b/file');
  const store = await tree.open();
  await rejects((await tree.open({}, undefined, tree.at('a', 'file'))).list({}), 'no-such-directory');
  await asNobody(tree, async () => {
    fs.chmodSync(tree.at('b'), 0o000);
    const error = await rejects(listAll(store), 'permission');
    assert.match(error.message, /"b\/"/);
    fs.chmodSync(tree.at('b'), 0o700);
  });
});

test('a destination that is not there yet is empty, and a source is an error', async () => {
  await using tree = new TreeFixture();
  const missing = tree.at('not', 'yet');
  await rejects((await tree.open({}, 'source', missing)).list({}), 'no-such-directory');
  const store = await tree.open({}, 'destination', missing);
  assert.deepEqual(await store.list({}), { entries: [] });
  await store.write('a/b', Buffer.from('x'));
  assert.deepEqual(await keysOf(store), ['a/', 'a/b']);
});

test('a directory too large for memory is sorted on disk, and nothing is left there', async () => {
  await using tree = new TreeFixture();
  const count = 500;
  for (let i = 0; i < count; i++) fs.closeSync(fs.openSync(tree.at(`${(i * 7919) % count}`), 'w'));
  fs.symlinkSync('x', tree.at('link'));
  fs.mkdirSync(tree.at('5dir'));
  const expected = [...Array.from({ length: count }, (_, i) => String(i)), '5dir/', 'link'].toSorted(compareKeys);
  const encoding = diskEncoding('utf8');
  const walk = async (range: WalkRange): Promise<readonly Key[]> => {
    const directories = new Tree({ root: tree.root, encoding, follow: false });
    const budget = new NameBudget(100, 50, 10);
    const options = {
      encoding,
      links: 'skip',
      root: tree.root,
      tmpdir: () => tree.folder,
      pace: new Pace(),
      budget,
      onTemp: () => undefined,
    } as const;
    await using walker = new Walker(directories, options, range);
    const keys: Key[] = [];
    while (!walker.done) keys.push(...(await walker.next(1000, undefined)).map((entry) => entry.key));
    directories.close();
    return keys;
  };
  assert.deepEqual(await walk({}), expected);
  assert.deepEqual(
    await walk({ after: '5d', through: '9' }),
    expected.filter((each) => inRange(each, { after: '5d', through: '9' })),
  );
  assert.deepEqual(fs.readdirSync(tree.folder), ['root']);
});

test('paging on reads no directory twice, and starting late reads only the directories on the way', async () => {
  await using tree = new TreeFixture();
  for (let i = 0; i < 8; i++) for (let j = 0; j < 8; j++) tree.put(`d${i}/e${j}/file`);
  const old = new Date(Date.now() - 60_000);
  for (const directory of fs
    .readdirSync(tree.root, { recursive: true, withFileTypes: true })
    .filter((each) => each.isDirectory()))
    fs.utimesSync(`${directory.parentPath}/${directory.name}`, old, old);
  fs.utimesSync(tree.root, old, old);
  const store = await tree.open();
  const opened = countOpens();
  try {
    await keysOf(store, { limit: 7 });
    assert.equal(opened.count, 1 + 8 + 64);
    opened.count = 0;
    await store.list({ after: 'd6/e7/file', limit: 1 });
    assert.equal(opened.count, 4, 'the root, d6, d6/e7, and d7 that comes next');
  } finally {
    opened.restore();
  }
});

test('a key made in a small directory while it is listed is found if it comes later', async () => {
  await using tree = new TreeFixture();
  for (const each of ['a', 'c', 'e', 'g']) tree.put(each);
  const store = await tree.open();
  const { next } = await store.list({ limit: 2 });
  assert.equal(next, 'c');
  tree.put('d');
  fs.rmSync(tree.at('e'));
  assert.deepEqual(await keysOf(store, { after: next }), ['d', 'g']);
});

test('files of dead runs are removed from destinations, those of living ones and of uploads stay', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open({}, 'destination');
  const body = { size: 3, open: () => stalling() };
  const abort = new AbortController();
  const writing = store.write('a/living', body, {}, abort.signal).catch((thrown: unknown) => thrown);
  while (tree.names().length === 0 || tree.names('a').length === 0) await new Promise(setImmediate);
  const [living] = tree.names('a');
  assert.match(living!, /^\.ferry-tmp-w\./);
  const dead = living!.replace(/\.(\d+)\.(\d+)\.\d+$/, '.$1.1.0');
  tree.put(`a/${dead}`);
  const uploadId = await store.multipart!.begin('a/upload');
  assert.deepEqual(await keysOf(await tree.open({}, 'source')), ['a/']);
  assert.ok(tree.names('a').includes(dead), 'a source is left alone');
  assert.deepEqual(await keysOf(store), ['a/']);
  assert.deepEqual(tree.names('a'), [`.ferry-tmp-u.${uploadId}`, `.ferry-tmp-u.${uploadId}.parts`, living]);
  abort.abort();
  await writing;
});

async function* stalling(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('x');
  await new Promise(() => undefined);
}

function countOpens(): { count: number; restore(): void } {
  const { opendirSync } = fs;
  const counter = {
    count: 0,
    restore() {
      fs.opendirSync = opendirSync;
    },
  };
  fs.opendirSync = (...given) => {
    counter.count++;
    return opendirSync(...given);
  };
  return counter;
}

test('directories alone are listed where nothing else is wanted, page by page', async () => {
  await using tree = new TreeFixture();
  for (const file of ['a/b/file', 'a/file', 'c/file', 'file', 'd/e/f/file']) tree.put(file);
  const store = await tree.open();
  const keys = async (limit: number, prefix?: string): Promise<readonly string[]> =>
    keysOf(store, { limit, prefix, directoriesOnly: true });
  for (const limit of [1, 2, 1000]) assert.deepEqual(await keys(limit), ['a/', 'a/b/', 'c/', 'd/', 'd/e/', 'd/e/f/']);
  assert.deepEqual(await keys(10, 'd/e'), ['d/e/', 'd/e/f/']);
  const [first] = await listAll(store, { directoriesOnly: true });
  assert.deepEqual(first?.directory, { empty: false });
});
