// What was answered to who asked for another try holds whatever comes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RunningFerry } from './running.ts';

test('another try of a job is written down before it is answered', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const json = { name: 'd', type: 'memory', options: { name: 'd' } };
  assert.equal((await ferry.ask('POST', '/v1/stores', { json })).status, 201);
  const list = { 'target-type': 'memory', 'target-bucket': 'd', 'origin-files': ['http://127.0.0.1:1/refused'] };
  const { json: job } = await ferry.ask('PUT', '/jobs', { json: list });
  const path = `/v1/jobs/${job.id}`;
  await ferry.until('ended', path, ({ endedAt }) => endedAt !== undefined);
  const { queue } = await ferry.services.state();
  const change = queue.change.bind(queue);
  const asked = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  queue.change = async (...how) => {
    asked.resolve();
    await written.promise;
    return await change(...how);
  };
  let answered = false;
  const answer = ferry.ask('POST', `${path}/retry`).finally(() => (answered = true));
  await asked.promise;
  for (let i = 0; i < 50; i++) await nextTurn();
  const early = answered;
  written.resolve();
  assert.equal((await answer).status, 202);
  assert.equal(early, false);
  await ferry.until('ended again', path, ({ endedAt }) => endedAt !== undefined);
});
