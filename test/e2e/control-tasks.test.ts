// Tasks over the API of a real `ferry serve`: made, run, stopped, killed, and never lost.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { ControlledServer, type ApiReply } from './controlled-server.ts';

/** A secret is in no answer, no log and no database. */
function assertNowhere({ answers, ferry }: ControlledServer, secret: string): void {
  assert.ok(!answers.includes(secret), 'it is in an answer');
  for (const file of readdirSync(ferry.home, { withFileTypes: true, recursive: true }))
    if (file.isFile()) assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(secret), file.name);
}

/** A store that takes its time. */
async function slowStore(objects: number): Promise<FaultServer> {
  const server = await startFaultServer({ buckets: ['old'] });
  server.latency = 20;
  for (let i = 0; i < objects; i++) {
    const body = Buffer.from(`value ${i}`);
    const object = { body, etag: hash('md5', body), modified: 1_700_000_000_000, headers: {}, tags: new Map() };
    server.bucket('old').put(`key-${i}`, object);
  }
  return server;
}

function optionsOf({ endpoint, region, accessKey, secretKey }: FaultServer): Readonly<Record<string, string>> {
  return { endpoint, region, bucket_name: 'old', access_key_id: accessKey, secret_access_key: secretKey };
}

/** A folder of small files. */
function tree(folder: string, files: number): string {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < files; i++) writeFileSync(join(folder, `file-${i}`), `content ${i}`);
  return folder;
}

test('a task is made, runs and finishes; everything of it is told', async () => {
  await using server = await ControlledServer.start();
  const source = tree(server.at('from'), 20);
  const body = {
    name: 'photos',
    type: 'copy',
    source: { type: 'file', path: source },
    destination: { type: 'file', path: server.at('to') },
    report: { evidence: 'all' },
  };
  const checked = await server.ask('POST', '/v1/tasks/check', body);
  assert.ok(
    checked.json.items.every(({ ok }: { ok: unknown }) => ok !== false),
    checked.text,
  );
  const planned = await server.ask('POST', '/v1/tasks/plan', body);
  assert.equal(planned.json.copy.objects, 20, planned.text);
  const made = await server.ask('POST', '/v1/tasks', body);
  assert.equal(made.status, 201, made.text);
  assert.equal(made.json.state, 'created');
  assert.equal((await server.ask('POST', '/v1/tasks', body)).json.code, 'already-exists');
  const run = await server.ask('POST', '/v1/tasks/photos/run');
  assert.equal(run.status, 202);
  const task = await server.reaches('photos', 'finished');
  assert.equal(task.counters.copied, 20);
  assert.equal(task.passes, 1);
  assert.equal(readdirSync(server.at('to')).length, 20);
  await server.ask('POST', '/v1/tasks/photos/verify', { mode: 'full' });
  const verified = await server.when('photos', ({ last }) => last?.what === 'verify');
  assert.equal(verified.last.outcome, 'finished', JSON.stringify(verified));
  await tellsEverything(server);
  const status = await server.ferry.run('status', 'photos', '--json');
  assert.match(status.stdout, /"state":"finished"/, 'the command line sees the same task');
  assert.equal((await server.ask('DELETE', '/v1/tasks/photos')).status, 204);
  assert.equal((await server.ask('GET', '/v1/tasks/photos')).status, 404);
});

async function tellsEverything(server: ControlledServer): Promise<void> {
  const get = async (what: string): Promise<ApiReply> => await server.ask('GET', `/v1/tasks/photos/${what}`);
  assert.match((await get('file')).text, /evidence: all/);
  assert.deepEqual((await get('ranges')).json.items, [{ after: null, through: null, position: null, state: 'done' }]);
  assert.equal((await get('series')).json.step, 1000);
  assert.deepEqual((await get('failures')).json.items, []);
  assert.deepEqual((await get('failure-groups')).json.items, []);
  const keys: string[] = [];
  for (let cursor = ''; ;) {
    const { json } = await get(`files?limit=7${cursor}`);
    keys.push(...json.items.map(({ key }: { key: string }) => key));
    assert.deepEqual([json.covers.evidence, json.covers.wholePass], ['all', true]);
    assert.ok(json.covers.since > 0);
    if (json.next === undefined) break;
    cursor = `&cursor=${json.next}`;
  }
  assert.deepEqual(keys.toSorted(), Array.from({ length: 20 }, (_, i) => `file-${i}`).toSorted());
  const log = await get('log');
  assert.ok(
    log.json.items.some(({ message }: { message: string }) => message === 'run ends'),
    log.text,
  );
  assert.deepEqual((await get(`log?cursor=${log.json.next}`)).json.items, []);
  const reports = (await get('reports')).json.items;
  assert.deepEqual(reports.map(({ kind }: { kind: string }) => kind).toSorted(), ['run', 'verification']);
  for (const { json, html } of reports) {
    assert.equal((await server.ask('GET', json)).json.task, 'photos');
    const page = await server.ask('GET', html);
    assert.match(page.headers.get('content-type')!, /^text\/html/);
    assert.match(page.headers.get('content-security-policy')!, /^sandbox; default-src 'none'/);
    assert.match(page.text, /photos/);
  }
  for (const id of ['..%2f..%2fferry.json', 'run.exe', 'evidence.jsonl'])
    assert.equal((await get(`reports/${id}`)).status, 404, id);
}

