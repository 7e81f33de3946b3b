/** What a task file asks for beyond copying is done, object by object. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { override } from '../../../src/engine/override.ts';
import { runTask } from '../../../src/engine/run.ts';
import type { Fidelity, TaskSpec } from '../../../src/model/task.ts';
import type { Store, WriteOptions } from '../../../src/store/store.ts';
import { bench, contents, SPEC, type Bench, type ContextOptions } from './harness.ts';

async function run(b: Bench, spec: Partial<TaskSpec>, options: ContextOptions = {}) {
  await using context = await b.context(spec, options);
  return await runTask(context);
}

const fidelity = (given: Partial<Fidelity>): Partial<TaskSpec> => ({ fidelity: { ...SPEC.fidelity, ...given } });

/** A store that takes ACLs and storage classes, and what its writes were given. */
function remembering(given: Map<string, WriteOptions>): (store: Store) => Store {
  return (store) => {
    const metadata = { ...store.capabilities.metadata, acl: true, storageClasses: ['STANDARD', 'COLD', 'ICE'] };
    return override(store, {
      capabilities: { ...store.capabilities, metadata },
      write: async (key, body, options = {}, signal) => {
        given.set(key, options);
        const { acl: _acl, meta, ...rest } = options;
        return await store.write(key, body, { ...rest, meta: { ...meta, storageClass: undefined } }, signal);
      },
    });
  };
}

test('`check_md5` reads back what was written; a copy altered there is taken away and made again', async () => {
  await using b = await bench({}, { etag: 'opaque' });
  await b.source.write('k', Buffer.from('right'));
  const done: string[] = [];
  const destination = (store: Store): Store =>
    override(store, {
      capabilities: { ...store.capabilities, verifiesMd5: false },
      write: async (key, body, options, signal) => {
        if (key !== 'k') return await store.write(key, body, options, signal);
        done.push('write');
        const wrong = done.length === 1;
        return await store.write(key, wrong ? Buffer.from('wrong') : body, { ...options, md5: undefined }, signal);
      },
      remove: async (key, signal) => {
        if (key === 'k') done.push('remove');
        await store.remove(key, signal);
      },
    });
  const summary = await run(b, { checkMd5: true }, { destination });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.deepEqual(done, ['write', 'remove', 'write']);
  const { body } = await b.destination.read('k');
  assert.equal(Buffer.from(await body.bytes(10)).toString(), 'right');
});

test('storage classes are mapped, a canned ACL is set, and what has no mapping is told as lost', async () => {
  await using b = await bench();
  const classes = { a: 'GLACIER', b: 'STANDARD_IA', c: undefined } as const;
  for (const key of Object.keys(classes)) await b.source.write(key, Buffer.from(key));
  const source = (store: Store): Store =>
    override(store, {
      read: async (key, options, signal) => {
        const { meta, body } = await store.read(key, options, signal);
        return { meta: { ...meta, storageClass: Object.entries(classes).find(([name]) => name === key)?.[1] }, body };
      },
    });
  const given = new Map<string, WriteOptions>();
  const spec = fidelity({ storageClass: { GLACIER: 'ICE', STANDARD: 'COLD' }, acl: 'public-read' });
  const summary = await run(b, spec, { source, destination: remembering(given) });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => given.get(key)?.meta?.storageClass),
    ['ICE', undefined, 'COLD'],
  );
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => given.get(key)?.acl),
    ['public-read', 'public-read', 'public-read'],
  );
  assert.equal(summary.losses['storage-class'], 1);
});

test('sizes and times choose objects, at their bounds as well', async () => {
  await using b = await bench();
  const times: Readonly<Record<string, number>> = { old: 1000, from: 2000, to: 3000, new: 4000 };
  for (const [key, modified] of Object.entries(times)) {
    for (const size of [1, 2, 3, 4]) await b.source.write(`${key}/${size}`, Buffer.alloc(size), { meta: { modified } });
  }
  const source = (store: Store): Store =>
    override(store, {
      list: async (request, signal) => {
        const page = await store.list(request, signal);
        const timed = page.entries.map((entry) => ({ ...entry, modified: times[entry.key.split('/')[0]!]! }));
        return { ...page, entries: timed };
      },
    });
  const filters = { ...SPEC.filters, minSize: 2, maxSize: 3, modifiedAfter: 2000, modifiedBefore: 4000 };
  const summary = await run(b, { filters }, { source });
  assert.deepEqual([summary.counters.copied, summary.counters.filtered], [4, 12]);
  assert.deepEqual([...(await contents(b.destination)).keys()], ['from/2', 'from/3', 'to/2', 'to/3']);
});

test('no more objects a second are begun than are allowed', async () => {
  await using b = await bench();
  for (let i = 0; i < 12; i++) await b.source.write(`k${i}`, Buffer.from('x'));
  const started = performance.now();
  const summary = await run(b, { limits: { bandwidth: [], objectsPerSecond: 20 } });
  assert.deepEqual([summary.outcome, summary.counters.copied], ['finished', 12]);
  assert.ok(performance.now() - started > 450, 'twelve objects at 20 a second took less than half a second');
});
