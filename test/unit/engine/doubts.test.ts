/**
 * A pass in which some objects failed is one that later passes build on, but for those objects. The stores tell nothing
 * but sizes and times, so that only the baseline speaks for a copy.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Comparison } from '../../../src/engine/compare.ts';
import { Judge } from '../../../src/engine/doubts.ts';
import type { JournaledContext } from '../../../src/engine/engine.ts';
import { override } from '../../../src/engine/override.ts';
import { planTask } from '../../../src/engine/plan.ts';
import type { RunSummary } from '../../../src/engine/progress.ts';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { compareKeys } from '../../../src/model/key.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import type { Store } from '../../../src/store/store.ts';
import { bench, contents, type Bench, type ContextOptions } from './harness.ts';

const COUNT = 300;
const name = (i: number): string => `k/${String(i).padStart(4, '0')}`;
const X = name(13);
const Y = name(200);

/** Both sides hold the same keys. What the destination holds is as large, newer, and not what the source holds. */
async function stale(): Promise<Bench> {
  const b = await bench({ etag: 'opaque' }, { etag: 'opaque' });
  for (let i = 0; i < COUNT; i++) await b.source.write(name(i), Buffer.from('new'));
  await later();
  for (let i = 0; i < COUNT; i++) await b.destination.write(name(i), Buffer.from('old'));
  return b;
}

/** The next millisecond. */
async function later(): Promise<void> {
  for (const now = Date.now(); Date.now() === now;) await turn();
}

