/** What a careless engine would lose, overwrite, or wait for without end. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { override } from '../../../src/engine/override.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { MiB } from '../../../src/model/units.ts';
import type { ListRequest, Store } from '../../../src/store/store.ts';
import { assertSame, bench, contents, SPEC, type Bench, type ContextOptions } from './harness.ts';
import type { TaskSpec } from '../../../src/model/task.ts';

const put = (store: Store, key: string, text: string): Promise<unknown> => store.write(key, Buffer.from(text));

async function run(b: Bench, spec: Partial<TaskSpec> = {}, options: ContextOptions = {}) {
  await using context = await b.context(spec, options);
  return await runTask(context);
}

test('a refusal by the guard stays a refusal when the command is given again', async () => {
  await using b = await bench();
  for (let i = 0; i < 5; i++) await put(b.destination, `k${i}`, 'x');
  for (let i = 0; i < 2; i++) {
    assert.equal((await run(b, { deleteExtraneous: true })).error?.code, 'guard');
    assert.equal((await contents(b.destination)).size, 5);
  }
});

test('a source that lists nothing the second time removes nothing', async () => {
  await using b = await bench();
  for (let i = 0; i < 5; i++) await put(b.source, `k${i}`, 'x');
  await put(b.destination, 'extra', 'x');
  let complete = 0;
  const source = (store: Store): Store =>
    override(store, {
      list: async (request: ListRequest, signal?: AbortSignal) => {
        const page = await store.list(request, signal);
        return complete++ === 0 ? page : { entries: [] };
      },
    });
  const summary = await run(b, { deleteExtraneous: true }, { source });
  assert.equal(summary.error?.code, 'guard');
  assert.equal((await contents(b.destination)).size, 6);
});

test('a destination without an order is compared all the same', async () => {
  await using b = await bench({}, { list_order: 'unordered' });
  for (let i = 0; i < 20; i++) for (const store of [b.source, b.destination]) await put(store, `k${i}`, 'same');
  const summary = await run(b, { deleteExtraneous: true });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.deepEqual([summary.counters.skipped, summary.counters.deleted], [20, 0]);
});

test('a list of keys and removal of what is extra exclude each other', async () => {
  await using b = await bench();
  const filters = { ...SPEC.filters, keysFile: '/nowhere' };
  assert.equal((await run(b, { deleteExtraneous: true, filters })).error?.code, 'configuration');
});

test('listed by name only, objects are measured before they are judged or moved, one slot or many', async () => {
  await using b = await bench();
  await b.source.write('large', Buffer.alloc(30 * MiB, 'l'));
  await put(b.source, 'small', 'x');
  await using context = await b.context();
  const keysFile = join(context.tmpdir(), 'keys');
  await writeFile(keysFile, 'large\nsmall\n');
  const spec: Partial<TaskSpec> = {
    filters: { ...SPEC.filters, keysFile, minSize: 2 },
    limits: { bandwidth: [], concurrency: 1 },
    multipart: { ...SPEC.multipart, keepEtag: false },
  };
  const summary = await runTask({ ...context, spec: { ...SPEC, ...spec } });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.deepEqual([summary.counters.copied, summary.counters.filtered], [1, 1]);
  assert.deepEqual([...(await contents(b.destination)).keys()], ['large']);
});

test('what filters leave out is never removed, whatever characters its name has', async () => {
  await using b = await bench();
  await put(b.source, 'k', 'x');
  for (const key of ['kept/a\nb', 'kept/../x', 'kept/.', 'kept/\u2028']) await put(b.destination, key, 'x');
  const filters = { include: [], exclude: ['kept/**'] };
  const summary = await run(b, { deleteExtraneous: true, deleteGuard: false, filters });
  assert.deepEqual([summary.outcome, summary.counters.deleted], ['finished', 0]);
});

test('a list of keys is read as it is written: a mark at its beginning, CRLF, rare line separators', async () => {
  await using b = await bench();
  for (const key of ['first', 'a\u2028b', 'c', 'd\u0085']) await put(b.source, key, 'x');
  await using context = await b.context();
  const keysFile = join(context.tmpdir(), 'keys');
  await writeFile(
    keysFile,
    Buffer.concat([Buffer.from('\uFEFFfirst\r\na\u2028b\n\nd\u0085\nc\n'), Buffer.from([0xff, 0x0a])]),
  );
  const summary = await runTask({ ...context, spec: { ...SPEC, filters: { ...SPEC.filters, keysFile } } });
  assert.deepEqual([summary.counters.copied, summary.counters.failed], [4, 1]);
  assert.match((await context.journal.failures())[0]!.message, /the line is not UTF-8/);
});

test('`compare: always` overwrites', async () => {
  await using b = await bench();
  await put(b.source, 'k', 'new');
  await put(b.destination, 'k', 'old');
  assert.equal((await run(b, { compare: 'always' })).outcome, 'finished');
  await assertSame(b.source, b.destination);
});

test('trying again replaces nothing that somebody else has put there', async () => {
  await using b = await bench();
  await put(b.source, 'k', 'ours');
  const destination = (store: Store): Store =>
    override(store, {
      write: async (key, body, options, signal) => {
        if (key === 'k') await put(store, 'k', 'theirs');
        return await store.write(key, body, options, signal);
      },
    });
  assert.equal((await run(b, {}, { destination })).outcome, 'finished-with-failures');
  await using context = await b.context();
  assert.equal((await retryFailures(context)).outcome, 'finished-with-failures');
  const { body } = await b.destination.read('k');
  assert.equal(Buffer.from(await body.bytes(10)).toString(), 'theirs');
});

test('a name that leads nowhere stays a failure when it is tried again', async () => {
  await using b = await bench();
  await put(b.source, 'k', 'x');
  await using context = await b.context();
  const keysFile = join(context.tmpdir(), 'keys');
  await writeFile(keysFile, 'k\nnowhere\n');
  const named = { ...context, spec: { ...SPEC, filters: { ...SPEC.filters, keysFile } } };
  assert.equal((await runTask(named)).counters.failed, 1);
  assert.equal((await retryFailures(named)).outcome, 'finished-with-failures');
  assert.equal((await context.journal.failures())[0]?.code, 'not-found');
});

test('failures stay failures where the whole source is gone when they are tried again', async () => {
  await using b = await bench();
  await put(b.source, 'k', 'x');
  const refusing = (store: Store): Store =>
    override(store, { read: () => Promise.reject(new FerryError('access-denied')) });
  assert.equal((await run(b, {}, { source: refusing })).counters.failed, 1);
  const gone = (store: Store): Store =>
    override(store, {
      list: () => Promise.reject(new FerryError('no-such-bucket')),
      stat: () => Promise.resolve(undefined),
    });
  await using context = await b.context({}, { source: gone });
  assert.equal((await retryFailures(context)).error?.code, 'no-such-bucket');
  assert.equal((await context.journal.failures()).length, 1);
});

test('an upload that was aborted by somebody is begun again', async () => {
  await using b = await bench({ etag: 'opaque' });
  await b.source.write('large', Buffer.alloc(30 * MiB, 'l'));
  let aborted = false;
  const destination = (store: Store): Store =>
    override(store, {
      multipart: {
        begin: (...given) => store.multipart!.begin(...given),
        complete: (...given) => store.multipart!.complete(...given),
        abort: (...given) => store.multipart!.abort(...given),
        put: async (upload, number, ...rest) => {
          if (!aborted && number === 2) {
            aborted = true;
            await store.multipart!.abort(upload);
          }
          return await store.multipart!.put(upload, number, ...rest);
        },
      },
    });
  const summary = await run(b, {}, { destination });
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal((await b.destination.stat('large'))?.size, 30 * MiB);
});

test('removals that a store refuses as a whole are tried one by one', async () => {
  await using b = await bench();
  for (const key of ['a', 'b', 'c']) for (const store of [b.source, b.destination]) await put(store, key, 'x');
  const destination = (store: Store): Store =>
    override(store, {
      removeMany: () => Promise.reject(new FerryError('bad-key')),
      remove: (key, signal) => (key === 'b' ? Promise.reject(new FerryError('bad-key')) : store.remove(key, signal)),
    });
  const summary = await run(b, { type: 'delete' }, { destination });
  assert.equal(summary.outcome, 'finished-with-failures');
  assert.deepEqual([...(await contents(b.destination)).keys()], ['b']);
});

test('a name ending in a slash with bytes is no directory', async () => {
  await using b = await bench();
  await put(b.source, 'dir/', '0123456789');
  await put(b.destination, 'dir/', '');
  assert.equal((await run(b)).counters.copied, 1);
  await assertSame(b.source, b.destination);
});

test('two buckets of one service copy among themselves, whether or not a copy can demand a free key', async () => {
  for (const ifAbsent of [true, false]) {
    await using b = await bench();
    for (let i = 0; i < 5; i++) await put(b.source, `k${i}`, 'x');
    let copies = 0;
    await using context = await b.context();
    const one = override(context.destination, {
      sameServer: () => true,
      capabilities: { ...b.destination.capabilities, copy: { maxSize: MiB, ifAbsent, tags: 'kept' } },
      copy: async (from, to, options, signal) => {
        if (options?.ifAbsent && !ifAbsent) throw new FerryError('unsupported');
        copies++;
        return await b.destination.copy!({ ...from, store: b.source }, to, options, signal);
      },
    });
    const summary = await runTask({ ...context, destination: one });
    assert.equal(summary.outcome, 'finished', summary.error?.message);
    assert.equal(copies, 5);
    await assertSame(b.source, b.destination);
  }
});

test('an object of unknown size has the metadata of the version its bytes are of', async () => {
  await using b = await bench();
  let version = 1;
  const next = (): Promise<unknown> =>
    b.source.write('k', Buffer.from(`bytes ${version}`), { meta: { user: { version: `${version++}` } } });
  await next();
  const source = (store: Store): Store =>
    override(store, {
      list: async (...given) => {
        const page = await store.list(...given);
        return { ...page, entries: page.entries.map(({ key }) => ({ key })) };
      },
      // Replaced between any two questions.
      stat: async (...given) => {
        const meta = (await store.stat(...given))!;
        await next();
        return { ...meta, size: -1, etag: undefined };
      },
    });
  assert.equal((await run(b, {}, { source })).outcome, 'finished');
  const { body, meta } = await b.destination.read('k');
  assert.equal(Buffer.from(await body.bytes(10)).toString(), `bytes ${meta.user?.['version']}`);
});

test('bytes without an announced size must be as many as were told of before, and are read once', async () => {
  for (const told of [5, 6]) {
    await using b = await bench();
    await put(b.source, 'k', '12345');
    let reads = 0;
    const source = (store: Store): Store =>
      override(store, {
        list: async (...given) => {
          const page = await store.list(...given);
          return { ...page, entries: page.entries.map((entry) => ({ ...entry, size: told, etag: undefined })) };
        },
        stat: async (...given) => ({ ...(await store.stat(...given))!, size: told }),
        read: async (...given) => {
          reads++;
          const result = await store.read(...given);
          return { ...result, meta: { ...result.meta, size: -1 } };
        },
      });
    await using context = await b.context({}, { source });
    const { outcome } = await runTask(context);
    if (told === 5) assert.deepEqual([outcome, reads], ['finished', 1]);
    else
      assert.deepEqual(
        [outcome, (await context.journal.failures())[0]?.code],
        ['finished-with-failures', 'wrong-length'],
      );
  }
});
