// The copy comes to rest without breaking anything off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Brake } from '../../../src/gateway/migrate/brake.ts';
import { isFerryError } from '../../../src/model/errors.ts';

test('what has begun ends, nothing new begins, and then it is at rest', async () => {
  const brake = new Brake();
  const stop = new AbortController();
  const first = Promise.withResolvers<string>();
  const running = brake.run(stop.signal, () => first.promise);
  let rested = false;
  const rest = brake.halt().then(() => (rested = true));
  let began = false;
  const late = brake.run(stop.signal, async () => (began = true));
  late.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([rested, began], [false, false]);
  first.resolve('done');
  assert.equal(await running, 'done');
  await rest;
  stop.abort();
  await assert.rejects(late, (error) => isFerryError(error, 'interrupted'));
  assert.equal(began, false);
});

test('work that fails is over, too; without any it is at rest at once', async () => {
  const brake = new Brake();
  const stop = new AbortController();
  await assert.rejects(
    brake.run(stop.signal, () => Promise.reject(new Error('no'))),
    /no/,
  );
  await brake.halt();
  await new Brake().halt();
});
