import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LayeredStore } from '../../../src/store/layers/layered-store.ts';
import { Limits } from '../../../src/store/layers/limits.ts';
import { Semaphore } from '../../../src/store/layers/semaphore.ts';
import { TokenBucket, type Lane } from '../../../src/store/layers/token-bucket.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import { drain, pattern, streamed } from '../../conformance/suite/bench.ts';
import { FakeClock, settle } from './fake-clock.ts';

test('a semaphore lets in so many, in order, and follows its limit', async () => {
  const semaphore = new Semaphore(2);
  const order: number[] = [];
  const enter = async (n: number, signal?: AbortSignal): Promise<void> => {
    await semaphore.take(signal);
    order.push(n);
  };
  const abort = new AbortController();
  const third = enter(3, abort.signal);
  await settle();
  assert.deepEqual(order, [3]);
  const rest = [enter(4), enter(5, abort.signal), enter(6), enter(7)];
  await settle();
  assert.equal(semaphore.active, 2);
  assert.equal(semaphore.waiting, 3);
  const aborted = assert.rejects(rest[1]!, { code: 'interrupted' });
  abort.abort();
  await aborted;
  semaphore.limit = 3;
  await settle();
  assert.deepEqual(order, [3, 4, 6]);
  semaphore.limit = 1;
  semaphore.release();
  semaphore.release();
  await settle();
  assert.equal(semaphore.waiting, 1);
  semaphore.release();
  await Promise.all([third, rest[3]]);
  assert.deepEqual(order, [3, 4, 6, 7]);
});

test('a bucket holds its rate over time, first come, first served', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 100);
  const passed: [number, number][] = [];
  for (let n = 0; n < 50; n++)
    void Promise.resolve(bucket.take(10, undefined)).then(() => passed.push([n, clock.now()]));
  await clock.advance(10_000);
  assert.deepEqual(
    passed.map(([n]) => n),
    Array.from({ length: 50 }, (_, n) => n),
  );
  const seconds = passed.at(-1)![1] / 1000;
  assert.ok(seconds > 4.7 && seconds < 5.1, `500 at 100 a second took ${seconds} s`);
});

test('a bucket takes on another rate for those who wait too, and forgets who gave up', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 1);
  assert.equal(bucket.take(1000, undefined), undefined, 'the first passes and leaves a debt');
  const abort = new AbortController();
  let passed = 0;
  const gone = assert.rejects(bucket.take(5, abort.signal)!, { code: 'interrupted' });
  const stays = bucket.take(5, undefined)!.then(() => passed++);
  abort.abort();
  await gone;
  assert.equal(bucket.waiting, 1);
  await clock.advance(10_000);
  assert.equal(passed, 0);
  bucket.perSecond = 1000;
  await clock.advance(1000);
  await stays;
  assert.equal(bucket.waiting, 0);
  bucket.perSecond = 0.001;
  void bucket.take(1000, undefined);
  const freed = bucket.take(1, undefined);
  bucket.perSecond = undefined;
  await freed;
});

test('a read holds its slot until its body is done with', async () => {
  const limits = new Limits({ concurrency: 1 });
  const inner = new MemoryStore();
  await inner.write('key', pattern(1000));
  const store = new LayeredStore(inner, [limits]);
  const first = await store.read('key');
  const second = store.read('key');
  await settle();
  assert.equal(limits.waiting.slots, 1);
  await drain(first.body);
  (await second).body.cancel();
  await assert.rejects((await store.read('key')).body.bytes(10), { code: 'too-large' });
  await assert.rejects(store.read('missing'), { code: 'not-found' });
  assert.equal(limits.slots.active, 0, 'every slot came back');
});

test('one bucket for the reads of two stores limits their sum', async () => {
  const clock = new FakeClock();
  const shared = new TokenBucket(clock, 10_000);
  const stores = [1, 2].map(() => {
    const inner = new MemoryStore({ chunkSize: 100 });
    return { inner, store: new LayeredStore(inner, [new Limits({ clock, readBandwidth: shared })]) };
  });
  for (const { inner } of stores) await inner.write('key', pattern(20_000));
  let done = 0;
  const reads = stores.map(async ({ store }) => {
    await drain((await store.read('key')).body);
    done++;
  });
  await clock.advance(3500);
  assert.equal(done, 0);
  await clock.advance(700);
  await Promise.all(reads);
});

test('writes are slowed down in slices, whether streamed or in memory', async () => {
  const clock = new FakeClock();
  const limits = new Limits({ clock, writeBandwidth: new TokenBucket(clock, 1_000_000) });
  const inner = new MemoryStore();
  const store = new LayeredStore(inner, [limits]);
  const body = pattern(2_000_000);
  for (const each of [body, streamed(body)]) {
    const write = store.write('key', each);
    await clock.advance(1500);
    assert.equal(await inner.stat('key'), undefined);
    assert.equal(limits.waiting.bandwidth, 1);
    await clock.advance(1500);
    await write;
    await inner.remove('key');
  }
});

test('requests per second are spread', async () => {
  const clock = new FakeClock();
  const limits = new Limits({ clock, requestsPerSecond: 10 });
  const store = new LayeredStore(new MemoryStore(), [limits]);
  let done = 0;
  for (let n = 0; n < 30; n++) void store.stat('key').then(() => done++);
  await clock.advance(1000);
  assert.ok(done >= 9 && done <= 12, `${done} in the first second`);
  assert.equal(limits.waiting.requests, 30 - done);
  await clock.advance(2100);
  assert.equal(done, 30);
});

/** Takes again and again, so many at a time, as one who copies does. */
function taker(lane: Lane, amount: number, lanes: number): { taken: number } {
  const done = { taken: 0 };
  const go = async (): Promise<void> => {
    for (;;) {
      await lane.take(amount, undefined);
      done.taken += amount;
    }
  };
  for (let i = 0; i < lanes; i++) void go();
  return done;
}

test('lanes of a bucket share its rate by their weights, however many wait in each', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 1000);
  const many = taker(bucket.lane(1), 10, 50);
  const few = taker(bucket.lane(1), 10, 2);
  const heavy = taker(bucket.lane(4), 100, 3);
  await clock.advance(60_000);
  const all = many.taken + few.taken + heavy.taken;
  assert.ok(all > 59_000 && all < 61_500, `${all} at 1,000 a second in a minute`);
  assert.ok(Math.abs(many.taken - few.taken) < 500, `${many.taken} and ${few.taken}`);
  assert.ok(Math.abs(heavy.taken / few.taken - 4) < 0.3, `${heavy.taken} with four times the weight of ${few.taken}`);
});

test('what a lane does not want the others have, and who comes back has saved nothing up', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 1000);
  const [one, two] = [bucket.lane(1), bucket.lane(9)];
  const busy = taker(one, 10, 4);
  await clock.advance(30_000);
  assert.ok(busy.taken > 29_500, `${busy.taken}`);
  const back = taker(two, 10, 4);
  const before = busy.taken;
  await clock.advance(10_000);
  assert.ok(Math.abs(back.taken - 9000) < 500, `${back.taken}`);
  assert.ok(busy.taken - before > 800, 'the other is not starved');
});

test('a lane that is left lets go who waits in it, and the others have its part', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 10);
  const [one, two] = [bucket.lane(1), bucket.lane(3)];
  assert.equal(two.fairPerSecond, 7.5);
  assert.equal(one.take(1000, undefined), undefined);
  const waits = one.take(10, undefined);
  one.leave();
  await waits;
  assert.equal(bucket.waiting, 0);
  assert.equal(two.fairPerSecond, 10);
  assert.equal(one.take(1000, undefined), undefined);
});
