import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guarded } from '../../../../src/gateway/migrate/guarded.ts';
import { compose } from '../../../../src/store/compose.ts';
import { MemoryStore } from '../../../../src/stores/memory/store.ts';
import { FakeClock } from '../../store/fake-clock.ts';
import { Script, type Act } from '../../store/script.ts';

const BODY = Buffer.from('x');

function composed(...acts: Act[]) {
  const script = new Script('write', ...acts);
  const inner = new MemoryStore();
  return { script, inner, store: compose(inner, { retry: { base: 1 }, innermost: [script] }) };
}

test('each attempt asks whether the lease stands', async () => {
  const { store, script, inner } = composed('unavailable', 'unavailable');
  let asked = 0;
  const sure = (): boolean => ++asked < 3;
  await assert.rejects(guarded(store, { sure, inDoubt: () => undefined }).write('key', BODY), /lease/);
  assert.deepEqual([script.calls.length, await inner.stat('key')], [2, undefined]);
});

test('an attempt without an answer is in doubt, although the next is answered', async () => {
  const { store } = composed('lose', 'pass');
  const doubts: string[] = [];
  await guarded(store, { sure: () => true, inDoubt: (key) => doubts.push(key) }).write('key', BODY);
  assert.deepEqual(doubts, ['key']);
});

test('a refusal leaves nothing in doubt', async () => {
  const { store } = composed('access-denied');
  const doubts: string[] = [];
  const writing = guarded(store, { sure: () => true, inDoubt: (key) => doubts.push(key) }).write('key', BODY);
  await assert.rejects(writing, { code: 'access-denied' });
  assert.deepEqual(doubts, []);
});

test('where nobody keeps others away from the key there is one attempt', async () => {
  const { store, script } = composed('lose');
  await assert.rejects(guarded(store, { sure: () => true }).write('key', BODY), { retryable: 'exhausted' });
  assert.deepEqual(script.calls, ['write']);
});

test('a store that asks to slow down has done nothing', async () => {
  const { store } = composed('throttled', 'pass');
  const doubts: string[] = [];
  await guarded(store, { sure: () => true, inDoubt: (key) => doubts.push(key) }).write('key', BODY);
  assert.deepEqual(doubts, []);
});

test('an attempt that is given up is in doubt at once, whether the store ever ends it or not', async () => {
  const script = new Script('write', 'hang', 'pass');
  const clock = new FakeClock();
  const store = compose(new MemoryStore(), { clock, watchdog: { timeout: 1000 }, innermost: [script] });
  const doubts: string[] = [];
  const writing = guarded(store, { sure: () => true, inDoubt: (key) => doubts.push(key) }).write('key', BODY);
  await clock.advance(60_000);
  await writing;
  assert.deepEqual([script.calls, doubts], [['write', 'write'], ['key']]);
});
