/** What is recorded as failed is what failed, whenever the process was stopped, and stops nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { override } from '../../../src/engine/override.ts';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { FerryError, type ErrorCode } from '../../../src/model/errors.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import type { Store } from '../../../src/store/store.ts';
import { bench, contents, type Bench } from './harness.ts';

const put = (store: Store, key: string): Promise<unknown> => store.write(key, Buffer.from('x'));

/** Writes of some keys fail, or wait until they are aborted. */
function writing(what: Readonly<Record<string, ErrorCode | 'waits'>>): (store: Store) => Store {
  return (store) =>
    override(store, {
      write: async (key, body, options, signal) => {
        const how = what[key];
        if (how === 'waits') await aborted(signal!);
        if (how !== undefined && how !== 'waits') throw new FerryError(how, { key });
        return await store.write(key, body, options, signal);
      },
    });
}

/** The same for removals, one by one. */
function removing(what: Readonly<Record<string, ErrorCode | 'waits'>>): (store: Store) => Store {
  return (store) =>
    override(store, {
      removeMany: () => Promise.reject(new FerryError('unsupported')),
      remove: async (key, signal) => {
        const how = what[key];
        if (how === 'waits') await aborted(signal!);
        if (how !== undefined && how !== 'waits') throw new FerryError(how, { key });
        await store.remove(key, signal);
      },
    });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw new FerryError('interrupted');
}

/** Runs until a failure is recorded, then stops. */
async function runUntilFailure(b: Bench, spec: Partial<TaskSpec>, destination: (store: Store) => Store): Promise<void> {
  const stop = new AbortController();
  await using context = await b.context(spec, { destination, signal: stop.signal });
  const running = runTask(context);
  while ((await context.journal.failures()).length === 0) await turn();
  stop.abort();
  assert.equal((await running).outcome, 'interrupted');
}

test('a failure recorded before the process was stopped does not count for another that comes after', async () => {
  await using b = await bench();
  for (const key of ['a', 'b', 'c']) await put(b.source, key);
  const spec = { compare: 'always' } as const;
  await runUntilFailure(b, spec, writing({ a: 'waits', b: 'network' }));
  await using context = await b.context(spec, { destination: writing({ c: 'bad-key' }) });
  const summary = await runTask(context);
  assert.deepEqual([summary.outcome, summary.counters.failed], ['finished-with-failures', 1]);
  assert.deepEqual(
    (await context.journal.failures()).map(({ key }) => key),
    ['c'],
  );
  assert.equal(context.journal.task.passes, 0);
});

test('a removal that fails again after a restart is one failure, and one that was cut off is none', async () => {
  await using b = await bench();
  await put(b.source, 'a');
  for (const key of ['x1', 'x2']) await put(b.destination, key);
  const spec = { deleteExtraneous: true, deleteGuard: false };
  await runUntilFailure(b, spec, removing({ x1: 'bad-key', x2: 'waits' }));
  {
    await using context = await b.context(spec, { destination: removing({ x1: 'bad-key' }) });
    const summary = await runTask(context);
    assert.deepEqual([summary.outcome, summary.counters.failed], ['finished-with-failures', 1]);
    assert.deepEqual(
      (await context.journal.failures()).map(({ key }) => key),
      ['x1'],
    );
  }
  await using context = await b.context(spec);
  const summary = await retryFailures(context);
  assert.deepEqual([summary.outcome, summary.counters.failed], ['finished', 0]);
  assert.deepEqual([...(await contents(b.destination)).keys()], ['a']);
});

test('a removal that succeeds after a restart is no failure any more', async () => {
  await using b = await bench();
  await put(b.source, 'a');
  for (const key of ['x1', 'x2']) await put(b.destination, key);
  const spec = { deleteExtraneous: true, deleteGuard: false };
  await runUntilFailure(b, spec, removing({ x1: 'bad-key', x2: 'waits' }));
  await using context = await b.context(spec);
  const summary = await runTask(context);
  assert.deepEqual([summary.outcome, summary.counters.failed], ['finished', 0]);
  assert.deepEqual(await context.journal.failures(), []);
});

for (const [what, code, found] of [
  ['the names of thousands of objects are refused', 'bad-key', false],
  ['thousands of objects fail among others that are equal', 'unsupported', true],
] as const) {
  test(`where ${what} the others arrive all the same`, async () => {
    await using b = await bench();
    for (let i = 0; i < 2500; i++) {
      const key = `k${String(i).padStart(4, '0')}`;
      await put(b.source, key);
      if (!found) continue;
      await put(b.source, `${key}=`);
      await put(b.destination, `${key}=`);
    }
    await put(b.source, 'z');
    const refused = Object.fromEntries(
      [...(await contents(b.source)).keys()].filter((k) => k !== 'z').map((k) => [k, code]),
    );
    await using context = await b.context({}, { destination: writing(refused) });
    const summary = await runTask(context);
    assert.deepEqual([summary.outcome, summary.counters.failed], ['finished-with-failures', 2500]);
    assert.ok(await b.destination.stat('z'));
  });
}

for (const code of ['permission', 'access-denied', 'unsupported'] as const) {
  test(`thousands of objects that may not be read keep no other from arriving (${code})`, async () => {
    await using b = await bench();
    for (let i = 0; i < 1500; i++) await put(b.source, `closed/${i}`);
    for (let i = 0; i < 500; i++) await put(b.source, `open/${i}`);
    const source = (store: Store): Store =>
      override(store, {
        // One key after the other, as a file tree: nothing succeeds before all that fails has failed.
        capabilities: { ...store.capabilities, list: { ...store.capabilities.list!, serial: true } },
        read: (key, options, signal) =>
          key.startsWith('closed/') ? Promise.reject(new FerryError(code, { key })) : store.read(key, options, signal),
      });
    await using context = await b.context({}, { source });
    const { outcome, counters } = await runTask(context);
    assert.deepEqual([outcome, counters.failed, counters.copied], ['finished-with-failures', 1500, 500]);
  });
}

test('where one has arrived, by an earlier run as well, no number of failures stops the run', async () => {
  await using b = await bench();
  await put(b.source, 'a');
  {
    const stop = new AbortController();
    await put(b.source, 'k');
    await using context = await b.context({}, { destination: writing({ k: 'waits' }), signal: stop.signal });
    const running = runTask(context);
    while (context.journal.task.counters.copied === 0) await turn();
    stop.abort();
    assert.equal((await running).outcome, 'interrupted');
  }
  const broken: Record<string, ErrorCode> = {};
  for (let i = 0; i < 2500; i++) broken[`k${i}`] = 'internal';
  for (const key of [...Object.keys(broken), 'z']) await put(b.source, key);
  await using context = await b.context({}, { destination: writing({ ...broken, k: 'bad-key' }) });
  const summary = await runTask(context);
  assert.deepEqual([summary.outcome, summary.counters.failed], ['finished-with-failures', 2501]);
  assert.ok(await b.destination.stat('z'));
});

test('where every object fails for a reason that is not its own the run stops', async () => {
  await using b = await bench();
  for (let i = 0; i < 2500; i++) await put(b.source, `k${i}`);
  const destination = (store: Store): Store =>
    override(store, {
      write: (key, body, options, signal) =>
        key.startsWith('k') ? Promise.reject(new FerryError('internal')) : store.write(key, body, options, signal),
    });
  await using context = await b.context({}, { destination });
  const summary = await runTask(context);
  assert.deepEqual([summary.outcome, summary.error?.code], ['failed', 'internal']);
});
