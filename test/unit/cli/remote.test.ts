// The verbs at a server: what they say is what they say on its own machine.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { allDrivers } from '../config/all-drivers.ts';
import { RunningFerry } from '../control/running.ts';
import { typed, type Result } from './command-line.ts';

/** Words typed on the machine of the server, and elsewhere. */
async function both(ferry: RunningFerry, ...words: string[]): Promise<{ here: Result; there: Result }> {
  const stores = allDrivers();
  const home = { FERRY_HOME: join(ferry.folder, 'home') };
  const here = await typed([...words, '-c', join(ferry.folder, 'ferry.yaml')], { stores, env: home });
  return { here, there: await at(ferry, ...words) };
}

async function at(ferry: RunningFerry, ...words: string[]): Promise<Result> {
  const env = { FERRY_HOME: join(ferry.folder, 'elsewhere'), FERRY_TOKEN: await ferry.token('admin') };
  return await typed([...words, '--server', ferry.url], { stores: allDrivers(), env });
}

function task(ferry: RunningFerry, more: object = {}): string {
  const [from, to] = [join(ferry.folder, 'from'), join(ferry.folder, 'to')];
  mkdirSync(from, { recursive: true });
  for (const name of ['a', 'b', 'c']) writeFileSync(join(from, name), name);
  const file = join(ferry.folder, 'task.yaml');
  writeFileSync(file, JSON.stringify({ type: 'copy', source: { type: 'file', path: from }, destination: { type: 'file', path: to }, ...more })); // prettier-ignore
  return file;
}

test('a task is made, run and followed at the server, and shown as it is there', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const run = await at(ferry, 'run', 'tree', '-t', task(ferry), '--json');
  assert.equal(run.code, 0, run.err);
  const lines = run.out.trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
  assert.equal(lines[0].type, 'started');
  const summary = lines.at(-1);
  assert.deepEqual([summary.type, summary.outcome, summary.counters.copied], ['summary', 'finished', 3]);
  for (const words of [['status'], ['status', '--json'], ['status', 'tree'], ['failures', 'tree']]) {
    const { here, there } = await both(ferry, ...words);
    assert.deepEqual(
      [there.code, steady(there.out), there.err],
      [here.code, steady(here.out), here.err],
      words.join(' '),
    );
  }
  const again = await at(ferry, 'run', 'tree');
  assert.equal(again.code, 0, again.err);
  const gone = await at(ferry, 'delete', 'tree', '--yes');
  assert.deepEqual([gone.code, gone.err], [0, 'Task tree is forgotten.\n']);
  const unknown = await at(ferry, 'status', 'tree');
  assert.match(unknown.err, /there is no task "tree"/);
});

test('a task is checked, planned and verified at the server as on its own machine', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const file = task(ferry);
  assert.equal((await at(ferry, 'run', 'tree', '-t', file)).code, 0);
  rmSync(join(ferry.folder, 'to', 'b'));
  for (const words of [
    ['plan', 'tree'],
    ['plan', '-t', file],
    ['check', 'tree'],
    ['check', '-t', file],
    ['verify', 'tree'],
  ]) {
    const { here, there } = await both(ferry, ...words);
    assert.equal(there.code, here.code, `${words.join(' ')}: ${there.out}${there.err}`);
    assert.deepEqual(shape(there), shape(here), words.join(' '));
  }
  const found = await at(ferry, 'verify', 'tree', '--full', '--json');
  const summary = JSON.parse(found.out.trim().split('\n').at(-1)!);
  assert.deepEqual([summary.outcome, summary.proof.differences], ['differences', { missing: 1 }]);
  assert.match(summary.report.json, /^http.*\/v1\/tasks\/tree\/reports\/.*\.json$/);
  const repaired = await at(ferry, 'verify', 'tree', '--repair');
  assert.equal(repaired.code, 0, repaired.out + repaired.err);
  assert.deepEqual(readdirSync(join(ferry.folder, 'to')), ['a', 'b', 'c']);
  const refused = await at(ferry, 'verify', 'tree', '--evidence', 'all');
  assert.match(refused.err, /does not take --evidence/);
});

/** The first word of each line: what follows are times, paths and hashes. */
function shape({ out, err }: Result): (string | undefined)[] {
  return `${out}${err}`.split('\n').map((line) => line.trim().split(/\s+/)[0]);
}

