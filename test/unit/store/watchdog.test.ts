import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamBody } from '../../../src/model/body.ts';
import { LayeredStore } from '../../../src/store/layers/layered-store.ts';
import { Watchdog } from '../../../src/store/layers/watchdog.ts';
import type { ReadOptions, ReadResult } from '../../../src/store/store.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import { drain, pattern } from '../../conformance/suite/bench.ts';
import { FakeClock, settle } from './fake-clock.ts';
import type { Act } from './script.ts';
import { Script } from './script.ts';

function watched(operation: string, ...acts: Act[]) {
  const clock = new FakeClock();
  const inner = new MemoryStore({ chunkSize: 100 });
  const watchdog = new Watchdog({ timeout: 60_000, clock });
  const store = new LayeredStore(inner, [watchdog, new Script(operation, ...acts)]);
  return { clock, inner, store };
}

test('a call that does not answer ends with timeout, a little late and never early', async () => {
  for (const operation of ['list', 'stat'] as const) {
    const { store, clock } = watched(operation, 'hang');
    let outcome = 'pending';
    const call: Promise<unknown> = operation === 'list' ? store.list({}) : store.stat('key');
    call.catch((error: { code: string }) => (outcome = error.code));
    await clock.advance(60_000);
    assert.equal(outcome, 'pending');
    await clock.advance(15_000);
    assert.equal(outcome, 'timeout');
    await store.stat('other');
  }
});

test('what the store does alone may take ten times as long', async () => {
  const { store, clock, inner } = watched('copy', 'hang');
  await inner.write('key', Buffer.from('x'));
  let outcome = 'pending';
  store.copy!({ store, key: 'key' }, 'to').catch((error: { code: string }) => (outcome = error.code));
  await clock.advance(590_000);
  assert.equal(outcome, 'pending');
  await clock.advance(30_000);
  assert.equal(outcome, 'timeout');
});

test('the driver is told to stop, and its late answer is dropped', async () => {
  let told: AbortSignal | undefined;
  let cancelled = 0;
  class Late extends MemoryStore {
    override async read(key: string, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
      told = signal;
      await new Promise((resolve) => {
        signal?.addEventListener('abort', resolve);
      });
      const { meta, body } = await super.read(key, options);
      return { meta, body: Object.assign(body, { cancel: () => cancelled++ }) };
    }
  }
  const clock = new FakeClock();
  const inner = new Late();
  await inner.write('key', Buffer.from('x'));
  const store = new LayeredStore(inner, [new Watchdog({ timeout: 1000, clock })]);
  const outcome = assert.rejects(store.read('key'), { code: 'timeout' });
  await clock.advance(2000);
  await outcome;
  await settle();
  assert.equal(told?.aborted, true);
  assert.equal(cancelled, 1);
});

test('a body in the middle of which nothing comes ends with timeout', async () => {
  class Stalls extends MemoryStore {
    override async read(key: string, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
      const { meta, body } = await super.read(key, options, signal);
      const stalling = {
        size: body.size,
        async *[Symbol.asyncIterator]() {
          yield pattern(10);
          await new Promise(() => undefined);
        },
        bytes: () => new Promise<never>(() => undefined),
        cancel: () => undefined,
      };
      return { meta, body: stalling };
    }
  }
  const clock = new FakeClock();
  const inner = new Stalls();
  await inner.write('key', pattern(1000));
  const store = new LayeredStore(inner, [new Watchdog({ timeout: 1000, clock })]);
  const streamedBody = assert.rejects(drain((await store.read('key')).body), { code: 'timeout' });
  const wholeBody = assert.rejects((await store.read('key')).body.bytes(1000), { code: 'timeout' });
  await clock.advance(2000);
  await Promise.all([streamedBody, wholeBody]);
});

test('a reader that takes its time is not the fault of the store', async () => {
  const { store, clock, inner } = watched('none');
  await inner.write('key', pattern(1000));
  const { body } = await store.read('key');
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    await clock.advance(500_000);
  }
  assert.equal(bytes, 1000);
});

test('nor is a source that delivers slowly, nor a stream that moves', async () => {
  const { store, clock, inner } = watched('none');
  const slow: StreamBody = {
    size: 300,
    async *open() {
      for (let i = 0; i < 3; i++) {
        await clock.advance(500_000);
        yield pattern(100);
      }
    },
  };
  await store.write('key', slow);
  assert.equal((await inner.stat('key'))?.size, 300);
});

test('a large body in memory is given its time', async () => {
  const { store, clock } = watched('write', 'hang', 'hang');
  const outcomes: Record<string, string> = {};
  const start = (name: string, size: number): void => {
    store.write(name, Buffer.alloc(size)).catch((error: { code: string }) => (outcomes[name] = error.code));
  };
  start('small', 1000);
  start('large', 8 << 20);
  await clock.advance(100_000);
  assert.deepEqual(outcomes, { small: 'timeout' });
  await clock.advance(400_000);
  assert.deepEqual(outcomes, { small: 'timeout', large: 'timeout' });
});

test('an abort ends all calls of its signal at once, and no other', async () => {
  const { store } = watched('stat', 'hang', 'hang', 'hang');
  const [mine, theirs] = [new AbortController(), new AbortController()];
  let other = 'pending';
  const ended = [1, 2].map(() => assert.rejects(store.stat('key', mine.signal), { code: 'interrupted' }));
  store.stat('key', theirs.signal).catch((error: { code: string }) => (other = error.code));
  mine.abort();
  await Promise.all(ended);
  assert.equal(other, 'pending');
  theirs.abort();
  await settle();
  assert.equal(other, 'interrupted');
  await assert.rejects(store.stat('key', mine.signal), { code: 'interrupted' });
});

test('the timer rests while nothing is under way', async () => {
  const { store, clock } = watched('none');
  await store.stat('key');
  assert.equal(clock.timers, 1);
  await clock.advance(20_000);
  assert.equal(clock.timers, 0);
  await store.stat('key');
  assert.equal(clock.timers, 1);
  await store[Symbol.asyncDispose]();
  assert.equal(clock.timers, 0);
});

test('a thousand calls at once and one after the other use controllers again', async () => {
  const { store } = watched('none');
  const signals = new Set<AbortSignal>();
  class Seen extends MemoryStore {
    override async stat(key: string, signal?: AbortSignal) {
      signals.add(signal!);
      return super.stat(key);
    }
  }
  const seen = new LayeredStore(new Seen(), [new Watchdog({ clock: new FakeClock() })]);
  for (let i = 0; i < 200; i++) await Promise.all([seen.stat('a'), seen.stat('b'), store.stat('c')]);
  assert.equal(signals.size, 2);
});
