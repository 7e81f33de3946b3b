import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { diskEncoding } from '../../../src/stores/file/encoding.ts';
import { Tree, type Directory } from '../../../src/stores/file/tree.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { TreeFixture } from './tree-fixture.ts';

for (const anchors of [true, false]) {
  const how = anchors ? 'by open directories' : 'without /proc';
  const open = (tree: TreeFixture, follow = false): Tree =>
    new Tree({ root: tree.root, encoding: diskEncoding('utf8'), follow, anchors });
  const list = (directory: Directory): readonly string[] => fs.readdirSync(directory.path);

  test(`${how}: directories are found, made, and told of`, async () => {
    await using tree = new TreeFixture();
    const directories = open(tree);
    tree.put('a/b/file');
    assert.deepEqual(await directories.within(['a', 'b'], undefined, list), ['file']);
    const made: string[] = [];
    const write = (directory: Directory): void => fs.writeFileSync(directory.at('new'), '');
    await directories.within(['a', 'c', 'd'], (names) => made.push(names.join('/')), write);
    assert.deepEqual(made, ['a/c', 'a/c/d']);
    assert.deepEqual(tree.names('a', 'c', 'd'), ['new']);
    await assert.rejects(Promise.resolve(directories.within(['a', 'x'], undefined, list)), /ENOENT/);
    await rejects(directories.within(['a', 'b', 'file', 'x'], undefined, list), 'path-conflict');
    directories.close();
  });

  test(`${how}: no link is followed, and where they are, only those that stay inside`, async () => {
    await using tree = new TreeFixture();
    tree.put('real/file');
    fs.symlinkSync('real', tree.at('in'));
    fs.symlinkSync('..', tree.at('out'));
    const strict = open(tree);
    await rejects(strict.within(['in'], undefined, list), 'irregular');
    await rejects(strict.within(['out', 'root'], undefined, list), 'irregular');
    const following = open(tree, true);
    assert.deepEqual(await following.within(['in'], undefined, list), ['file']);
    await rejects(following.within(['out'], undefined, list), 'irregular');
    strict.close();
    following.close();
  });

  test(`${how}: a directory that moved is not used under its old name`, async () => {
    await using tree = new TreeFixture();
    tree.put('a/b/old');
    const directories = open(tree);
    assert.deepEqual(await directories.within(['a', 'b'], undefined, list), ['old']);
    fs.renameSync(tree.at('a'), tree.at('moved'));
    tree.put('a/b/new');
    const opens = (directory: Directory): Buffer => fs.readFileSync(directory.at('new'));
    assert.equal((await directories.within(['a', 'b'], undefined, opens)).toString(), 'a/b/new');
    directories.close();
  });

  test(`${how}: only so many directories stay open`, async () => {
    await using tree = new TreeFixture();
    const directories = open(tree);
    const before = fs.readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 150; i++) await directories.within([`d${i}`], () => undefined, list);
    assert.ok(fs.readdirSync('/proc/self/fd').length <= before + 128);
    directories.close();
    assert.equal(fs.readdirSync('/proc/self/fd').length, before);
  });
}
