// The command as a process: signals, kill -9, two at once, pipes that close.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const SMALL = 300;
const LARGE = 12 * 2 ** 20;

let folder = '';
let taskFile = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ferry-e2e-'));
  taskFile = join(folder, 'tree.yaml');
  await mkdir(join(folder, 'from/small'), { recursive: true });
  for (let i = 0; i < SMALL; i++) await writeFile(join(folder, `from/small/${i}.txt`), `number ${i}\n`.repeat(i));
  await writeFile(join(folder, 'from/large.bin'), Buffer.alloc(LARGE, 'ferry '));
  await writeFile(
    taskFile,
    `type: copy\nsource: { type: file, path: ${folder}/from }\ndestination: { type: file, path: ${folder}/to }\n`,
  );
});
after(async () => await rm(folder, { recursive: true }));
beforeEach(async () => {
  await rm(join(folder, 'to'), { recursive: true, force: true });
  await rm(join(folder, 'home'), { recursive: true, force: true });
});

const SLOWLY = ['run', 'tree', '-t', 'tree.yaml', '--bandwidth', '1MiB', '--json'];

test('Ctrl-C saves and exits 130, and the same command goes on', async () => {
  const child = ferry(SLOWLY);
  await moving(child);
  child.kill('SIGINT');
  const { code, err, out } = await ended(child);
  assert.equal(code, 130, err);
  assert.match(out, /"type":"notice".*saving/);
  assert.match(out, /"type":"summary".*"outcome":"interrupted"/);
  assert.match((await run('status', 'tree')).out, /state +interrupted/);

  const again = await run('run', 'tree');
  assert.equal(again.code, 0, again.err);
  assert.match(again.out, /tree goes on/);
  await assertCopied();
});

test('SIGTERM does the same, and a second signal stops at once', async () => {
  const child = ferry(SLOWLY);
  await moving(child);
  child.kill('SIGTERM');
  child.kill('SIGTERM');
  assert.equal((await ended(child)).code, 130);
  assert.equal((await run('run', 'tree')).code, 0);
  await assertCopied();
});

test('after kill -9 the same command goes on, and nothing half written is left', async () => {
  for (let i = 0; i < 3; i++) {
    const child = ferry(SLOWLY);
    await moving(child);
    child.kill('SIGKILL');
    await ended(child);
  }
  const again = await run('run', 'tree');
  assert.equal(again.code, 0, again.err);
  await assertCopied();
  assert.equal((await run('verify', 'tree', '--full')).code, 0);
});

test('one task never runs twice at a time', async () => {
  const child = ferry(SLOWLY);
  await moving(child);
  const second = await run('run', 'tree');
  assert.equal(second.code, 75);
  assert.match(second.err, /task-running/);
  assert.equal((await run('delete', 'tree', '--yes')).code, 75);
  assert.match((await run('status', 'tree')).out, /running on/);
  child.kill('SIGINT');
  await ended(child);
});

test('a reader that goes away does not stop a run', async () => {
  const child = ferry(['run', 'tree', '-t', 'tree.yaml', '--json']);
  child.stdout!.destroy();
  child.stderr!.destroy();
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  await assertCopied();
});

function ferry(words: readonly string[]): ChildProcess {
  const env = { ...process.env, FERRY_HOME: join(folder, 'home') };
  return spawn(process.execPath, [MAIN, ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function run(...words: string[]) {
  return await ended(ferry(words));
}

const outputs = new WeakMap<ChildProcess, { out: string; err: string }>();

function collected(child: ChildProcess): { out: string; err: string } {
  const known = outputs.get(child);
  if (known) return known;
  const texts = { out: '', err: '' };
  outputs.set(child, texts);
  child.stdout!.on('data', (chunk) => (texts.out += String(chunk)));
  child.stderr!.on('data', (chunk) => (texts.err += String(chunk)));
  return texts;
}

async function ended(child: ChildProcess): Promise<{ code: unknown; out: string; err: string }> {
  const texts = collected(child);
  const code = child.exitCode ?? child.signalCode ?? (await once(child, 'close'))[0];
  return { code, ...texts };
}

/** Resolves when bytes flow. */
async function moving(child: ChildProcess): Promise<void> {
  const texts = collected(child);
  const moved = /"bytesMoved":[1-9]/;
  while (!moved.test(texts.out)) {
    const [chunk] = await Promise.race([once(child.stdout!, 'data'), once(child, 'close').then(() => [undefined])]);
    if (chunk === undefined) assert.fail(`ended before anything moved: ${texts.err}`);
  }
}

async function assertCopied(): Promise<void> {
  const names = (await readdir(join(folder, 'to'), { recursive: true })).sort();
  assert.deepEqual(names, (await readdir(join(folder, 'from'), { recursive: true })).sort());
  for (const name of ['large.bin', 'small/1.txt', `small/${SMALL - 1}.txt`]) {
    assert.ok((await readFile(join(folder, 'to', name))).equals(await readFile(join(folder, 'from', name))), name);
  }
}
