// What a plan promises must be what a run does.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkEndpoints } from '../../../src/engine/check.ts';
import { override } from '../../../src/engine/override.ts';
import { planTask } from '../../../src/engine/plan.ts';
import type { PlanSummary } from '../../../src/engine/progress.ts';
import { runTask } from '../../../src/engine/run.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import { MiB } from '../../../src/model/units.ts';
import type { ListRequest, Store } from '../../../src/store/store.ts';
import { bench, contents, SPEC, type Bench, type ContextOptions } from './harness.ts';

const put = (store: Store, key: string, text = 'x'): Promise<unknown> => store.write(key, Buffer.from(text));

async function plan(b: Bench, spec: Partial<TaskSpec> = {}, options: ContextOptions = {}): Promise<PlanSummary> {
  await using context = await b.context(spec, options);
  return await planTask(context);
}

test('a plan tells what a run would do and writes nothing', async () => {
  await using b = await bench({}, { max_object_size: 5 * MiB });
  for (let i = 0; i < 40; i++) for (const store of [b.source, b.destination]) await put(store, `k/${i}`, `object ${i}`);
  await b.source.write('k/new', Buffer.alloc(1000));
  await put(b.source, 'k/1', 'changed');
  await put(b.destination, 'gone');
  const before = await contents(b.destination);
  const planned = await plan(b, { deleteExtraneous: true });
  assert.deepEqual(planned.copy, { objects: 1, bytes: 1000 });
  assert.equal(planned.overwrite.objects, 1);
  assert.equal(planned.skip.objects, 39);
  assert.deepEqual(planned.examples.remove, ['gone']);
  assert.deepEqual(await contents(b.destination), before);
});

test('a plan foresees what is lost on the way', async () => {
  await using b = await bench({}, { tree: true, etag: 'opaque' });
  await b.source.write('a', Buffer.from('x'), { tags: { t: '1' } });
  const { losses } = await plan(b);
  assert.ok(losses.some(({ what, objects }) => what === 'etag' && objects === 1));
});

test('files below files, and names ending in a slash that have bytes, are foreseen where a tree is the destination', async () => {
  await using b = await bench({}, { tree: true });
  // In key order `a-` and `a.txt` come between `a` and what lies below it.
  for (const key of ['a', 'a-', 'a.txt', 'a/b', 'a/c/d', 'dir/', 'far', 'far!/x', 'held', 'on', 'top/e'])
    await put(b.source, key);
  for (const key of ['held/below', 'on', 'top']) await put(b.destination, key);
  const planned = await plan(b);
  assert.deepEqual(
    planned.failures.map(({ reason, examples }) => [reason.split(' ').slice(0, 4).join(' '), ...examples]),
    [
      ['it lies below "a",', 'a/b', 'a/c/d'],
      ['ends in `/` and', 'dir/'],
      ['the destination has a', 'held'],
      ['it lies below "top",', 'top/e'],
    ],
  );
  assert.equal(planned.fail.objects, 5);
  assert.equal(planned.copy.objects, 5);
  const bucket = await bench();
  await using _ = bucket;
  for (const key of ['a', 'a/b', 'dir/']) await put(bucket.source, key);
  assert.deepEqual((await plan(bucket)).failures, []);
});

test('what a list names and the source has not is foreseen as the failure it will be', async () => {
  await using b = await bench();
  await put(b.source, 'here', 'four');
  await put(b.source, 'same', 'x');
  await put(b.destination, 'same', 'x');
  await using context = await b.context();
  const keysFile = join(context.tmpdir(), 'keys');
  await writeFile(keysFile, 'here\nnowhere\nsame\n');
  const spec = { ...SPEC, filters: { ...SPEC.filters, keysFile } };
  const planned = await planTask({ ...context, spec });
  assert.deepEqual(planned.fail, { objects: 1, bytes: 0 });
  assert.partialDeepStrictEqual(planned.failures, [{ what: 'missing', examples: ['nowhere'] }]);
  assert.deepEqual([planned.copy, planned.skip.objects], [{ objects: 1, bytes: 4 }, 1]);
  const { counters } = await runTask({ ...context, spec });
  assert.deepEqual([counters.failed, counters.copied, counters.skipped], [1, 1, 1]);
});

