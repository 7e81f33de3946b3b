// What all that a server copies may take together: who says so, since when, and that it holds.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { limitRoutes } from '../../../src/control/limits/routes.ts';
import { ServerLimits } from '../../../src/control/limits/server-limits.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { SettingBook } from '../../../src/state/control/setting-book.ts';
import { FakeClock } from '../store/fake-clock.ts';
import { Controlled } from './controlled.ts';
import { RunningFerry } from './running.ts';

class Kept implements SettingBook {
  value: unknown;
  full = false;

  async get(): Promise<unknown> {
    return this.value;
  }

  async set(_: string, value: unknown): Promise<void> {
    if (this.full) throw new FerryError('disk-full', { message: 'no space is left' });
    this.value = JSON.parse(JSON.stringify(value));
  }

  async remove(): Promise<void> {
    this.value = undefined;
  }
}

const SPEC = { bandwidth: [{ minute: 0, bytesPerSecond: 1000 }] };

async function limited(book: SettingBook, at = 0): Promise<{ limits: ServerLimits; clock: FakeClock }> {
  const clock = new FakeClock();
  const now = (): number => at + clock.now();
  return { limits: await ServerLimits.open({ book, spec: SPEC, clock, now }), clock };
}

test('limits are set by who saw them as they are, are told of, and hold over restarts until they are taken back', async () => {
  const book = new Kept();
  const { limits } = await limited(book);
  await using server = await Controlled.start((_, hub) => limitRoutes(limits, hub));
  const [token, viewer] = [await server.token('operator'), await server.token('viewer')];
  const first = await server.ask('GET', '/v1/limits', { token: viewer });
  assert.deepEqual(first.json, {
    bandwidth: [{ minute: 0, bytesPerSecond: 1000 }],
    from: 'configuration',
    now: { bytesPerSecond: 1000 },
  });
  const json = { bandwidth: '2MiB', requestsPerSecond: 50 };
  assert.equal((await server.ask('PUT', '/v1/limits', { token: viewer, json })).status, 403);
  assert.equal((await server.ask('PUT', '/v1/limits', { token, json })).status, 428);
  const seen = { 'if-match': first.headers.get('etag')! };
  const [one, two] = await Promise.all([
    server.ask('PUT', '/v1/limits', { token, json, headers: seen }),
    server.ask('PUT', '/v1/limits', { token, json: { objectsPerSecond: 3 }, headers: seen }),
  ]);
  assert.deepEqual(
    [one.status, two.status].toSorted((a, b) => a - b),
    [200, 412],
    'of two one is too late',
  );
  const now = await server.ask('GET', '/v1/limits', { token });
  const again = await server.ask('PUT', '/v1/limits', { token, json: { ...now.json, ...json }, headers: { 'if-match': now.headers.get('etag')! } }); // prettier-ignore
  assert.equal(again.status, 200, 'what was read can be sent back');
  assert.equal(again.json.from, 'api');
  assert.equal(limits.shared.bandwidth.perSecond, 2 * 1024 * 1024);
  assert.equal(limits.shared.requests.perSecond, 50);
  const { limits: later } = await limited(book);
  assert.equal(later.shared.bandwidth.perSecond, 2 * 1024 * 1024);
  assert.ok(server.hub.newest >= 2);
  const { items } = (await server.ask('GET', '/v1/audit', { token: await server.token('admin') })).json;
  assert.ok(items.some((entry: { action: string }) => entry.action === 'setLimits'));
  const reset = await server.ask('DELETE', '/v1/limits', {
    token,
    headers: { 'if-match': again.headers.get('etag')! },
  });
  assert.equal(reset.json.from, 'configuration');
  assert.equal(limits.shared.bandwidth.perSecond, 1000);
  assert.equal(limits.shared.requests.perSecond, undefined);
  assert.equal(book.value, undefined);
});

test('mistakes are told, and what cannot be kept does not hold', async () => {
  const book = new Kept();
  const { limits } = await limited(book);
  await using server = await Controlled.start((_, hub) => limitRoutes(limits, hub));
  const token = await server.token('operator');
  const headers = { 'if-match': '*' };
  for (const json of [{ bandwidth: 'fast' }, { requestsPerSecond: 0 }, { bandwidth: [{ minute: 1440 }] }, { other: 1 }])
    assert.equal((await server.ask('PUT', '/v1/limits', { token, json, headers })).status, 400, JSON.stringify(json));
  book.full = true;
  const full = await server.ask('PUT', '/v1/limits', { token, json: {}, headers });
  assert.equal(full.json.code, 'disk-full');
  assert.equal(limits.shared.bandwidth.perSecond, 1000);
  assert.equal(limits.areSet, false);
});

test('a timetable is followed', async () => {
  const noon = new Date(2026, 0, 5, 12).getTime();
  const { limits, clock } = await limited(new Kept(), noon);
  await limits.set({ bandwidth: [{ minute: 0, bytesPerSecond: 5 }, { minute: 12 * 60 + 1 }] });
  assert.equal(limits.shared.bandwidth.perSecond, 5);
  await clock.advance(65_000);
  assert.equal(limits.shared.bandwidth.perSecond, undefined);
});

test('tasks that run follow the limits of their server', async () => {
  await using ferry = await RunningFerry.start({ gateway: false, control: { limits: { objects_per_second: 1 } } });
  const from = join(ferry.folder, 'from');
  await mkdir(from);
  for (let i = 0; i < 200; i++) await writeFile(join(from, `${i}`), `${i}`);
  for (const name of ['one', 'two']) {
    await mkdir(join(ferry.folder, name));
    const ends = {
      source: { type: 'file', path: from },
      destination: { type: 'file', path: join(ferry.folder, name) },
    };
    const made = await ferry.ask('POST', '/v1/tasks', { json: { name, type: 'copy', ...ends, start: true } });
    assert.equal(made.status, 201, JSON.stringify(made.json));
  }
  for (const name of ['one', 'two']) {
    const held = await ferry.until('held back', `/v1/tasks/${name}`, (task) =>
      task.progress?.throttledBy.some((reason: { shared?: boolean }) => reason.shared === true),
    );
    assert.equal(held.progress.throttledBy[0].what, 'objects-per-second');
  }
  assert.equal((await ferry.ask('PUT', '/v1/limits', { json: {}, headers: { 'if-match': '*' } })).status, 200);
  for (const name of ['one', 'two']) {
    const done = await ferry.until('finished', `/v1/tasks/${name}`, ({ state }) => state === 'finished');
    assert.equal(done.counters.copied, 200);
  }
});