/** Reads of these keys fail, or hang until they are aborted. */
function reading(failing: readonly string[], hanging: readonly string[] = []): ContextOptions {
  return {
    source: (store) =>
      override(store, {
        read: async (key, options, signal) => {
          if (hanging.includes(key)) await aborted(signal!);
          if (failing.includes(key)) throw new FerryError('access-denied', { key });
          return await store.read(key, options, signal);
        },
      }),
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw new FerryError('interrupted');
}

async function run(b: Bench, options: ContextOptions = {}, spec: Partial<TaskSpec> = {}): Promise<RunSummary> {
  await later();
  await using context = await b.context(spec, options);
  return await runTask(context);
}

/** Runs until `ready`, and stops: nothing more is told to the journal than at a `kill`. */
async function runUntil(
  b: Bench,
  options: ContextOptions,
  ready: (c: JournaledContext) => Promise<boolean>,
): Promise<void> {
  await later();
  const stop = new AbortController();
  await using context = await b.context({}, { ...options, signal: stop.signal });
  const running = runTask(context);
  while (!(await ready(context))) await turn();
  stop.abort();
  assert.equal((await running).outcome, 'interrupted');
}

const did = ({ outcome, counters: { copied, skipped, failed } }: RunSummary): unknown[] => [outcome, copied, skipped, failed]; // prettier-ignore

async function text(store: Store, key: string): Promise<string> {
  const { body } = await store.read(key);
  return Buffer.from(await body.bytes(100)).toString();
}

async function failures(b: Bench): Promise<readonly string[]> {
  await using context = await b.context();
  return (await context.journal.failures()).map(({ key }) => key);
}

test('after a pass with one failure the next copies that object alone, and plan says so', async () => {
  await using b = await stale();
  assert.deepEqual(did(await run(b, reading([X]))), ['finished-with-failures', COUNT - 1, 0, 1]);
  assert.equal(await text(b.destination, X), 'old');
  {
    await using context = await b.context();
    assert.equal(context.journal.task.passes, 0);
    const plan = await planTask(context);
    assert.deepEqual([plan.overwrite.objects, plan.skip.objects], [1, COUNT - 1]);
    assert.deepEqual(plan.examples.overwrite, [X]);
  }
  assert.deepEqual(did(await run(b)), ['finished', 1, COUNT - 1, 0]);
  assert.equal(await text(b.destination, X), 'new');
  assert.deepEqual(did(await run(b)), ['finished', 0, COUNT, 0]);
});

test('what fails again is looked at again, and what else fails beside it', async () => {
  await using b = await stale();
  await run(b, reading([X]));
  await b.source.write(Y, Buffer.from('Y 2'));
  await later();
  await b.destination.write(Y, Buffer.from('???'));
  assert.deepEqual(did(await run(b, reading([X, Y]))), ['finished-with-failures', 0, COUNT - 2, 2]);
  assert.deepEqual(did(await run(b, reading([Y]))), ['finished-with-failures', 1, COUNT - 2, 1]);
  assert.deepEqual(await failures(b), [Y]);
  assert.equal(await text(b.destination, X), 'new');
  assert.deepEqual(did(await run(b)), ['finished', 1, COUNT - 1, 0]);
  assert.equal(await text(b.destination, Y), 'Y 2');
});

test('a pass that is stopped again and again never forgets what failed in the one before', async () => {
  await using b = await stale();
  await run(b, reading([X, Y]));
  // Behind everything but the two, and before the pass is over.
  await runUntil(b, reading([], [X, Y]), (c) => Promise.resolve(c.journal.task.counters.skipped > 0));
  assert.deepEqual(await failures(b), [], 'nothing failed in this pass');
  {
    await using context = await b.context();
    assert.equal((await planTask(context)).overwrite.objects, 2);
  }
  await runUntil(b, reading([], [Y]), (c) => Promise.resolve(c.journal.task.counters.copied === 1));
  assert.equal(await text(b.destination, X), 'new');
  assert.deepEqual(did(await run(b)), ['finished', 2, COUNT - 2, 0]);
  assert.equal(await text(b.destination, Y), 'new');
});

test('what failed ahead of where a pass was stopped is in doubt when it is met again', async () => {
  await using b = await stale();
  await run(b);
  // Missing, so that they are copied; the second arrives altered, and that is found out.
  for (const key of [X, Y]) await b.destination.remove(key);
  const altered: ContextOptions = {
    ...reading([], [X]),
    destination: (store) =>
      override(store, {
        write: async (key, body, options, signal) => {
          if (key !== Y) return await store.write(key, body, options, signal);
          await store.write(key, Buffer.from('???'));
          throw new FerryError('access-denied', { key });
        },
      }),
  };
  await runUntil(b, altered, async ({ journal }) => (await journal.failures()).length === 1);
  assert.equal(await text(b.destination, Y), '???');
  assert.deepEqual(did(await run(b)), ['finished', 2, COUNT - 2, 0]);
  assert.equal(await text(b.destination, Y), 'new');
});

test('once the failures were tried again the next pass copies nothing', async () => {
  await using b = await stale();
  await run(b, reading([X, Y]));
  {
    await using context = await b.context({}, reading([Y]));
    assert.equal((await retryFailures(context)).counters.failed, 1);
  }
  {
    await using context = await b.context();
    assert.deepEqual((await planTask(context)).examples.overwrite, [Y]);
    assert.equal((await retryFailures(context)).outcome, 'finished');
  }
  assert.deepEqual(did(await run(b)), ['finished', 0, COUNT, 0]);
  assert.equal(await text(b.destination, Y), 'new');
});

test('a removal that failed is tried by the next pass, which copies nothing', async () => {
  await using b = await stale();
  await b.destination.write('extra', Buffer.from('x'));
  const kept: ContextOptions = {
    destination: (store) =>
      override(store, {
        removeMany: () => Promise.reject(new FerryError('unsupported')),
        remove: (key, signal) =>
          key === 'extra' ? Promise.reject(new FerryError('access-denied', { key })) : store.remove(key, signal),
      }),
  };
  const spec = { deleteExtraneous: true, deleteGuard: false };
  assert.deepEqual(did(await run(b, kept, spec)), ['finished-with-failures', COUNT, 0, 1]);
  assert.deepEqual(did(await run(b, {}, spec)), ['finished', 0, COUNT, 0]);
  assert.equal((await contents(b.destination)).has('extra'), false);
});

test('a pass that the guard stopped moves no baseline until it may go on', async () => {
  await using b = await stale();
  for (let i = 0; i < 1000; i++) await b.destination.write(`extra/${i}`, Buffer.from('x'));
  const spec = { deleteExtraneous: true };
  const refused = await run(b, reading([X]), spec);
  assert.equal(refused.error?.code, 'guard');
  {
    await using context = await b.context();
    assert.equal(context.journal.task.baseline, undefined);
  }
  const allowed = { ...spec, deleteGuard: false };
  assert.equal((await run(b, reading([X]), allowed)).outcome, 'finished-with-failures');
  assert.deepEqual(did(await run(b, {}, allowed)), ['finished', 1, COUNT - 1, 0]);
});

test('the journal is asked once for many objects', async () => {
  await using b = await stale();
  await run(b, reading([X]));
  await using context = await b.context();
  const { journal } = context;
  let asked = 0;
  const counted: JournaledContext = {
    ...context,
    journal: new Proxy(journal, {
      get(target, property) {
        if (property === 'doubted') asked++;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  };
  await later();
  assert.deepEqual(did(await runTask(counted)), ['finished', 1, COUNT - 1, 0]);
  assert.ok(asked > 0 && asked <= 3, `${asked} questions`);
});

test('whatever is in doubt, and in whatever ranges keys are met, no other key is judged otherwise', async () => {
  await using b = await bench({ etag: 'opaque' }, { etag: 'opaque' });
  const comparison: Comparison = {
    method: 'auto',
    source: b.source.capabilities,
    destination: b.destination.capabilities,
    baseline: 1000,
  };
  const key = fc.oneof(
    fc.integer({ min: 0, max: 999 }).map((i) => String(i).padStart(3, '0')),
    fc.constantFrom('\u{1F600}', '\uFFFD', 'a\0b', 'ä'),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 400, size: 'max' }),
      fc.array(fc.uniqueArray(key, { maxLength: 60 }), { maxLength: 4 }),
      async (doubts, ranges) => {
        const sorted = doubts.toSorted(compareKeys);
        let asked = 0;
        const judge = await Judge.over(comparison, async ({ from = '', limit = 1000 }) => {
          asked++;
          return sorted.filter((each) => compareKeys(each, from) >= 0).slice(0, limit);
        });
        for (const met of ranges) {
          const range = {};
          for (const each of met.toSorted(compareKeys)) {
            const entry = { key: each, size: 3, modified: 500 };
            const verdict = await judge.verdict(range, entry, entry);
            assert.equal(verdict, doubts.includes(each) ? 'different' : 'equal', each);
          }
        }
        assert.ok(asked <= 1 + ranges.length * (1 + Math.ceil(doubts.length / 100)), `${asked} questions`);
      },
    ),
    { numRuns: 60 },
  );
});
