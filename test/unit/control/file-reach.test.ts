/** What comes through the API reaches only those directories of the machine that the configuration allows. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { FileReach } from '../../../src/store/file-reach.ts';
import { allDrivers } from '../config/all-drivers.ts';
import { RunningFerry } from './running.ts';

const MEMORY = { type: 'memory', options: { name: 'm' } };

class World implements AsyncDisposable {
  readonly ferry: RunningFerry;
  readonly open: string;

  constructor(ferry: RunningFerry) {
    this.ferry = ferry;
    this.open = join(ferry.folder, 'open');
    mkdirSync(join(this.open, 'tree'), { recursive: true });
    writeFileSync(join(this.open, 'tree', 'a'), 'a');
    writeFileSync(join(this.open, 'list'), 'http://127.0.0.1:1/a\n');
    writeFileSync(join(ferry.folder, 'list'), 'http://127.0.0.1:1/a\n');
  }

  static async start(roots: readonly string[] = ['open']): Promise<World> {
    return new World(await RunningFerry.start({ gateway: false, control: { file_roots: roots } }));
  }

  async refused(method: string, path: string, json: unknown, pointer: string): Promise<void> {
    const { status, json: told } = await this.ferry.ask(method, path, { json, role: 'operator' });
    const about = `${path} ${JSON.stringify(json)}: ${JSON.stringify(told)}`;
    assert.equal(status, 403, about);
    assert.equal(told.code, 'outside-file-roots', about);
    assert.equal(told.errors[0].pointer, pointer, about);
    assert.match(told.remedy, /control\.file_roots/);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.ferry[Symbol.asyncDispose]();
  }
}

test('stores name only what is below the directories that are allowed, wherever links lead', async () => {
  await using world = await World.start();
  const { ferry, open } = world;
  symlinkSync(ferry.folder, join(open, 'up'));
  symlinkSync(join(ferry.folder, 'not-yet'), join(open, 'dangling'));
  const outside = [
    '/',
    ferry.folder,
    join(ferry.folder, 'home'),
    join(ferry.folder, 'open-not'),
    join(open, '..', 'list'),
    join(open, 'up'),
    join(open, 'up', 'new'),
    join(open, 'dangling'),
    join(open, 'dangling', 'below'),
    'relative',
    `${open}\0`,
  ];
  for (const path of outside) {
    await world.refused('POST', '/v1/stores', { name: 'x', type: 'file', path }, '#/path');
    await world.refused('POST', '/v1/stores/test', { type: 'fs', path }, '#/path');
  }
  const list = join(ferry.folder, 'list');
  const named: readonly [object, string][] = [
    [{ type: 'filelist', path: open, options: { list_path: list } }, '#/options/list_path'],
    [{ type: 'filelist', path: '/etc', options: { list_path: join(open, 'list') } }, '#/path'],
    [{ type: 'http', options: { list_path: list } }, '#/options/list_path'],
    [{ type: 'http', options: { base_url: 'http://127.0.0.1/', ca_file: '/etc/passwd' } }, '#/options/ca_file'],
    [{ type: 's3', options: { bucket_name: 'b', ca_file: '/etc/passwd' } }, '#/options/ca_file'],
    [{ type: 'minio', options: { bucket_name: 'b', endpoint: 'http://127.0.0.1:1', ca_file: '/etc/passwd' } }, '#/options/ca_file'],
    [{ type: 'rclone', path: 'b', options: { remote: 'r', config: '/etc/passwd' } }, '#/options/config'],
    [{ type: 'file', path: open, options: { symlinks: 'keep', unsafe_links: true } }, '#/options/unsafe_links'],
  ]; // prettier-ignore
  for (const [store, pointer] of named) await world.refused('POST', '/v1/stores', { name: 'x', ...store }, pointer);
  for (const path of [open, join(open, 'tree'), join(open, 'new', 'deep')]) {
    const made = await ferry.ask('POST', '/v1/stores', { json: { name: `s${path.length}`, type: 'file', path } });
    assert.equal(made.status, 201, JSON.stringify(made.json));
  }
  const { headers } = await ferry.ask('GET', `/v1/stores/s${open.length}`);
  const etag = headers.get('etag')!;
  const moved = await ferry.ask('PUT', `/v1/stores/s${open.length}`, {
    json: { type: 'file', path: '/etc' },
    headers: { 'if-match': etag },
  });
  assert.equal(moved.status, 403);
});

test('tasks likewise: ends, lists of keys, reports; whoever asks, and also to look', async () => {
  await using world = await World.start();
  const { ferry, open } = world;
  const task = (more: object): object => ({ name: 't', type: 'copy', source: MEMORY, destination: MEMORY, ...more });
  const wrong: readonly [object, string][] = [
    [{ source: { type: 'file', path: join(ferry.folder, 'home') } }, '#/source/path'],
    [{ destination: { type: 'file', path: '/tmp/x' } }, '#/destination/path'],
    [{ source: { type: 'http', options: { list_path: join(ferry.folder, 'home', 'jobs', 'j', 'list') } } }, '#/source/options/list_path'],
    [{ filters: { keys_file: '/etc/passwd' } }, '#/filters/keys_file'],
    [{ report: { path: join(ferry.folder, 'home') } }, '#/report/path'],
  ]; // prettier-ignore
  for (const [more, pointer] of wrong)
    for (const path of ['/v1/tasks', '/v1/tasks/plan', '/v1/tasks/check'])
      await world.refused('POST', path, task(more), pointer);
  assert.equal((await ferry.ask('GET', '/v1/tasks')).json.items.length, 0);
  // Registered where it was allowed, it is looked at again with the path below it.
  symlinkSync(ferry.folder, join(open, 'up'));
  await ferry.ask('POST', '/v1/stores', { json: { name: 'open', type: 'file', path: open } });
  await world.refused('POST', '/v1/tasks', task({ source: { store: 'open', path: 'up/home' } }), '#/source/path');
});

test('reports lead nowhere else either, whatever they became since the task was made', async () => {
  await using world = await World.start();
  const { ferry, open } = world;
  const place = join(open, 'reports');
  const json = {
    name: 't',
    type: 'copy',
    source: MEMORY,
    destination: { type: 'memory', options: { name: 'n' } },
    report: { path: place },
  };
  assert.equal((await ferry.ask('POST', '/v1/tasks', { json })).status, 201);
  mkdirSync(join(place, 'run'), { recursive: true });
  const written = join(place, 'run', 'report.json');
  writeFileSync(written, '{"of": "the run"}');
  assert.deepEqual((await ferry.ask('GET', '/v1/tasks/t/reports/run.json')).json, { of: 'the run' });
  rmSync(written);
  writeFileSync(join(ferry.folder, 'elsewhere.json'), '{"of": "somebody else"}');
  writeFileSync(join(ferry.folder, 'evidence.jsonl'), '{"type":"object","record":{"key":"theirs"}}\n');
  symlinkSync(join(ferry.folder, 'elsewhere.json'), written);
  symlinkSync(join(ferry.folder, 'evidence.jsonl'), join(place, 'run', 'evidence.jsonl'));
  assert.deepEqual((await ferry.ask('GET', '/v1/tasks/t/reports')).json.items, []);
  assert.equal((await ferry.ask('GET', '/v1/tasks/t/reports/run.json')).status, 404);
  const files = await ferry.ask('GET', '/v1/tasks/t/files');
  assert.equal(files.json.code, 'outside-file-roots', JSON.stringify(files.json));
  assert.equal((await ferry.ask('POST', '/v1/tasks/t/run')).status, 202);
  const { error } = await ferry.until('refused', '/v1/tasks/t', ({ state }) => state === 'failed');
  assert.equal(error.code, 'outside-file-roots');
});

test('what Ferry keeps is refused below an allowed directory too, and so is all that holds it', async () => {
  await using world = await World.start(['.', '/']);
  const { ferry } = world;
  for (const path of [join(ferry.folder, 'home'), join(ferry.folder, 'home', 'jobs'), ferry.folder, tmpdir(), '/'])
    await world.refused('POST', '/v1/stores', { name: 'x', type: 'file', path }, '#/path');
  await world.refused(
    'POST',
    '/v1/stores',
    { name: 'x', type: 'http', options: { list_path: join(ferry.folder, 'ferry.yaml') } },
    '#/options/list_path',
  );
  assert.equal((await ferry.ask('POST', '/v1/stores', { json: { name: 'y', type: 'file', path: world.open } })).status, 201); // prettier-ignore
});

test('a directory that became a link after the store was made, and after it was opened, is refused', async () => {
  await using world = await World.start();
  const { ferry, open } = world;
  const tree = join(open, 'tree');
  const json = { name: 't', type: 'copy', source: { type: 'file', path: tree }, destination: MEMORY };
  assert.equal((await ferry.ask('POST', '/v1/tasks', { json })).status, 201);
  const reach = new FileReach({ roots: [open], kept: [] });
  const context = { http: ferry.services.http, env: {}, now: Date.now, tmpdir, reach };
  await using store = await allDrivers().open({ type: 'file', path: tree, options: {} }, context);
  renameSync(tree, join(open, 'was'));
  symlinkSync(join(ferry.folder, 'home'), tree);
  await assert.rejects(
    async () => await store.list({}),
    (error) => isFerryError(error, 'outside-file-roots'),
  );
  await ferry.ask('POST', '/v1/tasks/t/run');
  const ended = await ferry.until('failed', '/v1/tasks/t', ({ state }) => state === 'failed');
  assert.equal(ended.error.code, 'outside-file-roots');
});

test('links on the way to a root are followed; roots need not be there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ferry-reach-'));
  try {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    const at = ['path'];
    const reach = new FileReach({ roots: [join(folder, 'link'), join(folder, 'later')], kept: [] });
    assert.equal(reach.check({ at, path: join(folder, 'real', 'x') }), join(folder, 'real', 'x'));
    assert.equal(reach.check({ at, path: join(folder, 'link', 'x') }), join(folder, 'real', 'x'));
    assert.equal(reach.check({ at, path: join(folder, 'later') }), join(folder, 'later'));
    assert.throws(() => reach.check({ at, path: join(folder, 'later2') }));
    assert.throws(() => reach.check({ at, path: folder }));
  } finally {
    await rm(folder, { recursive: true });
  }
});
