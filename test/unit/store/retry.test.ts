import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamBody } from '../../../src/model/body.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Clock } from '../../../src/store/clock.ts';
import type { RetryOptions } from '../../../src/store/layers/backoff.ts';
import { LayeredStore } from '../../../src/store/layers/layered-store.ts';
import { Retry } from '../../../src/store/layers/retry.ts';
import { newStats } from '../../../src/store/layers/trace.ts';
import { MEMORY_CAPABILITIES, MemoryStore } from '../../../src/stores/memory/store.ts';
import { FakeClock } from './fake-clock.ts';
import type { Act } from './script.ts';
import { Script } from './script.ts';

/** Sleeps no time at all, and remembers how long it should have. */
class NoSleep extends FakeClock {
  override after(ms: number, work: () => void): () => void {
    super.after(ms, () => undefined);
    setImmediate(work);
    return () => undefined;
  }
}

function retrying(
  operation: string,
  acts: readonly Act[],
  options: RetryOptions & { clock?: Clock } = {},
  inner = new MemoryStore({ chunkSize: 100 }),
) {
  const script = new Script(operation, ...acts);
  const stats = newStats();
  const clock = new NoSleep();
  const retry = new Retry(inner.capabilities, stats, { random: () => 1, clock, ...options });
  return { store: new LayeredStore(inner, [retry, script]), inner, script, stats, clock };
}

