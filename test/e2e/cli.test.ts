// The command as a process: signals, kill -9, two at once, pipes that close.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Ferry } from './ferry.ts';

const SMALL = 300;
const LARGE = 12 * 2 ** 20;

const ferry = new Ferry();
const from = join(ferry.dir, 'from');
const to = join(ferry.dir, 'to');
before(async () => {
  await mkdir(join(from, 'small'), { recursive: true });
  for (let i = 0; i < SMALL; i++) await writeFile(join(from, `small/${i}.txt`), `number ${i}\n`.repeat(i));
  await writeFile(join(from, 'large.bin'), Buffer.alloc(LARGE, 'ferry '));
  ferry.task({ type: 'copy', source: { type: 'file', path: from }, destination: { type: 'file', path: to } }, 'tree');
});
after(() => ferry[Symbol.dispose]());
beforeEach(async () => {
  await rm(to, { recursive: true, force: true });
  await rm(ferry.home, { recursive: true, force: true });
});

const SLOWLY = ['run', 'tree', '-t', 'tree.yaml', '--bandwidth', '1MiB', '--json'];
const MOVING = /"bytesMoved":[1-9]/;

test('Ctrl-C saves and exits 130, and the same command goes on', async () => {
  const { child, exit, printed } = ferry.start(...SLOWLY);
  await printed(MOVING);
  child.kill('SIGINT');
  const { code, stderr, stdout } = await exit;
  assert.equal(code, 130, stderr);
  assert.match(stdout, /"type":"notice".*saving/);
  assert.match(stdout, /"type":"summary".*"outcome":"interrupted"/);
  assert.match((await ferry.run('status', 'tree')).stdout, /state +interrupted/);

  const again = await ferry.run('run', 'tree');
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /tree goes on/);
  await assertCopied();
});

test('SIGTERM does the same, and a second signal stops at once', async () => {
  const { child, exit, printed } = ferry.start(...SLOWLY);
  await printed(MOVING);
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  assert.equal((await exit).code, 130);
  assert.equal((await ferry.run('run', 'tree')).code, 0);
  await assertCopied();
});

test('after kill -9 the same command goes on, and nothing half written is left', async () => {
  for (let i = 0; i < 3; i++) {
    const { child, exit, printed } = ferry.start(...SLOWLY);
    await printed(MOVING);
    child.kill('SIGKILL');
    await exit;
  }
  const again = await ferry.run('run', 'tree');
  assert.equal(again.code, 0, again.stderr);
  await assertCopied();
  assert.equal((await ferry.run('verify', 'tree', '--full')).code, 0);
});

test('one task never runs twice at a time', async () => {
  const { child, exit, printed } = ferry.start(...SLOWLY);
  await printed(MOVING);
  const second = await ferry.run('run', 'tree');
  assert.equal(second.code, 75);
  assert.match(second.stderr, /task-running/);
  assert.equal((await ferry.run('delete', 'tree', '--yes')).code, 75);
  assert.match((await ferry.run('status', 'tree')).stdout, /running on/);
  child.kill('SIGINT');
  await exit;
});

test('a reader that goes away does not stop a run', async () => {
  const { child, exit } = ferry.start('run', 'tree', '-t', 'tree.yaml', '--json');
  child.stdout!.destroy();
  child.stderr!.destroy();
  assert.equal((await exit).code, 0);
  await assertCopied();
});

async function assertCopied(): Promise<void> {
  const names = (await readdir(to, { recursive: true })).sort();
  assert.deepEqual(names, (await readdir(from, { recursive: true })).sort());
  for (const name of ['large.bin', 'small/1.txt', `small/${SMALL - 1}.txt`]) {
    assert.ok((await readFile(join(to, name))).equals(await readFile(join(from, name))), name);
  }
}
