// Limits that change while a run goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLimits } from '../../../src/engine/pace/live-limits.ts';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { override } from '../../../src/engine/override.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { KiB, MiB } from '../../../src/model/units.ts';
import type { RunEvent } from '../../../src/engine/progress.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { SharedLimits } from '../../../src/store/layers/shared-limits.ts';
import { bench } from './harness.ts';

/** What is done when the run first tells how it goes. */
function atFirst(work: () => void): (event: RunEvent) => void {
  let told = false;
  return (event) => {
    if (event.type !== 'progress' || told) return;
    told = true;
    work();
  };
}

test('a bandwidth that would take minutes is lifted, and the run ends at once', async () => {
  await using b = await bench();
  for (let i = 0; i < 8; i++) await b.source.write(`k${i}`, Buffer.alloc(MiB, i));
  const limits = new LiveLimits({ bandwidth: [{ minute: 0, bytesPerSecond: 32 * KiB }] });
  await using context = await b.context();
  const emit = atFirst(() => limits.set({ bandwidth: [] }));
  const summary = await runTask({ ...context, emit, limits });
  assert.equal(summary.counters.copied, 8);
  assert.ok(summary.elapsed < 30_000, `${summary.elapsed} ms; it would have been four minutes`);
});

test('objects per second and concurrency change as well', async () => {
  await using b = await bench();
  for (let i = 0; i < 300; i++) await b.source.write(`k${i}`, Buffer.from(`${i}`));
  const limits = new LiveLimits({ concurrency: 1, objectsPerSecond: 2, bandwidth: [] });
  await using context = await b.context();
  const lift = atFirst(() => limits.set({ concurrency: 5, objectsPerSecond: undefined, bandwidth: [] }));
  const seen = new Set<number>();
  const emit = (event: RunEvent): void => {
    if (event.type === 'progress') seen.add(event.progress.concurrency);
    lift(event);
  };
  const summary = await runTask({ ...context, emit, limits });
  assert.equal(summary.counters.copied, 300);
  assert.ok(summary.elapsed < 30_000, `${summary.elapsed} ms; it would have been two and a half minutes`);
  assert.deepEqual([...seen], [1, 5]);
});

test('only the failures that are wanted are tried again', async () => {
  await using b = await bench();
  for (const key of ['a', 'b', 'c']) await b.source.write(key, Buffer.from(key));
  {
    const refusing = { source: (store: typeof b.source) => override(store, { read: (key) => Promise.reject(new FerryError('access-denied', { key })) }) }; // prettier-ignore
    await using context = await b.context({}, refusing);
    assert.equal((await runTask(context)).counters.failed, 3);
  }
  await using context = await b.context();
  const summary = await retryFailures(context, undefined, ({ key }) => key === 'b');
  assert.equal(summary.counters.failed, 2);
  assert.deepEqual((await context.journal.failures()).map(({ key }) => key), ['a', 'c']); // prettier-ignore
});

test('runs that share a bandwidth together take no more than it, and each goes on', async () => {
  const shared = new SharedLimits(systemClock);
  shared.bandwidth.perSecond = 4 * MiB;
  const taken: number[] = [];
  const began = performance.now();
  const run = async (weight: number): Promise<void> => {
    await using b = await bench();
    for (let i = 0; i < 8; i++) await b.source.write(`k${i}`, Buffer.alloc(512 * KiB, i));
    await using context = await b.context();
    using share = shared.join(weight);
    const summary = await runTask({ ...context, limits: new LiveLimits({ bandwidth: [] }, share) });
    assert.equal(summary.counters.copied, 8);
    taken.push(performance.now() - began);
  };
  await Promise.all([run(1), run(10)]);
  assert.ok(taken[1]! > 1800, `8 MiB at 4 MiB/s took ${taken[1]} ms`);
  assert.ok(shared.bandwidth.waiting === 0);
});
