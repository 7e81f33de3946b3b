// A bucket is moved by API from its first step to its last, while a client uses it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { RunningFerry } from './running.ts';

const PHOTOS = '/v1/migrations/photos';

test('a bucket is moved step by step, and listeners are told', async () => {
  await using ferry = await RunningFerry.start();
  const listening = live(ferry);
  for (let i = 0; i < 20; i++)
    await ferry.client.send(new PutObjectCommand({ Bucket: 'old', Key: `k${i}`, Body: 'x'.repeat(i) }));
  const { items } = (await ferry.ask('GET', '/v1/migrations', { role: 'viewer' })).json;
  assert.deepEqual([items.length, items[0].name, items[0].phase, items[0].steps], [1, 'photos', 'created', ['start']]);

  const early = await ferry.ask('POST', `${PHOTOS}/switch`);
  assert.equal(early.status, 409);
  assert.match(early.json.errors[0].detail, /only what is tracking is switched/);

  const first = (await ferry.ask('GET', PHOTOS)).json;
  assert.deepEqual([first.next[0].step, first.next[0].allowed], ['start', true], JSON.stringify(first.next));
  const begun = await ferry.ask('POST', `${PHOTOS}/start`, { role: 'operator' });
  assert.deepEqual([begun.status, begun.json.phase, begun.headers.get('location')], [202, 'tracking', PHOTOS]);
  await ready(ferry, 'switch');
  assert.equal((await ferry.ask('POST', `${PHOTOS}/switch`, { role: 'operator' })).status, 202);
  const copied = await ferry.until('copied', PHOTOS, ({ copy }) => copy?.done === true);
  assert.deepEqual([copied.counts.moved, copied.phase, copied.reads], [20, 'migrating', { new: 0, old: 0 }]);

  await ferry.client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'k1' }));
  await ferry.client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'mine', Body: 'x' }));
  await ferry.until('written back', PHOTOS, ({ lag, reads }) => lag.keys === 0 && reads.new === 1);
  assert.equal((await ferry.ask('POST', `${PHOTOS}/pause`, { role: 'operator' })).json.paused, true);
  const resting = await ferry.ask('POST', `${PHOTOS}/verify`);
  assert.deepEqual([resting.status, resting.json.code], [409, 'conflict']);
  assert.deepEqual(resting.json.errors.map(({ pointer }: { pointer: string }) => pointer), ['the move does not rest']); // prettier-ignore
  assert.equal((await ferry.ask('POST', `${PHOTOS}/resume`, { role: 'operator' })).json.paused, false);
  await ready(ferry, 'verify');
  assert.equal((await ferry.ask('POST', `${PHOTOS}/verify`, { role: 'operator' })).status, 202);
  const equal = await ferry.until('migrated', PHOTOS, ({ phase }) => phase === 'migrated');
  assert.deepEqual([equal.verified.open, equal.requests.reads], [0, 'new']);

  assert.equal((await ferry.ask('POST', `${PHOTOS}/finalise`, { role: 'operator' })).status, 403);
  await ready(ferry, 'finalise');
  assert.equal((await ferry.ask('POST', `${PHOTOS}/finalise`)).status, 202);
  await ferry.until('final', PHOTOS, ({ phase }) => phase === 'finalised');
  const told = await listening.until('finalised');
  assert.ok(told.length > 0 && told.length < 20, told.join());
  const audit = (await ferry.ask('GET', '/v1/audit')).json.items;
  assert.ok(audit.some((entry: { action: string; subject: string }) => entry.action === 'finaliseMigration' && entry.subject === 'photos')); // prettier-ignore
});

test('the way back is an admin’s, and leads back', async () => {
  await using ferry = await RunningFerry.start();
  await ferry.client.send(new PutObjectCommand({ Bucket: 'old', Key: 'k', Body: 'x' }));
  await ferry.ask('POST', `${PHOTOS}/start`);
  await ready(ferry, 'switch');
  await ferry.ask('POST', `${PHOTOS}/switch`);
  await ferry.until('moving', PHOTOS, ({ phase }) => phase === 'migrating');
  await ready(ferry, 'rollback');
  assert.equal((await ferry.ask('POST', `${PHOTOS}/rollback`, { role: 'operator' })).status, 403);
  const back = await ferry.ask('POST', `${PHOTOS}/rollback`);
  assert.equal(back.status, 202, JSON.stringify(back.json));
  await ferry.until('rolled back', PHOTOS, ({ phase }) => phase === 'rolled-back');
});

test('what is not moved here is not found, and a viewer only looks', async () => {
  await using ferry = await RunningFerry.start();
  assert.equal((await ferry.ask('GET', '/v1/migrations/site')).status, 404);
  assert.equal((await ferry.ask('POST', '/v1/migrations/site/start')).status, 404);
  assert.equal((await ferry.ask('POST', `${PHOTOS}/start`, { role: 'viewer' })).status, 403);
});

/** Resolves once every check of the step holds. */
async function ready(ferry: RunningFerry, step: string): Promise<void> {
  await ferry.until(`ready to ${step}`, PHOTOS, ({ next }) =>
    next.some((each: { step: string; allowed: boolean }) => each.step === step && each.allowed),
  );
}

/** Phases of `photos` as they are told. */
function live(ferry: RunningFerry): { until(phase: string): Promise<string[]> } {
  const stop = new AbortController();
  const phases: string[] = [];
  const came = new Map<string, () => void>();
  const listening = async (): Promise<void> => {
    const headers = { authorization: `Bearer ${await ferry.token('viewer')}` };
    const { body } = await fetch(`${ferry.url}/v1/live?types=migration`, { headers, signal: stop.signal });
    const decoder = new TextDecoder();
    for await (const chunk of body!)
      for (const [, phase] of decoder.decode(chunk).matchAll(/"phase":"([a-z-]+)"/g)) {
        phases.push(phase!);
        came.get(phase!)?.();
      }
  };
  const ended = listening().catch(() => undefined);
  return {
    async until(phase) {
      if (!phases.includes(phase)) await new Promise<void>((resolve) => came.set(phase, resolve));
      stop.abort();
      await ended;
      return phases;
    },
  };
}
