// Mirrored buckets by API: what their rules did, over time, and warming them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { LiveHub } from '../../../src/control/live/hub.ts';
import { MirrorHistory } from '../../../src/control/mirrors/history.ts';
import type { MirroredBucket } from '../../../src/gateway/mirror/mirrors.ts';
import { NO_COUNTS } from '../../../src/state/mirror-book.ts';
import { FakeClock } from '../store/fake-clock.ts';
import { RunningFerry } from './running.ts';

const SITE = '/v1/mirrors/site';

test('rules are told with their counters, and origins without their secrets', async () => {
  const origin = {
    type: 'http',
    options: { base_url: 'https://origin.example/media', username: 'u', password: 'GEHEIM' },
  };
  const memory = (name: string) => ({ tenant: 'acme', store: { type: 'memory', options: { name } } });
  const buckets = { site: { ...memory('site'), mirror: [{ name: 'all', origin }] } };
  await using ferry = await RunningFerry.start({ gateway: { buckets } });
  const { json } = await ferry.ask('GET', '/v1/mirrors', { role: 'viewer' });
  const [{ bucket, tenant, rules }] = json.items;
  assert.deepEqual([bucket, tenant, rules[0].name, rules[0].mode, rules[0].store], ['site', 'acme', 'all', 'stream', true]); // prettier-ignore
  assert.deepEqual(rules[0].counters, { hits: 0, misses: 0, absent: 0, stored: 0, bytes: 0, failures: 0 });
  assert.match(rules[0].origins[0], /origin\.example/);
  assert.doesNotMatch(JSON.stringify(json), /GEHEIM/);
  const one = await ferry.ask('GET', SITE, { role: 'viewer' });
  assert.deepEqual([one.json.rules[0].series.step, one.json.rules[0].series.points], [5000, []]);
  assert.equal((await ferry.ask('GET', '/v1/mirrors/none')).status, 404);
});

test('a bucket is warmed from the listing of its origin, and by names', async () => {
  await using ferry = await RunningFerry.start();
  for (let i = 0; i < 30; i++)
    await ferry.client.send(new PutObjectCommand({ Bucket: 'origin', Key: `k${i}`, Body: `b${i}` }));
  assert.equal((await ferry.ask('GET', `${SITE}/warm`)).status, 404);
  assert.equal((await ferry.ask('POST', `${SITE}/warm`, { role: 'viewer', json: {} })).status, 403);
  const dry = await ferry.ask('POST', `${SITE}/warm`, {
    role: 'operator',
    json: { keys: ['k1', 'none'], dryRun: true },
  });
  assert.deepEqual([dry.status, dry.headers.get('location')], [202, `${SITE}/warm`]);
  const looked = await ferry.until('looked', `${SITE}/warm`, ({ state }) => state !== 'running');
  assert.deepEqual([looked.state, looked.counts.missing, looked.counts.stored], ['finished', 2, 0]);

  assert.equal((await ferry.ask('POST', `${SITE}/warm`, { role: 'operator', json: {} })).status, 202);
  const warmed = await ferry.until('warmed', `${SITE}/warm`, ({ state }) => state !== 'running');
  assert.deepEqual([warmed.state, warmed.counts.keys, warmed.counts.stored, warmed.failures], ['finished', 30, 30, []]);
  assert.ok(warmed.endedAt >= warmed.startedAt);
  const found = await ferry.client.send(new GetObjectCommand({ Bucket: 'site', Key: 'k7' }));
  assert.equal(await found.Body!.transformToString(), 'b7');
});

test('warming is one at a time for each bucket, and stops when it is told to', async () => {
  await using ferry = await RunningFerry.start();
  const keys = Array.from({ length: 5000 }, (_, i) => `absent${i}`);
  assert.equal((await ferry.ask('POST', `${SITE}/warm`, { json: { keys, concurrency: 1 } })).status, 202);
  const again = await ferry.ask('POST', `${SITE}/warm`, { json: {} });
  assert.deepEqual([again.status, again.json.code], [409, 'conflict']);
  assert.equal((await ferry.ask('DELETE', `${SITE}/warm`, { role: 'operator' })).status, 204);
  const stopped = (await ferry.ask('GET', `${SITE}/warm`)).json;
  assert.equal(stopped.state, 'stopped');
  assert.ok(stopped.counts.keys < keys.length);
});

test('counters become rates over an hour and no more, and listeners are told when something was counted', async () => {
  const clock = new FakeClock();
  const hub = new LiveHub();
  let hits = 100;
  let at = 1_000_000;
  const rule = {
    name: 'all',
    match: { prefix: '', suffix: '', statuses: [404] },
    limits: {},
  };
  const mirror: MirroredBucket = Object.assign(Object.create(null), {
    spec: { name: 'site', tenant: 'acme' },
    rules: [{ spec: rule, origins: ['o'] }],
  });
  await using history = new MirrorHistory({
    mirrors: [mirror],
    book: { counters: async () => [{ ...NO_COUNTS, bucket: 'site', rule: 'all', hits }] },
    hub,
    clock,
    now: () => at,
    onTrouble: assert.ifError,
  });
  await history.look();
  assert.deepEqual(history.points('site', 'all'), [], 'what was counted before is nobody’s rate');
  assert.equal(hub.newest, 0);
  hits += 50;
  at += 5000;
  await history.look();
  assert.deepEqual(history.points('site', 'all'), [{ at, hits: 10, misses: 0, absent: 0, stored: 0, bytes: 0, failures: 0 }]); // prettier-ignore
  assert.equal(hub.newest, 1);
  for (let i = 0; i < 1000; i++) {
    at += 5000;
    await history.look();
  }
  assert.equal(history.points('site', 'all').length, 720);
  assert.equal(history.points('site', 'all', at - 5000).length, 1);
  assert.equal(hub.newest, 1, 'nothing was counted');
});