test('what is wrong with a task is told at its place', async () => {
  await using server = await ControlledServer.start();
  const { status, json } = await server.ask('POST', '/v1/tasks', {
    name: 'wrong',
    type: 'copy',
    source: { type: 'file', path: '/x', options: { fsinc: 'never' } },
    destination: { type: 'flie' },
    concurency: 3,
  });
  const attic = await server.ask('POST', '/v1/tasks', {
    name: 'attic',
    type: 'copy',
    source: { store: 'attic' },
    destination: { type: 'file', path: server.at('to') },
  });
  assert.deepEqual([attic.status, attic.json.errors[0].pointer], [400, '#/source/store']);
  assert.equal(status, 400);
  const pointers = json.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted();
  assert.deepEqual(pointers, ['#/concurency', '#/destination/type', '#/source/options/fsinc']);
});

test('a task is paused, goes on, is stopped; limits change while it runs', async () => {
  await using old = await slowStore(400);
  await using server = await ControlledServer.start();
  const options = optionsOf(old);
  const stored = await server.ask('POST', '/v1/stores', { name: 'old', type: 's3', options });
  assert.equal(stored.status, 201, stored.text);
  const made = await server.ask('POST', '/v1/tasks', {
    name: 'slow',
    type: 'copy',
    source: { store: 'old' },
    destination: { type: 'file', path: server.at('to') },
    concurrency: 1,
    start: true,
  });
  assert.equal(made.status, 201, made.text);
  await server.when('slow', ({ progress }) => progress?.counters === undefined && progress?.inFlight > 0);
  const paused = await server.ask('POST', '/v1/tasks/slow/pause');
  assert.equal(paused.json.state, 'paused');
  const rested = await server.when('slow', ({ holder }) => holder === undefined);
  assert.ok(rested.counters.copied < 400, JSON.stringify(rested));
  assert.equal((await server.ask('POST', '/v1/tasks/slow/pause')).status, 202, 'twice is as once');
  assert.match((await server.ask('POST', '/v1/tasks/slow/resume')).json.state, /^(queued|running)$/);
  const going = await server.when('slow', ({ progress }) => progress?.inFlight > 0);
  assert.equal(going.progress.concurrency, 1);
  const limited = await server.ask('PATCH', '/v1/tasks/slow/limits', { concurrency: 8, objectsPerSecond: 100_000 });
  assert.equal(limited.json.limits.concurrency, 8, limited.text);
  await server.when('slow', ({ progress, state }) => progress?.concurrency === 8 || state === 'finished');
  const finished = await server.reaches('slow', 'finished');
  assert.equal(finished.counters.copied, 400);
  assert.equal((await server.ask('POST', '/v1/tasks/slow/pause')).status, 409);
  await server.stop();
  assertNowhere(server, old.secretKey);
});

test('what failed is told by cause and tried again by cause', async () => {
  await using old = await slowStore(12);
  old.setRules([
    { op: 'GetObject', key: 'key-3', fault: { do: 'refuse', status: 403, code: 'AccessDenied' } },
    { op: 'GetObject', key: 'key-5', fault: { do: 'refuse', status: 404, code: 'NoSuchKey' } },
    { op: 'GetObject', key: 'key-7', fault: { do: 'refuse', status: 403, code: 'AccessDenied' } },
  ]);
  await using server = await ControlledServer.start();
  // Options of its own, secrets among them: they are kept sealed.
  const made = await server.ask('POST', '/v1/tasks', {
    name: 'some',
    type: 'copy',
    source: { type: 's3', options: optionsOf(old) },
    destination: { type: 'file', path: server.at('to') },
    start: true,
  });
  assert.equal(made.status, 201, made.text);
  const failed = await server.reaches('some', 'failed');
  const groups = (await server.ask('GET', '/v1/tasks/some/failure-groups')).json.items;
  const denied = groups.find(({ count }: { count: number }) => count === 2);
  assert.equal(denied?.code, 'access-denied', JSON.stringify([groups, failed]));
  const listed = await server.ask('GET', '/v1/tasks/some/failures?code=access-denied&limit=1');
  assert.equal(listed.json.items[0].key, 'key-3');
  const next = await server.ask('GET', `/v1/tasks/some/failures?code=access-denied&limit=1&cursor=${listed.json.next}`);
  assert.equal(next.json.items[0].key, 'key-7');
  assert.equal(next.json.next, undefined);
  old.setRules([]);
  const retry = await server.ask('POST', '/v1/tasks/some/retry-failures', { codes: ['access-denied'], keys: [] });
  assert.equal(retry.status, 202, retry.text);
  const after = await server.when('some', ({ last }) => last?.what === 'retry');
  assert.equal(after.failed, failed.failed - 2, 'only those with the code');
  await server.ask('POST', '/v1/tasks/some/retry-failures');
  await server.reaches('some', 'finished');
  assert.equal(readdirSync(server.at('to')).length, 12);
  const { text } = await server.ask('GET', '/v1/tasks/some/file');
  assert.equal(parse(text).source.options.secret_access_key, '***', 'YAML that can be read');
  await server.ask('GET', '/v1/tasks/some/log');
  await server.stop();
  assertNowhere(server, old.secretKey);
  // The command line opens what was sealed, too.
  const run = await server.ferry.run('run', 'some', '--json');
  assert.equal(run.code, 0, run.output);
});

