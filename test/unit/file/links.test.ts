import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { staysInside } from '../../../src/stores/file/write.ts';
import { promptly, rejects } from '../../conformance/suite/bench.ts';
import { keysOf, listAll, TreeFixture } from './tree-fixture.ts';

/** A tree with links of every kind, and a secret outside of it. */
function hostileTree(): TreeFixture {
  const tree = new TreeFixture();
  fs.mkdirSync(`${tree.folder}/outside`);
  fs.writeFileSync(`${tree.folder}/outside/secret`, 'secret');
  tree.put('real/file', 'inside');
  tree.put('real/deep/file', 'deep');
  fs.symlinkSync('real/file', tree.at('to-file'));
  fs.symlinkSync('real', tree.at('to-directory'));
  fs.symlinkSync('../outside', tree.at('out-directory'));
  fs.symlinkSync('../outside/secret', tree.at('out-file'));
  fs.symlinkSync(`${tree.folder}/outside/secret`, tree.at('absolute'));
  fs.symlinkSync('nowhere', tree.at('dangling'));
  fs.symlinkSync('loop', tree.at('loop'));
  fs.symlinkSync('..', tree.at('real', 'deep', 'up'));
  fs.symlinkSync('../../../outside', tree.at('real', 'deep', 'out'));
  return tree;
}

test('links are reported and never followed where they are to be skipped', async () => {
  await using tree = hostileTree();
  const store = await tree.open();
  const keys = await keysOf(store);
  assert.deepEqual(
    keys.filter((key) => !key.startsWith('!')),
    ['real/', 'real/deep/', 'real/deep/file', 'real/file'],
  );
  assert.equal(keys.filter((key) => key.startsWith('!')).length, 9);
  await rejects(store.read('to-file'), 'irregular');
  await rejects(store.stat('out-file'), 'irregular');
  await rejects(store.read('to-directory/file'), 'irregular');
  await rejects(store.read('out-directory/secret'), 'irregular');
  await rejects(store.read('real/deep/out/secret'), 'irregular');
});

test('links that stay in the tree are followed, all others reported', async () => {
  await using tree = hostileTree();
  const store = await tree.open({ enable_link_follow: true });
  const entries = await listAll(store);
  assert.deepEqual(
    entries.filter((entry) => entry.irregular === undefined).map((entry) => entry.key),
    [
      'real/',
      'real/deep/',
      'real/deep/file',
      'real/file',
      'to-directory/',
      'to-directory/deep/',
      'to-directory/deep/file',
      'to-directory/file',
      'to-file',
    ],
  );
  const reasons = Object.fromEntries(
    entries.filter((entry) => entry.irregular).map((entry) => [entry.key, entry.irregular]),
  );
  assert.match(reasons['dangling']!, /nowhere/);
  assert.match(reasons['loop']!, /circle/);
  assert.match(reasons['real/deep/up']!, /directory it is in/);
  for (const out of ['absolute', 'out-directory', 'out-file', 'real/deep/out', 'to-directory/deep/out'])
    assert.match(reasons[out]!, /out of the tree/);
  assert.equal((await (await store.read('to-file')).body.bytes(10)).toString(), 'inside');
  assert.equal((await (await store.read('to-directory/deep/file')).body.bytes(10)).toString(), 'deep');
  assert.equal((await store.stat('to-file'))?.size, 6);
  for (const key of ['out-file', 'absolute', 'out-directory/secret', 'to-directory/deep/out/secret'])
    await rejects(store.read(key), 'irregular');
  await rejects(store.stat('out-file'), 'irregular');
});

test('links that lead through each other in a circle come to an end', async () => {
  await using tree = new TreeFixture();
  fs.mkdirSync(tree.at('a'));
  fs.mkdirSync(tree.at('b'));
  fs.symlinkSync('../b', tree.at('a', 'to-b'));
  fs.symlinkSync('../a', tree.at('b', 'to-a'));
  const store = await tree.open({ symlinks: 'follow' });
  assert.deepEqual(await keysOf(store), ['a/', 'a/to-b/', '!a/to-b/to-a', 'b/', 'b/to-a/', '!b/to-a/to-b']);
});

test('nothing is written or removed through a link, whatever the policy', async () => {
  for (const symlinks of ['skip', 'follow', 'keep']) {
    await using tree = hostileTree();
    const store = await tree.open({ symlinks });
    const body = Buffer.from('written');
    await rejects(store.write('out-directory/new', body), 'irregular');
    await rejects(store.write('to-directory/new', body), 'irregular');
    await rejects(store.write('real/deep/out/x/y', body), 'irregular');
    await rejects(store.write('out-directory/', Buffer.alloc(0)), 'path-conflict');
    await rejects(store.multipart!.begin('out-directory/new'), 'irregular');
    await rejects(store.remove('out-directory/secret'), 'irregular');
    await store.write('out-file', body);
    await store.write('../outside/secret', body);
    await store.remove('absolute');
    assert.equal(fs.readFileSync(`${tree.folder}/outside/secret`, 'utf8'), 'secret');
    assert.deepEqual(fs.readdirSync(`${tree.folder}/outside`), ['secret']);
    assert.equal(fs.readFileSync(tree.at('out-file'), 'utf8'), 'written', 'the link itself was replaced');
    assert.ok(!fs.existsSync(tree.at('to-directory', 'new')));
  }
});

