// From bucket to bucket of one cluster: the cluster copies by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MiB } from '../../src/model/units.ts';
import { holdings, unfinished } from '../peers/objects.ts';
import { startProxy } from '../peers/proxy.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { s3Endpoint } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { Ferry } from './ferry.ts';
import { assertMoved, mixture, plantBucket, settled } from './mixture.ts';

/** Protects what makes a move within a service cheap, and that nothing of an object is lost by it. */
test('within one Ceph no bytes pass here, and metadata and tags are kept', { skip: unavailable('ceph') }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  await using proxy = await startProxy(ceph.endpoint);
  using sdk = sdkFor(ceph);
  using ferry = new Ferry();
  const objects = mixture({ small: 300, tags: true });
  await plantBucket(ceph, 'origin', objects);
  await makeBucket(ceph, 'target');
  await settled();
  const counted = { ...ceph, endpoint: proxy.endpoint };
  const task = ferry.task({
    type: 'copy',
    source: s3Endpoint(counted, 'origin', { type: 'ceph' }),
    destination: s3Endpoint(counted, 'target', { type: 'ceph' }),
  });
  const { counters, losses } = await ferry.summary(0, 'run', 'within', '-t', task);
  assert.equal(counters.copied, objects.length);
  assert.ok(proxy.passed < MiB, `${proxy.passed} bytes passed for ${counters.copiedBytes} copied`);
  assertMoved(await holdings(sdk, 'origin'), await holdings(sdk, 'target'), losses);
  assert.deepEqual(losses['tags'] ?? 0, 0);
  assert.deepEqual(await unfinished(sdk, 'target'), []);

  const again = await ferry.summary(0, 'run', 'within');
  assert.deepEqual([again.counters.copied, again.counters.failed], [0, 0]);
  assert.equal((await ferry.run('verify', 'within', '--full')).code, 0);
});
