// Of several processes with one state one does what is to be done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { RunningFerry } from './running.ts';

test('a second server of the same state takes up nothing that the first works on', async () => {
  await using ferry = await RunningFerry.start({ gateway: false });
  const ends = { source: { type: 'memory', options: { name: 'a' } }, destination: { type: 'memory', options: { name: 'b' } } }; // prettier-ignore
  assert.equal((await ferry.ask('POST', '/v1/tasks', { json: { name: 'busy', type: 'copy', ...ends } })).status, 201);
  const { queue } = await ferry.services.state();
  await queue.change('busy', ['idle'], { state: 'running', work: { what: 'run' } });
  await assert.rejects(ferry.startAgain(), (error) => isFerryError(error, 'configuration') && /serves the API/.test(error.message)); // prettier-ignore
  assert.equal((await queue.get('busy'))?.state, 'running');
  await ferry.stop();
  await ferry.startAgain();
});