test('limits, a look beforehand and the word against the guard go to the server', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const file = task(ferry, { delete_extraneous: true });
  const look = await at(ferry, 'run', 'tree', '-t', file, '--dry-run');
  assert.equal(look.code, 0, look.err);
  assert.match(look.out, /Plan for tree.*copy +3 objects.*Nothing was written/s);
  assert.equal((await ferry.ask('GET', '/v1/tasks')).json.items.length, 0);
  const run = await at(ferry, 'run', 'tree', '-t', file, '--bandwidth', '20MiB', '--concurrency', '3');
  assert.equal(run.code, 0, run.err);
  const { limits } = (await ferry.ask('GET', '/v1/tasks/tree')).json;
  assert.deepEqual([limits.concurrency, limits.bandwidth], [3, [{ minute: 0, bytesPerSecond: 20 * 1024 * 1024 }]]);
  const plan = JSON.parse((await at(ferry, 'run', 'tree', '--dry-run', '--json')).out);
  assert.deepEqual([plan.type, plan.task, plan.copy.objects, plan.skip.objects], ['plan', 'tree', 0, 3]);
  for (const name of ['a', 'b', 'c']) rmSync(join(ferry.folder, 'from', name));
  const guarded = await at(ferry, 'run', 'tree');
  assert.notEqual(guarded.code, 0);
  assert.match(guarded.err + guarded.out, /guard|refused|delete/i);
  assert.equal(readdirSync(join(ferry.folder, 'to')).length, 3);
  const forced = await at(ferry, 'run', 'tree', '--without-guard');
  assert.equal(forced.code, 0, forced.err + forced.out);
  assert.deepEqual(readdirSync(join(ferry.folder, 'to')).filter((name) => !name.startsWith('.')), []); // prettier-ignore
});

test('a file that says something else than the task of its name is refused, with what differs', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const file = task(ferry);
  assert.equal((await at(ferry, 'run', 'tree', '-t', file)).code, 0);
  assert.equal((await at(ferry, 'run', 'tree', '-t', file)).code, 0, 'the same file is no other');
  const other = await at(ferry, 'run', 'tree', '-t', task(ferry, { compare: 'checksum', filters: { prefix: 'a' } }));
  assert.equal(other.code, 2, other.out);
  assert.match(other.err, /another than the file says: compare, filters.*Leave out `-t`/s);
  // Secrets are told by nobody, and compared by nobody.
  const source = { type: 'http', options: { urls: ['http://127.0.0.1:1/a'], bearer_token: 'correct-horse' } };
  const made = { name: 'web', type: 'copy', source, destination: { type: 'memory', options: { name: 'x' } } };
  assert.equal((await ferry.ask('POST', '/v1/tasks', { json: made })).status, 201);
  const { name: _, ...same } = made;
  const elsewhere = { ...source.options, urls: ['http://127.0.0.1:1/b'] };
  const differs = await at(
    ferry,
    'run',
    'web',
    '-t',
    task(ferry, { ...same, source: { ...source, options: elsewhere } }),
  );
  assert.match(differs.err, /says: source\.options\.urls \[/);
});

test('what failed is shown and tried again at the server', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const file = task(ferry);
  mkdirSync(join(ferry.folder, 'to', 'b', 'in the way'), { recursive: true });
  const run = await at(ferry, 'run', 'tree', '-t', file);
  assert.equal(run.code, 3, run.err + run.out);
  for (const words of [
    ['failures', 'tree'],
    ['failures', 'tree', '--list'],
    ['failures', 'tree', '--json'],
  ]) {
    const { here, there } = await both(ferry, ...words);
    assert.ok(here.out.length > 0);
    assert.deepEqual([there.code, there.out], [here.code, here.out], words.join(' '));
  }
  assert.equal((await at(ferry, 'failures', 'tree', '--retry')).code, 3);
});

