// What two people do with a task at the same moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunningFerry } from './running.ts';

test('a task whose verification is ordered while it is being forgotten stays', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const ends = { source: { type: 'memory', options: { name: 'a' } }, destination: { type: 'memory', options: { name: 'b' } } }; // prettier-ignore
  assert.equal((await ferry.ask('POST', '/v1/tasks', { json: { name: 'both', type: 'copy', ...ends } })).status, 201);
  const state = await ferry.services.state();
  const lease = state.lease.bind(state);
  state.lease = async (name, holder) => {
    state.lease = lease;
    const held = await lease(name, holder);
    // It is at rest for whoever forgets it, and now no more.
    assert.equal((await ferry.ask('POST', `/v1/tasks/${name}/verify`)).status, 202);
    return held;
  };
  const { status, json } = await ferry.ask('DELETE', '/v1/tasks/both');
  assert.equal(status, 409, JSON.stringify(json));
  await ferry.until('verified', '/v1/tasks/both', ({ last }) => last?.what === 'verify');
});
