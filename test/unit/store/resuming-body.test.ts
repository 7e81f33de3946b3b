import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import type { ErrorCode } from '../../../src/model/errors.ts';
import { FerryError } from '../../../src/model/errors.ts';
import type { Clock } from '../../../src/store/clock.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { LayeredStore } from '../../../src/store/layers/layered-store.ts';
import { Retry } from '../../../src/store/layers/retry.ts';
import { newStats } from '../../../src/store/layers/trace.ts';
import type { ReadBody, ReadOptions, ReadResult } from '../../../src/store/store.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import { drain, pattern } from '../../conformance/suite/bench.ts';

const clock: Clock = {
  ...systemClock,
  after(_, work) {
    setImmediate(work);
    return () => undefined;
  },
};

type Ending = ErrorCode | 'end';

/** Breaks bodies off: the first after so many bytes with that, and so on. */
class Fragile extends MemoryStore {
  readonly asked: ReadOptions[] = [];
  readonly breaks: (readonly [number, Ending])[] = [];
  onBreak: () => unknown = () => undefined;

  override async read(key: string, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    this.asked.push(options);
    const { meta, body } = await super.read(key, options, signal);
    const broken = this.breaks.shift();
    return { meta, body: broken ? this.#broken(body, ...broken) : body };
  }

  #broken(body: ReadBody, after: number, ending: Ending): ReadBody {
    const onBreak = (): unknown => this.onBreak();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield (await body.bytes(1 << 20)).subarray(0, after);
      await onBreak();
      if (ending !== 'end') throw new FerryError(ending);
    }
    return {
      size: body.size,
      [Symbol.asyncIterator]: chunks,
      bytes: async () => Buffer.concat(await collected(chunks())),
      cancel: () => body.cancel(),
    };
  }
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

async function fragile(capabilities: Partial<Capabilities>, ...breaks: (readonly [number, Ending])[]) {
  const inner = new Fragile({ capabilities, now: () => 1000 });
  await inner.write('key', pattern(1000));
  inner.breaks.push(...breaks);
  const stats = newStats();
  const retry = new Retry(inner.capabilities, stats, { attempts: 3, clock });
  return { inner, stats, store: new LayeredStore(inner, [retry]) };
}

test('a body that breaks off is read on by range, of the same version', async () => {
  const { store, inner, stats } = await fragile({}, [300, 'network'], [200, 'short-read'], [100, 'end']);
  const { body, meta } = await store.read('key');
  assert.ok((await drain(body)).equals(pattern(1000)));
  assert.deepEqual(
    inner.asked.map(({ offset, length, ifMatch }) => [offset, length, ifMatch]),
    [
      [undefined, undefined, undefined],
      [300, 700, meta.etag],
      [500, 500, meta.etag],
      [600, 400, meta.etag],
    ],
  );
  assert.equal(stats.retries, 3);
});

test('a range that breaks off goes on inside the range', async () => {
  const { store, inner } = await fragile({}, [30, 'timeout']);
  const { body } = await store.read('key', { offset: 100, length: 50 });
  assert.ok((await drain(body)).equals(pattern(1000).subarray(100, 150)));
  assert.deepEqual([inner.asked[1]!.offset, inner.asked[1]!.length], [130, 20]);
});

test('attempts are counted from the last progress', async () => {
  const moving = Array.from({ length: 9 }, (): [number, Ending] => [100, 'network']);
  const { store } = await fragile({}, ...moving);
  assert.ok((await drain((await store.read('key')).body)).equals(pattern(1000)));
  const stuck = Array.from({ length: 3 }, (): [number, Ending] => [0, 'network']);
  const other = await fragile({}, ...stuck);
  const { body } = await other.store.read('key');
  await assert.rejects(drain(body), { code: 'network', retryable: 'exhausted' });
});

test('another version is never read on', async () => {
  for (const capabilities of [{}, { readIfMatch: false }, { readIfMatch: false, etag: 'none' }] as const) {
    const { store, inner } = await fragile(capabilities, [300, 'network']);
    inner.onBreak = () => inner.write('key', pattern(1001, 2));
    const { body } = await store.read('key');
    await assert.rejects(drain(body), { code: 'changed' });
  }
});

test('a store that cannot begin in the middle is read from the start, and what is known passed over', async () => {
  const { store, inner } = await fragile({ readRange: false }, [300, 'network'], [600, 'network']);
  const { body } = await store.read('key');
  assert.ok((await drain(body)).equals(pattern(1000)));
  assert.equal(inner.asked[1]!.offset, 0);
});

test('bytes that are wrong are not read on, but had again where nobody saw them', async () => {
  const seen = await fragile({}, [1000, 'wrong-checksum']);
  await assert.rejects(drain((await seen.store.read('key')).body), { code: 'wrong-checksum', retryable: 'later' });
  const unseen = await fragile({}, [1000, 'wrong-checksum'], [999, 'end']);
  const bytes = await (await unseen.store.read('key')).body.bytes(1000);
  assert.ok(Buffer.from(bytes).equals(pattern(1000)));
});

test('a cancelled body is not opened again', async () => {
  const { store, inner } = await fragile({}, [300, 'network']);
  const { body } = await store.read('key');
  for await (const chunk of body) {
    assert.equal(chunk.byteLength, 300);
    break;
  }
  assert.equal(inner.asked.length, 1);
});