test('delays double up to the cap, and the last error is exhausted', async () => {
  const acts = Array.from({ length: 10 }, (): Act => 'unavailable');
  const { store, clock, stats, script } = retrying('stat', acts);
  await assert.rejects(store.stat('key'), { code: 'unavailable', retryable: 'exhausted' });
  assert.deepEqual(clock.delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
  assert.equal(script.calls.length, 10);
  assert.equal(stats.retries, 9);
  assert.equal(stats.slowDowns, 10);
  assert.equal(stats.waits.size, 0);
});

test('a store that never did anything is tried less often, where that is asked for', async () => {
  const acts = Array.from({ length: 20 }, (): Act => 'network');
  const { store, script } = retrying('stat', acts, { unansweredAttempts: 2, attempts: 5 });
  await assert.rejects(store.stat('key'), { retryable: 'exhausted' });
  assert.deepEqual(script.calls, ['stat', 'stat']);
  await store.write('key', new Uint8Array());
  await assert.rejects(store.stat('key'), { retryable: 'exhausted' });
  assert.deepEqual(script.calls.slice(2), ['write', ...Array.from({ length: 5 }, () => 'stat')]);
});

test('a store that asks to wait is waited for, five minutes at most', async () => {
  const { store, clock } = retrying(
    'stat',
    [
      ['throttled', { retryAfter: 7000 }],
      ['throttled', { retryAfter: 3_600_000 }],
    ],
    { random: () => 0 },
  );
  await store.stat('key');
  assert.deepEqual(clock.delays, [7000, 300_000]);
});

test('what cannot work is not tried again, nor what is for somebody else to begin anew', async () => {
  for (const code of ['access-denied', 'not-found', 'changed', 'interrupted'] as const) {
    const { store, script } = retrying('read', [code]);
    await assert.rejects(store.read('key'), { code });
    assert.equal(script.calls.length, 1, code);
  }
  const { store, script } = retrying('stat', [['network', { retryable: 'exhausted' }]]);
  await assert.rejects(store.stat('key'), { retryable: 'exhausted' });
  assert.equal(script.calls.length, 1);
});

test('bytes refused twice as wrong are for the reader to read anew', async () => {
  const { store, script } = retrying('write', ['wrong-checksum', 'network', 'bad-response', 'wrong-checksum']);
  await assert.rejects(store.write('key', Buffer.from('x')), { code: 'wrong-checksum', retryable: 'later' });
  assert.equal(script.calls.length, 4);
});

test('bytes altered on the way are sent again without waiting, once', async () => {
  const { store, clock } = retrying('write', ['wrong-checksum', 'network'], { random: () => 1 });
  await store.write('key', Buffer.from('x'));
  assert.deepEqual(clock.delays, [0, 400]);
});

test('an abort ends the sleep at once', async () => {
  const clock = new FakeClock();
  const { store, stats } = retrying('stat', ['network'], { clock });
  const abort = new AbortController();
  const outcome = assert.rejects(store.stat('key', abort.signal), { code: 'interrupted' });
  await clock.advance(100);
  assert.equal(stats.waits.size, 1);
  abort.abort();
  await outcome;
  assert.equal(stats.waits.size, 0);
  assert.equal(clock.timers, 0, 'no timer is left behind');
});

test('a write is made again from the beginning of its body', async () => {
  const { store, inner } = retrying('write', ['network', 'unavailable']);
  let opened = 0;
  const body: StreamBody = {
    size: 6,
    async *open() {
      opened++;
      yield Buffer.from('abc');
      if (opened === 1) throw new FerryError('network');
      yield Buffer.from('def');
    },
  };
  await store.write('key', body);
  assert.equal(opened, 2);
  assert.equal((await inner.stat('key'))?.size, 6);
});

test('a conditional write whose answer was lost is a success, whoever can tell it by what', async () => {
  for (const etag of ['md5', 'opaque', 'none'] as const) {
    const inner = new MemoryStore({ capabilities: { etag } });
    const { store } = retrying('write', ['lose'], {}, inner);
    const result = await store.write('key', Buffer.from('ours'), { ifAbsent: true });
    assert.equal(result.etag, (await inner.stat('key'))?.etag);
  }
});

test('a conditional write that lost to somebody else after a fault is none', async () => {
  for (const theirs of ['theirs', 'four']) {
    const { store, inner } = retrying('write', ['network']);
    await inner.write('key', Buffer.from(theirs));
    await assert.rejects(store.write('key', Buffer.from('ours'), { ifAbsent: true }), { code: 'already-exists' });
    assert.equal((await (await inner.read('key')).body.bytes(10)).toString(), theirs);
  }
});

test('a first answer of already-exists is believed, even where the bytes are the same', async () => {
  const { store, inner, script } = retrying('write', []);
  await inner.write('key', Buffer.from('same'));
  await assert.rejects(store.write('key', Buffer.from('same'), { ifAbsent: true }), { code: 'already-exists' });
  assert.deepEqual(script.calls, ['write']);
});

test('replacing one version whose answer was lost is a success', async () => {
  const { store, inner } = retrying('write', ['lose']);
  const { etag } = await inner.write('key', Buffer.from('before'));
  await store.write('key', Buffer.from('after'), { ifMatch: etag });
  assert.equal((await inner.stat('key'))?.size, 5);
});

test('completing an upload whose answer was lost is a success where ETags tell', async () => {
  const capabilities = { multipart: { ...MEMORY_CAPABILITIES.multipart!, minPart: 1 } };
  const { store } = retrying('complete', ['lose'], {}, new MemoryStore({ capabilities }));
  const upload = { key: 'key', uploadId: await store.multipart!.begin('key') };
  const part = { ...(await store.multipart!.put(upload, 1, Buffer.from('part'))), number: 1 };
  const { etag } = await store.multipart!.complete(upload, [part], { ifAbsent: true });
  assert.match(etag!, /^[0-9a-f]{32}-1$/);
});

test('an upload that is gone and whose object is another is gone', async () => {
  const { store, inner } = retrying('complete', ['network']);
  await inner.write('key', Buffer.from('another'));
  const upload = { key: 'key', uploadId: 'gone' };
  await assert.rejects(store.multipart!.complete(upload, [{ number: 1, etag: 'a'.repeat(32) }]), { code: 'not-found' });
});

test('every retry is told of', async () => {
  const told: string[] = [];
  const { store } = retrying('stat', ['network', 'throttled'], {
    onRetry: (call, error, attempt) => told.push(`${call.operation} ${error.code} ${attempt}`),
  });
  await store.stat('key');
  assert.deepEqual(told, ['stat network 1', 'stat throttled 2']);
});

test('for who answers others a change is made again only where the store asked for that', async () => {
  for (const act of ['lose', 'unavailable', 'timeout'] as const) {
    const { store, script } = retrying('write', [act], { changesOnce: true });
    await assert.rejects(store.write('key', Buffer.from('x')), { retryable: 'exhausted' });
    assert.deepEqual(script.calls, ['write']);
  }
  const { store, script } = retrying('remove', ['throttled'], { changesOnce: true });
  await store.remove('key');
  assert.deepEqual(script.calls, ['remove', 'remove']);
  const reading = retrying('stat', ['network'], { changesOnce: true });
  await reading.store.stat('key');
  assert.deepEqual(reading.script.calls, ['stat', 'stat']);
});

test('for who answers others a condition that fails at the second attempt was not met by the first', async () => {
  const { store, inner } = retrying('write', ['throttled'], { changesOnce: true });
  await inner.write('key', Buffer.from('same'));
  await assert.rejects(store.write('key', Buffer.from('same'), { ifAbsent: true }), { code: 'already-exists' });
});