test('a bucket is moved at the server', async () => {
  await using ferry = await RunningFerry.start();
  await ferry.client.send(new PutObjectCommand({ Bucket: 'old', Key: 'k', Body: 'x' }));
  const early = await at(ferry, 'migrate', 'switch', 'photos', '--yes');
  assert.equal(early.code, 2);
  assert.match(early.out, /no {2}the step follows/);
  assert.equal((await at(ferry, 'migrate', 'start', 'photos')).code, 0);
  await ferry.until('ready', '/v1/migrations/photos', ({ next }) => next[0].allowed);
  const switched = await at(ferry, 'migrate', 'switch', 'photos', '--yes');
  assert.equal(switched.code, 0, switched.err);
  await ferry.until('copied', '/v1/migrations/photos', ({ copy }) => copy?.done);
  assert.match((await at(ferry, 'migrate', 'pause', 'photos')).out, /paused/);
  const status = (await at(ferry, 'migrate', 'status')).out;
  assert.match(status, /^photos {2}migrating, paused/m);
  assert.match(status, /copy +1 object \(1 B\) moved.*complete at/s);
  const json = JSON.parse((await at(ferry, 'migrate', 'status', '--json')).out);
  assert.deepEqual([json.type, json.phase, json.copied.copied, json.keys.dirty], ['migration', 'migrating', 1, 0]);
  assert.match((await at(ferry, 'migrate', 'status', 'none')).err, /moves no bucket none/);
});

test('mirrors are shown as on the machine of the server', async () => {
  await using ferry = await RunningFerry.start();
  const { here, there } = await both(ferry, 'mirror', 'status');
  assert.ok(here.out.includes('site'));
  assert.deepEqual(there, here);
});

test('a mirror is warmed at the server', async () => {
  await using ferry = await RunningFerry.start();
  for (const Key of ['a', 'b']) await ferry.client.send(new PutObjectCommand({ Bucket: 'origin', Key, Body: Key }));
  const list = join(ferry.folder, 'keys');
  writeFileSync(list, 'a\nnowhere\n');
  const look = await at(ferry, 'mirror', 'warm', 'site', '--origin-listing', '--dry-run');
  assert.deepEqual([look.code, look.out], [0, '2 keys, 0 there, 2 missing\n'], look.err);
  const some = await at(ferry, 'mirror', 'warm', 'site', '--list', list);
  assert.deepEqual([some.code, some.out], [3, '2 keys, 0 there, 1 stored, 1 the origin does not have\n'], some.err);
  const json = await at(ferry, 'mirror', 'warm', 'site', '--origin-listing', '--json');
  const { type, there, stored } = JSON.parse(json.out.trim().split('\n').at(-1)!);
  assert.deepEqual([type, there, stored], ['warm', 1, 1]);
  assert.match((await at(ferry, 'mirror', 'warm', 'site')).err, /is not said/);
});

test('what cannot be asked, or may not be, is told with its remedy', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const env = { FERRY_HOME: join(ferry.folder, 'elsewhere') };
  const say = async (words: string[], more: Record<string, string> = {}): Promise<string> =>
    (await typed(words, { stores: allDrivers(), env: { ...env, ...more } })).err;
  const FERRY_SERVER = ferry.url;
  assert.match(await say(['status'], { FERRY_SERVER }), /no token for http.*FERRY_TOKEN/s);
  assert.match(await say(['status'], { FERRY_SERVER, FERRY_TOKEN: 'wrong' }), /unknown, or has expired/);
  assert.match(await say(['status', '--server', 'nonsense'], { FERRY_TOKEN: 'x' }), /is no address of a server/);
  assert.match(await say(['status', '--server', 'http://127.0.0.1:1'], { FERRY_TOKEN: 'x' }), /cannot be asked/);
  assert.match(await say(['clean', '--server', ferry.url]), /works on this machine alone/);
  const viewer = await ferry.token('viewer');
  assert.match(await say(['run', 'x'], { FERRY_SERVER, FERRY_TOKEN: viewer }), /needs the role operator/);
  const file = join(ferry.folder, 'token');
  writeFileSync(file, `${await ferry.token('admin')}\n`);
  assert.match(await say(['status', '--token-file', file], { FERRY_SERVER }), /no tasks yet/);
});

/** Without how long ago it was; and what the API does not tell. */
function steady(text: string): string {
  if (text.startsWith('{')) {
    const { baseline: _, ...told } = JSON.parse(text);
    return JSON.stringify(Object.entries(told).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  return text.replaceAll(/\d+(\.\d+)? ?m?s( ago)?/g, 'T').replaceAll(/[ \t]+/g, ' ');
}