test('a directory swapped for a link after it was used does not lead out', async () => {
  await using tree = new TreeFixture();
  fs.mkdirSync(`${tree.folder}/outside`);
  const store = await tree.open();
  await store.write('a/b/first', Buffer.from('1'));
  fs.renameSync(tree.at('a', 'b'), tree.at('a', 'moved'));
  fs.symlinkSync(`${tree.folder}/outside`, tree.at('a', 'b'));
  // The open directory may still be believed for a moment; then it must be the old one, never where the link leads.
  await store.write('a/b/second', Buffer.from('2')).catch(() => undefined);
  await rejects(
    waitForDistrust(() => store.write('a/b/third', Buffer.from('3'))),
    'irregular',
  );
  assert.deepEqual(fs.readdirSync(`${tree.folder}/outside`), []);
});

test('a directory that is removed and made again by others is found again', async () => {
  await using tree = new TreeFixture();
  const store = await tree.open();
  await store.write('a/b/first', Buffer.from('1'));
  fs.rmSync(tree.at('a'), { recursive: true });
  await store.write('a/b/second', Buffer.from('2'));
  assert.deepEqual(await keysOf(store), ['a/', 'a/b/', 'a/b/second']);
  fs.rmSync(tree.at('a'), { recursive: true });
  tree.put('a/b/third', '3');
  assert.equal((await (await store.read('a/b/third')).body.bytes(1)).toString(), '3');
});

test('kept links travel as links', async () => {
  await using tree = hostileTree();
  await using other = new TreeFixture();
  const source = await tree.open({ symlinks: 'keep' });
  const destination = await other.open({ symlinks: 'keep' });
  assert.ok((await listAll(source)).every((entry) => entry.irregular === undefined));
  const { meta, body } = await source.read('to-file');
  assert.equal(meta.posix?.link, 'real/file');
  assert.equal(meta.size, 0);
  assert.deepEqual(await source.stat('to-file'), meta);
  await destination.write('to-file', await body.bytes(0), { meta });
  assert.equal(fs.readlinkSync(other.at('to-file')), 'real/file');
  assert.equal((await destination.stat('to-file'))?.modified, meta.modified);
  await rejects(destination.write('to-file', Buffer.alloc(0), { meta, ifAbsent: true }), 'already-exists');
  for (const link of ['../outside', '/etc', 'a/../../x', '..']) {
    await rejects(destination.write('bad', Buffer.alloc(0), { meta: { posix: { link } } }), 'irregular');
    assert.ok(!fs.existsSync(other.at('bad')));
  }
  await rejects((await other.open()).write('x', Buffer.alloc(0), { meta }), 'unsupported');
  await (
    await other.open({ symlinks: 'keep', unsafe_links: true })
  ).write('x', Buffer.alloc(0), { meta: { posix: { link: '/etc' } } });
  assert.equal(fs.readlinkSync(other.at('x')), '/etc');
});

test('a link stays in the tree only if no other link can lead it out', () => {
  const inside: readonly (readonly [string, number])[] = [
    ['a', 0],
    ['a/b', 0],
    ['./a', 0],
    ['../a', 1],
    ['../..', 2],
    ['.', 0],
  ];
  const outside: readonly (readonly [string, number])[] = [
    ['/a', 3],
    ['..', 0],
    ['../..', 1],
    ['a/..', 1],
    ['../a/../b', 5],
  ];
  for (const [link, depth] of inside) assert.ok(staysInside(link, depth), link);
  for (const [link, depth] of outside) assert.ok(!staysInside(link, depth), link);
});

test('pipes, sockets and devices are reported, and reading one fails at once', async (t) => {
  await using tree = new TreeFixture();
  execFileSync('mkfifo', [tree.at('pipe')]);
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(tree.at('socket'), resolve);
  });
  t.after(() => server.close());
  const store = await tree.open();
  const reasons = Object.fromEntries((await listAll(store)).map((entry) => [entry.key, entry.irregular]));
  assert.match(reasons['pipe']!, /pipe/);
  assert.match(reasons['socket']!, /socket/);
  await rejects(promptly(store.read('pipe')), 'irregular');
  await rejects(promptly(store.read('socket')), 'irregular');
  await rejects(store.stat('pipe'), 'irregular');
});

/** Open directories are checked again after a tenth of a second: until then the outcome may be the old one. */
async function waitForDistrust<T>(attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + 110;
  while (performance.now() < until) await new Promise(setImmediate);
  return await attempt();
}
