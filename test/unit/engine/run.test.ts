import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryFailures, runTask } from '../../../src/engine/run.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { MiB } from '../../../src/model/units.ts';
import { override } from '../../../src/engine/override.ts';
import type { Store } from '../../../src/store/store.ts';
import { assertSame, bench, contents } from './harness.ts';

async function fill(store: Store, count: number, prefix = 'k'): Promise<void> {
  for (let i = 0; i < count; i++)
    await store.write(`${prefix}/${String(i).padStart(5, '0')}`, Buffer.from(`object ${i}`));
}

test('a first pass copies everything, a second nothing, and a change alone after that', async () => {
  await using b = await bench();
  await fill(b.source, 3000);
  const run = async () => {
    await using context = await b.context();
    return await runTask(context);
  };
  const first = await run();
  assert.equal(first.error, undefined);
  assert.equal(first.outcome, 'finished');
  assert.equal(first.counters.copied, 3000);
  await assertSame(b.source, b.destination);
  const second = await run();
  assert.equal(second.counters.copied, 0);
  assert.equal(second.counters.skipped, 3000);
  await b.source.write('k/00007', Buffer.from('changed!'));
  const third = await run();
  assert.equal(third.counters.copied, 1);
  await assertSame(b.source, b.destination);
});

test('large objects go in parts and keep the ETag they had', async () => {
  await using b = await bench();
  const bytes = Buffer.alloc(21 * MiB, 'ferry ');
  const uploadId = await b.source.multipart!.begin('big');
  const parts = [];
  for (let n = 1, offset = 0; offset < bytes.length; n++, offset += 5 * MiB) {
    const part = await b.source.multipart!.put({ key: 'big', uploadId }, n, bytes.subarray(offset, offset + 5 * MiB));
    parts.push({ number: n, ...part });
  }
  const { etag } = await b.source.multipart!.complete({ key: 'big', uploadId }, parts);
  await using context = await b.context();
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal((await b.destination.stat('big'))?.etag, etag);
  assert.deepEqual(summary.losses, {});
});

test('a store without MD5 ETags is copied in parts and stays right', async () => {
  await using b = await bench({ etag: 'opaque' });
  await b.source.write('big', Buffer.alloc(40 * MiB, 'x'));
  await using context = await b.context();
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  const { body } = await b.destination.read('big');
  assert.ok(Buffer.alloc(40 * MiB, 'x').equals(await body.bytes(41 * MiB)));
});

test('objects that cannot be read are recorded with their cause; the others arrive', async () => {
  await using b = await bench();
  await fill(b.source, 50);
  await using context = await b.context(
    {},
    {
      source: (store) =>
        override(store, {
          read: (key, options, signal) =>
            key === 'k/00013'
              ? Promise.reject(new FerryError('access-denied', { key }))
              : store.read(key, options, signal),
        }),
    },
  );
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished-with-failures');
  assert.equal(summary.counters.failed, 1);
  assert.equal(summary.counters.copied, 49);
  const [failure] = await context.journal.failures();
  assert.equal(failure?.code, 'access-denied');
  assert.equal(failure.key, 'k/00013');
});

test('an altered answer is never stored', async () => {
  await using b = await bench();
  await fill(b.source, 20);
  let spoilt = 0;
  await using context = await b.context(
    {},
    {
      source: (store) =>
        override(store, {
          read: async (key, options, signal) => {
            const result = await store.read(key, options, signal);
            if (key !== 'k/00004' || spoilt++ > 0) return result;
            return {
              ...result,
              body: {
                ...result.body,
                size: result.body.size,
                cancel: () => undefined,
                bytes: () => Promise.resolve(Buffer.from('tampered')),
                [Symbol.asyncIterator]: () => result.body[Symbol.asyncIterator](),
              },
            };
          },
        }),
      destination: (store) =>
        override(store, {
          write: async (key, body, options, signal) => {
            const result = await store.write(key, body, options, signal);
            assert.ok(!Buffer.from(body as Uint8Array).equals(Buffer.from('tampered')), 'visible at the destination');
            return result;
          },
        }),
    },
  );
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  await assertSame(b.source, b.destination);
});

test('what only the destination has is removed where the task says so, never because the source is empty', async () => {
  await using b = await bench();
  await fill(b.destination, 30);
  {
    await using context = await b.context({ deleteExtraneous: true });
    const refused = await runTask(context);
    assert.equal(refused.error?.code, 'guard');
    assert.equal((await contents(b.destination)).size, 30);
  }
  await fill(b.source, 10);
  await using context = await b.context({ deleteExtraneous: true });
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal(summary.counters.deleted, 20);
  await assertSame(b.source, b.destination);
});

