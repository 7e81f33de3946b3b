/** A server whose key of sealed secrets is lost says so before it takes a request, whatever was sealed with it. */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { RunningFerry } from './running.ts';

const MEMORY = { type: 'memory', options: { name: 'm' } };
const WEB = { type: 'http', options: { urls: ['http://127.0.0.1:1/a'], bearer_token: 'correct-horse' } };

const SEALED: readonly (readonly [what: string, path: string, json: object])[] = [
  ['a store', '/v1/stores', { name: 'web', ...WEB }],
  ['a task', '/v1/tasks', { name: 't', type: 'copy', source: WEB, destination: MEMORY }],
  ['a user', '/v1/users', { name: 'u', tenant: 'acme' }],
  ['an event source', '/v1/event-sources', { name: 'e', kind: 'http', source: 'a', destination: 'b', secret: 'correct-horse-battery-staple' }],
]; // prettier-ignore

for (const [what, path, json] of SEALED)
  test(`${what} with a secret keeps a server from starting without the key`, async () => {
    await using ferry = await RunningFerry.start();
    for (const name of ['a', 'b']) await ferry.ask('POST', '/v1/stores', { json: { name, ...MEMORY } });
    const key = join(ferry.folder, 'home', 'secret.key');
    assert.ok(existsSync(key), 'it is made when the server starts');
    const made = await ferry.ask('POST', path, { json });
    assert.equal(made.status, 201, JSON.stringify(made.json));
    await ferry.stop();
    rmSync(key);
    await assert.rejects(
      ferry.startAgain(),
      (error) => isFerryError(error, 'configuration') && /secret\.key is not there/.test(error.message),
    );
    assert.ok(!existsSync(key), 'no other key is made');
  });

test('where nothing was sealed another key does', async () => {
  await using ferry = await RunningFerry.start();
  const key = join(ferry.folder, 'home', 'secret.key');
  await ferry.stop();
  rmSync(key);
  await ferry.startAgain();
  assert.ok(existsSync(key));
});
