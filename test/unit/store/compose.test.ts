import assert from 'node:assert/strict';
import { tracingChannel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { FerryError } from '../../../src/model/errors.ts';
import { compose } from '../../../src/store/compose.ts';
import { unwrap } from '../../../src/store/layers/layered-store.ts';
import type { StoreTrace } from '../../../src/store/layers/trace.ts';
import { STORE_CHANNEL } from '../../../src/store/layers/trace.ts';
import type { ReadOptions, ReadResult } from '../../../src/store/store.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import { GeneratedStore } from '../../../src/stores/generated/store.ts';
import { drain, pattern, streamed } from '../../conformance/suite/bench.ts';
import { Script } from './script.ts';

test('a composed store has the optional methods of its driver and no others', () => {
  const full = compose(new MemoryStore());
  for (const method of ['copy', 'fetch', 'tags', 'removeMany', 'sameServer', 'multipart'] as const)
    assert.ok(full[method]);
  assert.ok(!full.presign);
  const bare = compose(new GeneratedStore({ count: 1 }));
  for (const method of ['copy', 'fetch', 'tags', 'removeMany', 'flush', 'multipart'] as const) {
    assert.ok(!bare[method], method);
  }
  assert.equal(unwrap(compose(full)), full.inner);
});

test('errors leave with operation, store and key, and strangers as internal', async () => {
  class Breaks extends MemoryStore {
    override async stat(): Promise<never> {
      throw new TypeError('x is not a function');
    }

    override async read(key: string, options?: ReadOptions): Promise<ReadResult> {
      const { meta, body } = await super.read(key, options);
      return { meta, body: Object.assign(body, { [Symbol.asyncIterator]: broken }) };
    }
  }
  const store = compose(new Breaks({ name: 'here' }));
  const known = { store: 'memory://here/', key: 'key' };
  await store.write('key', pattern(10));
  await assert.rejects(store.stat('key'), { ...known, code: 'internal', operation: 'stat' });
  await assert.rejects(drain((await store.read('key')).body), { ...known, code: 'bad-response', operation: 'read' });
  await assert.rejects(store.remove(''), { code: 'bad-key', operation: 'remove', store: known.store });
  assert.equal(store.stats.failed, 3);
});

test('an error of the source stays that of the source when a write passes it on', async () => {
  const source = compose(new MemoryStore({ name: 'source' }), { retry: { attempts: 1 } });
  const destination = compose(new MemoryStore({ name: 'destination' }));
  const body = {
    size: 10,
    async *open() {
      yield* (await source.read('gone')).body;
    },
  };
  await assert.rejects(destination.write('key', body), { code: 'not-found', store: 'memory://source/', key: 'gone' });
});

test('calls, retries and bytes are counted', async () => {
  const store = compose(new MemoryStore(), {
    retry: { base: 0 },
    innermost: [new Script('write', 'network', 'throttled')],
  });
  await store.write('a', pattern(1000));
  await store.write('b', streamed(pattern(500)));
  await drain((await store.read('a')).body);
  await (await store.read('b')).body.bytes(500);
  await store.list({});
  assert.deepEqual(store.stats, {
    calls: 5,
    failed: 0,
    retries: 2,
    slowDowns: 1,
    bytesRead: 1500,
    bytesWritten: 1500,
    waits: new Set(),
  });
});

test('whoever subscribes to the channel is told of calls and their ends', async () => {
  const told: string[] = [];
  const channel = tracingChannel<'store', StoreTrace>(STORE_CHANNEL);
  const note =
    (what: string) =>
    ({ operation, key }: StoreTrace): void => {
      told.push(`${what} ${operation} ${key}`);
    };
  const handlers = { start: note('start'), asyncEnd: note('end'), error: note('error') };
  const subscribed = { end: () => undefined, asyncStart: () => undefined, ...handlers };
  channel.subscribe(subscribed);
  try {
    const store = compose(new MemoryStore());
    await store.write('key', pattern(10));
    await assert.rejects(store.read('gone'));
  } finally {
    channel.unsubscribe(subscribed);
  }
  assert.deepEqual(told, ['start write key', 'end write key', 'start read gone', 'error read gone', 'end read gone']);
});

test('concurrency is changed while the store is used', async () => {
  const store = compose(new MemoryStore(), { limits: { concurrency: 1 } });
  await store.write('key', pattern(10));
  const first = await store.read('key');
  const second = store.read('key');
  store.limits.slots.limit = 2;
  (await second).body.cancel();
  first.body.cancel();
  assert.equal(store.limits.slots.active, 0);
});

async function* broken(): AsyncGenerator<Uint8Array> {
  yield pattern(1);
  throw new FerryError('bad-response');
}
