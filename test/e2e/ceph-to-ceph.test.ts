// From one real cluster to another, and kept equal: the migration most people come for.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { pattern } from '../conformance/suite/bench.ts';
import { holdings, listed, plant, unfinished } from '../peers/objects.ts';
import { s3Endpoint } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { MiB } from '../../src/model/units.ts';
import { Ferry } from './ferry.ts';
import { assertMoved, mixture, ODD_PARTS, plantBucket, settled } from './mixture.ts';

/** Protects the whole way of a task on real stores: run, verify, changes and deletions, and again. */
test(
  'between two Ceph clusters: everything arrives, is proven, and follows changes and deletions',
  { skip: unavailable('ceph') },
  async (t) => {
    const clusters = await Promise.all([startCeph({ kind: 'memstore' }), startCeph({ kind: 'memstore' })]);
    const [old, fresh] = clusters;
    t.after(() => Promise.all(clusters.map((cluster) => cluster.stop())));
    using source = sdkFor(old);
    using destination = sdkFor(fresh);
    using ferry = new Ferry();
    const objects = mixture({ small: 300, tags: true });
    await plantBucket(old, 'origin', objects);
    await plantBucket(fresh, 'target', [{ key: 'left over by somebody', body: Buffer.from('x') }]);
    await settled();
    const task = ferry.task({
      type: 'copy',
      source: s3Endpoint(old, 'origin', { type: 'ceph' }),
      destination: s3Endpoint(fresh, 'target', { type: 'ceph' }),
      delete_extraneous: true,
    });
    let losses: Readonly<Record<string, number>> = {};

    await t.test('everything arrives: names, bytes, headers, metadata, ETags', async () => {
      const moved = await ferry.summary(0, 'run', 'move', '-t', task);
      ({ losses } = moved);
      assert.equal(moved.counters.copied, objects.length);
      assert.equal(moved.counters.deleted, 1);
      assert.equal(losses['etag'], 1, `only ${ODD_PARTS} could not keep its ETag`);
      assertMoved(await holdings(source, 'origin'), await holdings(destination, 'target'), losses);
      assert.deepEqual(await unfinished(destination, 'target'), []);
    });

    await t.test('it is proven, and others can check the proof', async () => {
      const report = join(ferry.dir, 'report');
      const verified = await ferry.summary(0, 'verify', 'move', '--full', '--evidence', 'all', '--report', report);
      assert.equal(verified.counters.listed, objects.length);
      assert.equal((await ferry.run('verify', '--check-report', join(report, 'report.json'))).code, 0);
    });

    await t.test('a second pass has nothing to do', async () => {
      const { counters } = await ferry.summary(0, 'run', 'move');
      assert.deepEqual(
        [counters.listed, counters.copied, counters.deleted, counters.failed],
        [objects.length, 0, 0, 0],
      );
    });

    await t.test('after changes and deletions only those are made at the destination', async () => {
      const before = await listed(destination, 'target');
      const changed = [
        { key: 'small/0/0007', body: Buffer.from('longer, or shorter, than it was') },
        { key: 'small/1/0008', body: pattern(8 * 11, 999) },
        { key: 'large/parts of 8', body: pattern(16 * MiB, 33), partSize: 8 * MiB },
        { key: 'a new one/ü', body: Buffer.from('new') },
        { key: 'large/new', body: pattern(11 * MiB, 34), partSize: 5 * MiB, user: { since: 'the second pass' } },
      ];
      await plant(source, 'origin', changed);
      const gone = ['a b', 'trailing/', '日本語/キー', 'small/2/0002', 'large/one part', ODD_PARTS];
      const Objects = gone.map((Key) => ({ Key }));
      await source.send(new DeleteObjectsCommand({ Bucket: 'origin', Delete: { Objects } }));

      const { counters } = await ferry.summary(0, 'run', 'move');
      assert.deepEqual([counters.copied, counters.deleted, counters.failed], [changed.length, gone.length, 0]);
      const { etag: _, ...rest } = losses;
      assertMoved(await holdings(source, 'origin'), await holdings(destination, 'target'), rest);
      assert.equal((await listed(destination, 'target')).size, before.size + 2 - gone.length);
      assert.equal((await ferry.run('verify', 'move', '--full')).code, 0);
    });

    await t.test('a copy altered behind its back is found and repaired', async () => {
      await plant(destination, 'target', [{ key: 'small/3/0003', body: pattern(3 * 11, 1000) }]);
      assert.equal((await ferry.run('verify', 'move')).code, 4);
      assert.equal((await ferry.run('verify', 'move', '--repair')).code, 0);
      const { etag: _, ...rest } = losses;
      assertMoved(await holdings(source, 'origin'), await holdings(destination, 'target'), rest);
    });
  },
);