test('the time is a start and what many objects or many bytes take, whichever is longer', async () => {
  await using b = await bench();
  for (let i = 0; i < 300; i++) await put(b.source, `small/${i}`);
  // Among so many small ones a sample by chance would hardly meet it.
  await b.source.write('z/large', Buffer.alloc(64 * MiB));
  const source = (store: Store): Store => slow(store, 10);
  const { estimate } = await plan(b, {}, { source });
  assert.ok(!estimate.atLeast);
  // 4 MiB in 10 ms, 16 objects in 10 ms: half a second by bytes, less by objects. Far away from hours.
  assert.ok(estimate.milliseconds! > 1000 && estimate.milliseconds! < 10_000, JSON.stringify(estimate));
  assert.match(estimate.basis, /32 objects .* read, 16 at once; writing supposed to be as fast/);
  const limited = await plan(b, { limits: { objectsPerSecond: 3, bandwidth: [] } }, { source });
  assert.ok(limited.estimate.milliseconds! > 100_000);
  assert.match(limited.estimate.basis, /rate_limit/);
});

test('sizes nobody tells make the time a least one, and a source nobody can read makes it unknown', async () => {
  await using b = await bench();
  for (let i = 0; i < 5; i++) await put(b.source, `k${i}`);
  const unsized = (store: Store): Store =>
    override(store, {
      list: async (request: ListRequest) => {
        const { entries, ...rest } = await store.list(request);
        return { ...rest, entries: entries.map(({ key }) => ({ key })) };
      },
      stat: async (key) => ({ ...(await store.stat(key))!, size: -1 }),
    });
  const { estimate, copy } = await plan(b, {}, { source: unsized });
  assert.partialDeepStrictEqual(estimate, { atLeast: true, unsized: 5 });
  assert.ok(Number.isFinite(estimate.milliseconds));
  assert.equal(copy.objects, 5);
  const silent = (store: Store): Store => override(store, { read: () => Promise.reject(new Error('no')) });
  assert.equal((await plan(b, {}, { source: silent })).estimate.milliseconds, undefined);
});

test('an object that cannot be asked about is foreseen as a failure; the plan goes on', async () => {
  await using b = await bench();
  for (const key of ['a', 'b']) await put(b.source, key);
  const source = (store: Store): Store =>
    override(store, { stat: (key) => (key === 'b' ? Promise.reject(new Error('odd')) : store.stat(key)) });
  const { failures } = await plan(b, {}, { source });
  assert.partialDeepStrictEqual(failures, [{ what: 'reading', examples: ['b'] }]);
});

test('that a fetch will be a copy is told by plan and check, and it is one', async () => {
  await using b = await bench();
  await put(b.source, 'k');
  // URLs that need credentials: the method is there, and refuses.
  const source = (store: Store): Store => override(store, { capabilities: { ...store.capabilities, presign: false } });
  await plan(b, { type: 'fetch' }, { source });
  assert.ok(b.events.some((event) => event.type === 'notice' && /cannot fetch/.test(event.message)));
  await using context = await b.context({ type: 'fetch' }, { source });
  const results = await Array.fromAsync(checkEndpoints(context));
  assert.partialDeepStrictEqual(results.at(-1), { name: 'fetch', ok: 'skipped' });
  assert.equal((await runTask(context)).outcome, 'finished');
});

test('that the guard would refuse is told by the plan', async () => {
  await using b = await bench();
  await put(b.destination, 'k');
  const planned = await plan(b, { deleteExtraneous: true });
  assert.equal(planned.remove.objects, 1);
  assert.ok(b.events.some((event) => event.type === 'notice' && /would stop.*lists no object/.test(event.message)));
});

/** Every read takes so long. */
function slow(store: Store, milliseconds: number): Store {
  return override(store, {
    read: async (key, options, signal) => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      return await store.read(key, options, signal);
    },
  });
}