test('a task that the command line runs is shown as running there, and is not doubled', async () => {
  await using old = await slowStore(300);
  await using server = await ControlledServer.start();
  const file = server.ferry.task({
    type: 'copy',
    source: { type: 's3', options: optionsOf(old) },
    destination: { type: 'file', path: server.at('to') },
    concurrency: 1,
  });
  const running = server.ferry.start('run', 'elsewhere', '-t', file, '--json');
  await running.printed(/"type":"progress"/);
  const { json } = await server.ask('GET', '/v1/tasks/elsewhere');
  assert.deepEqual([json.state, json.here], ['running', false], JSON.stringify(json));
  assert.match(json.holder, /process/);
  for (const verb of ['run', 'retry-failures'])
    assert.equal((await server.ask('POST', `/v1/tasks/elsewhere/${verb}`)).json.code, 'task-running');
  assert.equal((await server.ask('POST', '/v1/tasks/elsewhere/stop')).status, 409);
  running.child.kill('SIGTERM');
  await running.exit;
  assert.equal((await server.ask('GET', '/v1/tasks/elsewhere')).json.state, 'interrupted');
  const found = await server.ask('GET', '/v1/tasks?state=interrupted&search=else');
  assert.deepEqual(
    found.json.items.map(({ name }: { name: string }) => name),
    ['elsewhere'],
  );
  // It goes on here.
  await server.ask('POST', '/v1/tasks/elsewhere/run');
  assert.equal((await server.reaches('elsewhere', 'finished')).passes, 1);
});

test('killed with many jobs queued, nothing accepted is lost, and nothing is done twice', async () => {
  const JOBS = 600;
  await using server = await ControlledServer.start({ tasks_at_once: 8 });
  const source = tree(server.at('from'), 2);
  const accepted = new Set<string>();
  const post = async (i: number): Promise<void> => {
    const name = `job-${i}`;
    const { status, text } = await server.ask('POST', '/v1/tasks', {
      name,
      type: 'copy',
      source: { type: 'file', path: source },
      destination: { type: 'file', path: server.at('to', name), options: { fsync: 'never' } },
      priority: i % 10,
      start: true,
    });
    assert.equal(status, 201, text);
    accepted.add(name);
  };
  // Several clients, who go on until the server is gone.
  const clients = Array.from({ length: 4 }, async (_, client) => {
    for (let i = client; i < JOBS; i += 4) await post(i);
  });
  const ended = Promise.allSettled(clients);
  await server.reaches('job-200', 'queued', 'running', 'finished');
  await server.stop('SIGKILL');
  await ended;
  assert.ok(accepted.size > 5 && accepted.size < JOBS, `${accepted.size} were accepted`);
  await server.start();
  const open = '/v1/tasks?state=queued,running,paused,interrupted&limit=1';
  await server.until(open, '', ({ items }) => items.length === 0);
  const seen = new Map<string, { state: string; passes: number; counters: { copied: number } }>();
  for (let cursor = ''; ;) {
    const { json } = await server.ask('GET', `/v1/tasks?limit=100${cursor}`);
    for (const task of json.items) seen.set(task.name, task);
    if (json.next === undefined) break;
    cursor = `&cursor=${json.next}`;
  }
  for (const name of accepted) {
    const task = seen.get(name);
    assert.ok(task, `${name} was accepted and is lost`);
    assert.equal(task.state, 'finished', name);
    assert.equal(task.passes, 1, `${name} was run again`);
    assert.deepEqual(readdirSync(server.at('to', name)).toSorted(), ['file-0', 'file-1']);
  }
});