test('a source that cannot be listed stops the run and removes nothing', async () => {
  await using b = await bench();
  await fill(b.source, 2500);
  await fill(b.destination, 2600);
  let pages = 0;
  await using context = await b.context(
    { deleteExtraneous: true },
    {
      source: (store) =>
        override(store, {
          list: (request, signal) =>
            ++pages > 2 ? Promise.reject(new FerryError('unavailable')) : store.list(request, signal),
        }),
    },
  );
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'failed');
  assert.equal(summary.error?.code, 'unavailable');
  assert.equal((await contents(b.destination)).size, 2600);
});

test('stopped at any moment it goes on where it was, and does only the work in flight again', async () => {
  await using b = await bench();
  await fill(b.source, 4000);
  let writes = 0;
  for (let stops = 0; ; stops++) {
    assert.ok(stops < 40);
    const stop = new AbortController();
    let here = 0;
    await using context = await b.context(
      { limits: { bandwidth: [], concurrency: 16 } },
      {
        signal: stop.signal,
        destination: (store) =>
          override(store, {
            write: async (key, body, options, signal) => {
              signal?.throwIfAborted();
              await new Promise((resolve) => setImmediate(resolve));
              writes++;
              if (++here > 300) stop.abort();
              return await store.write(key, body, options, signal);
            },
          }),
      },
    );
    const summary = await runTask(context);
    if (summary.outcome === 'finished') {
      assert.equal(summary.counters.copied + summary.counters.skipped, 4000);
      assert.equal(summary.counters.listed, 4000);
      break;
    }
    assert.equal(summary.outcome, 'interrupted', summary.error?.message);
  }
  await assertSame(b.source, b.destination);
  // Probes write three times a run; each stop may cost the sixteen in flight.
  assert.ok(writes < 4000 + 20 * 15, `${writes} writes`);
});

test('delete removes at the destination what the source lists', async () => {
  await using b = await bench();
  await fill(b.source, 1500);
  await fill(b.destination, 1800);
  await using context = await b.context({ type: 'delete' });
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal(summary.counters.deleted, 1500);
  assert.equal((await contents(b.destination)).size, 300);
  assert.equal((await contents(b.source)).size, 1500);
});

test('an unordered source is sorted on disk first', async () => {
  await using b = await bench({ list_order: 'unordered' });
  await fill(b.source, 2500);
  await using context = await b.context();
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal(summary.counters.copied, 2500);
});

test('what failed is tried again alone', async () => {
  await using b = await bench({ etag: 'opaque' }, { etag: 'opaque' });
  await fill(b.source, 30);
  {
    await using context = await b.context(
      {},
      {
        source: (store) =>
          override(store, {
            read: (key, options, signal) =>
              key === 'k/00013'
                ? Promise.reject(new FerryError('access-denied', { key }))
                : store.read(key, options, signal),
          }),
      },
    );
    assert.equal((await runTask(context)).outcome, 'finished-with-failures');
  }
  await using context = await b.context();
  const summary = await retryFailures(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal((await context.journal.failures()).length, 0);
  assert.deepEqual([context.journal.task.state, context.journal.task.passes], ['finished', 0]);
  assert.equal((await contents(b.destination)).size, 30);
});

test('a change that a slow clock dates before the last pass is copied all the same', async () => {
  const minutes = 60_000;
  /** A store whose clock is behind; `skew`, where it has told so. */
  const behind =
    (by: number, skew?: number) =>
    (store: Store): Store =>
      override(store, {
        clockSkew: skew,
        capabilities: { ...store.capabilities, list: { ...store.capabilities.list!, clock: undefined } },
        list: async (...given) => {
          const page = await store.list(...given);
          return { ...page, entries: page.entries.map((entry) => ({ ...entry, modified: entry.modified! - by })) };
        },
      });
  for (const [source, copied] of [
    [behind(10 * minutes), 1],
    [behind(40 * minutes, -40 * minutes), 1],
    [behind(10 * minutes, 0), 0],
    [behind(40 * minutes), 0],
  ] as const) {
    await using b = await bench({ etag: 'opaque' }, { etag: 'opaque' });
    const pass = async (): Promise<number> => {
      await using context = await b.context({}, { source });
      return (await runTask(context)).counters.copied;
    };
    await b.source.write('k', Buffer.from('aaaa'));
    assert.equal(await pass(), 1);
    await b.source.write('k', Buffer.from('bbbb'));
    assert.equal(await pass(), copied);
  }
});
