// What a running server tells of itself, and what is shipped to look at it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { measureTasks } from '../../../src/control/metrics/tasks.ts';
import { Metrics } from '../../../src/observe/metrics.ts';
import { NO_COUNTERS } from '../../../src/state/state-store.ts';
import { RunningFerry } from './running.ts';

const DEPLOY = join(import.meta.dirname, '../../../deploy');

test('requests, stores, moves, mirrors and the process are counted', async () => {
  await using ferry = await RunningFerry.start();
  await ferry.client.send(new PutObjectCommand({ Bucket: 'old', Key: 'k', Body: 'x'.repeat(1000) }));
  await ferry.client.send(new PutObjectCommand({ Bucket: 'origin', Key: 'far', Body: 'far' }));
  await ferry.client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'k' })).then(read);
  await ferry.client.send(new GetObjectCommand({ Bucket: 'site', Key: 'far' })).then(read);
  await assert.rejects(ferry.client.send(new GetObjectCommand({ Bucket: 'old', Key: 'none' })));
  await methodOfTheirOwn(ferry.server.gateway!);
  const { status, headers, json } = await ferry.ask('GET', '/metrics', { role: 'viewer' });
  assert.equal(status, 200);
  assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = String(json);
  for (const line of [
    'ferry_gateway_requests_total{operation="PutObject",status="200",served_from="store"} 2',
    'ferry_gateway_requests_total{operation="GetObject",status="200",served_from="old"} 1',
    'ferry_gateway_requests_total{operation="GetObject",status="200",served_from="origin"} 1',
    'ferry_gateway_requests_total{operation="GetObject",status="404",served_from="store"} 1',
    'ferry_gateway_requests_total{operation="none",status="405",served_from="store"} 1',
    'ferry_migration_phase{bucket="photos",phase="created"} 1',
    'ferry_migration_reads_total{bucket="photos",side="old"} 1',
    'ferry_tasks{state="running"} 0',
    'ferry_progress_age_seconds 0',
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n is not in\n${text}`);
  assert.match(text, /^ferry_build_info\{version="[^"]+",node="v\d[^"]*"\} 1$/m);
  assert.match(text, /^ferry_requests_total\{store="memory:[^"]*old[^"]*",operation="write",outcome="ok"\} 1$/m);
  assert.match(text, /^ferry_bytes_total\{store="memory:[^"]*old[^"]*",direction="written"\} 1000$/m);
  assert.match(text, /^process_cpu_seconds_total \d/m);
  assert.ok(!text.includes('GEHEIM'));
  const open = await ferry.ask('GET', '/metrics', {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  });
  assert.ok(String(open.json).endsWith('# EOF\n'));
  assert.match(String(open.json), /^ferry_api_requests_total\{operation="getMetrics",status="200"\} 1$/m);
});

test('numbers are for who shows a token, or for programs of this machine where the configuration says so', async () => {
  await using closed = await RunningFerry.start({ gateway: false });
  assert.equal((await fetch(`${closed.url}/metrics`)).status, 401);
  await using open = await RunningFerry.start({ gateway: false, control: { metrics: 'open' } });
  assert.equal((await fetch(`${open.url}/metrics`)).status, 200);
});

test('every metric that dashboard and alerts ask for is there', async () => {
  await using ferry = await RunningFerry.start();
  const text = String((await ferry.ask('GET', '/metrics')).json);
  const there = new Set(['up']);
  for (const [, name, kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    there.add(name!);
    if (kind === 'histogram') for (const end of ['_bucket', '_sum', '_count']) there.add(name + end);
  }
  const files = globSync('{grafana,prometheus}/*', { cwd: DEPLOY });
  assert.equal(files.length, 2);
  for (const file of files) {
    const asked = new Set(readFileSync(join(DEPLOY, file), 'utf8').match(/\b(?:ferry|process)_[a-z_]+\b/g));
    assert.ok(asked.size > 10, `${file} asks for ${[...asked].join()}`);
    assert.deepEqual([...asked].filter((name) => !there.has(name)), [], file); // prettier-ignore
  }
});

test('objects of tasks are counted once, over passes and processes', async () => {
  const metrics = new Metrics();
  const tasks = measureTasks(metrics, async () => ({ running: 1 }));
  const progress = (copied: number) =>
    tasks.observe('t', {
      type: 'progress',
      progress: Object.assign(Object.create(null), { counters: { ...NO_COUNTERS, copied, listed: copied } }),
    });
  tasks.observe('t', { type: 'started', task: 't', resumed: true, pass: 1, source: '', destination: '' });
  // An earlier process has copied 100.
  for (const copied of [100, 103, 110, 2, 5]) progress(copied);
  const summary = { task: 't', outcome: 'finished' as const, counters: { ...NO_COUNTERS, copied: 6, listed: 6 } };
  tasks.observe('t', { type: 'summary', summary: { ...summary, elapsed: 1, bytesMoved: 1, losses: {} } });
  const text = await metrics.text('prometheus', assert.ifError);
  assert.match(text, /^ferry_objects_total\{outcome="copied"\} 16$/m);
  assert.match(text, /^ferry_tasks_ended_total\{outcome="finished"\} 1$/m);
  assert.match(text, /^ferry_tasks\{state="running"\} 1$/m);
});

async function read({ Body }: { Body?: { transformToString(): Promise<string> } | undefined }): Promise<void> {
  await Body!.transformToString();
}

/** Clients may send any word for a method. */
async function methodOfTheirOwn(url: string): Promise<void> {
  const sent = request(url, { method: 'PROPFIND' });
  const { promise, resolve } = Promise.withResolvers<void>();
  sent.on('response', (response) => response.resume().on('end', resolve));
  sent.end();
  await promise;
}

test('a server that is to stop says so at once, and serves until it has', async () => {
  await using ferry = await RunningFerry.start({ gateway: { notice: 1 } });
  assert.equal((await ferry.ask('GET', '/readyz')).status, 200);
  const stopping = ferry.stop();
  assert.equal((await ferry.ask('GET', '/readyz')).status, 503);
  assert.equal((await ferry.ask('GET', '/healthz')).status, 200);
  assert.equal((await ferry.ask('GET', '/v1/migrations/photos')).status, 200, 'what it controls is there still');
  await stopping;
  await assert.rejects(fetch(`${ferry.url}/healthz`));
});
