import assert from 'node:assert/strict';
import { test } from 'node:test';
import { override } from '../../../src/engine/override.ts';
import { streamsAt } from '../../../src/engine/pace/streams.ts';
import { runTask } from '../../../src/engine/run.ts';
import type { TaskSpec } from '../../../src/model/task.ts';
import { KiB, MiB } from '../../../src/model/units.ts';
import { observeRead } from '../../../src/store/layers/observed-body.ts';
import type { Store } from '../../../src/store/store.ts';
import { bench, SPEC } from './harness.ts';

/** Counts the reads whose body is not done with. */
function counting(store: Store): { readonly store: Store; readonly most: () => number } {
  let open = 0;
  let most = 0;
  const counted = override(store, {
    read: async (...args) => {
      most = Math.max(most, ++open);
      const result = await store.read(...args);
      return observeRead(result, { ended: () => void open-- });
    },
  });
  return { store: counted, most: () => most };
}

async function mostReads(fill: (source: Store) => Promise<unknown>, spec: Partial<TaskSpec>): Promise<number> {
  await using b = await bench({ etag: 'opaque' }, { min_part_size: 1 });
  await fill(b.source);
  const source = counting(b.source);
  await using context = await b.context(spec, { source: () => source.store });
  const summary = await runTask(context);
  assert.equal(summary.outcome, 'finished', summary.error?.message);
  assert.equal(summary.counters.failed, 0);
  assert.deepEqual(summary.counters.listedBytes, summary.counters.copiedBytes);
  return source.most();
}

const limited = (bytesPerSecond: number | undefined): Partial<TaskSpec> => ({
  limits: { bandwidth: [{ minute: 0, bytesPerSecond }] },
});

test('under a small bandwidth few objects share it, so that none starves; small ones are not held back', async () => {
  const multipart = { ...SPEC.multipart, threshold: 256 * KiB, partSize: 128 * KiB, parallelParts: 16 };
  const parts = (bytes: number | undefined): Promise<number> =>
    mostReads((source) => source.write('big', Buffer.alloc(2 * MiB, 'x')), { ...limited(bytes), multipart });
  assert.equal(await parts(undefined), 16);
  assert.equal(await parts(2 * MiB), 8);
  assert.equal(await parts(100 * MiB), 16);

  const objects = (size: number): Promise<number> =>
    mostReads(
      async (source) => {
        for (let i = 0; i < 9; i++) await source.write(`k${i}`, Buffer.alloc(size, 'x'));
      },
      limited(512 * KiB),
    );
  assert.equal(await objects(140 * KiB), 2, 'each takes more than a quarter of a second of the bandwidth');
  assert.ok((await objects(8 * KiB)) > 6);
});

test('the streams that share a bandwidth', () => {
  assert.equal(streamsAt(undefined), Number.POSITIVE_INFINITY);
  assert.equal(streamsAt(1_000), 2);
  assert.equal(streamsAt(1_000_000), 3);
  assert.equal(streamsAt(100 * MiB), 400);
});
