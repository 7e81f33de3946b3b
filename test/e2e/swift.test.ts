// OpenStack Swift through s3api, as source and as destination: the store that is unlike others in most ways.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { pattern } from '../conformance/suite/bench.ts';
import { holdings, plant, unfinished, type Held } from '../peers/objects.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { s3Endpoint } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, startSwift, unavailable } from '../peers/servers.ts';
import { SwiftNative } from '../peers/swift-native.ts';
import { Ferry } from './ferry.ts';
import { assertMoved, mixture, plantBucket, smallObject, settled } from './mixture.ts';

/** Few: a request costs Swift some 20 ms of processor time. Listings of many pages are in the suite of the driver. */
const SMALL = 200;
const SEGMENTS = [pattern(3_000_000, 1), pattern(3_000_000, 2), pattern(1_000_001, 3)];
const NATIVE = 'native/static';

/**
 * Protects a move out of Swift and one into it, with its large objects (whose ETags are no MD5s, or listed as those of
 * nothing), its listings and its limits. Nothing is lost that is not told.
 */
test('Swift as source and as destination', { skip: unavailable('ceph', 'swift') }, async (t) => {
  const swift = await startSwift();
  t.after(() => swift.stop());
  const ceph = await startCeph({ kind: 'memstore' });
  t.after(() => ceph.stop());
  using atSwift = sdkFor(swift);
  using atCeph = sdkFor(ceph);
  using ferry = new Ferry();
  const objects = mixture({ small: SMALL, tags: false });
  await plantBucket(swift, 'origin', objects);
  const native = await SwiftNative.login(swift);
  await native.putStatic('origin', NATIVE, SEGMENTS);
  await makeBucket(ceph, 'middle');
  await makeBucket(swift, 'target');
  await settled();
  const middle = s3Endpoint(ceph, 'middle', { type: 'ceph' });

  await t.test('as source: everything arrives, large objects of Swift itself among it', async () => {
    const source = s3Endpoint(swift, 'origin', { type: 'swift-s3' });
    const task = ferry.task({ type: 'copy', source, destination: middle }, 'out');
    const { counters, losses } = await ferry.summary(0, 'run', 'out', '-t', task);
    assert.equal(counters.copied, objects.length + 1);
    const [here, there] = [await holdings(atSwift, 'origin'), await holdings(atCeph, 'middle')];
    assertSegments(there, NATIVE);
    assertMoved(without(here, NATIVE), without(there, NATIVE), losses);
    assert.equal((await ferry.run('verify', 'out')).code, 0);
    assert.equal((await ferry.run('verify', 'out', '--full')).code, 0);
  });

  await t.test('as source: a second pass has nothing to do', async () => {
    const { counters } = await ferry.summary(0, 'run', 'out');
    assert.deepEqual([counters.listed, counters.copied, counters.failed], [objects.length + 1, 0, 0]);
  });

  const long = 'described/at length';
  await t.test('as destination: everything arrives, and what Swift cannot keep is told', async () => {
    await plant(atCeph, 'middle', [
      { key: 'described/tagged', body: Buffer.from('tagged'), tags: { team: 'archive' } },
      { key: 'described/städtisch', body: Buffer.from('x'), user: { note: 'plain' } },
      { key: long, body: Buffer.from('y'), contentType: 'text/x-long', user: { note: 'x'.repeat(257) } },
    ]);
    await settled();
    const destination = s3Endpoint(swift, 'target', { type: 'swift-s3' });
    const task = ferry.task({ type: 'copy', source: middle, destination, delete_extraneous: true }, 'back');
    const { counters, losses } = await ferry.summary(0, 'run', 'back', '-t', task);
    assert.equal(counters.copied, objects.length + 4);
    assert.deepEqual(losses, { tags: 1, 'user-metadata': 1 });
    const [here, there] = [await holdings(atCeph, 'middle'), await holdings(atSwift, 'target')];
    assertMoved(without(here, long), without(there, long), losses);
    assert.equal(there.get(long)?.sha256, here.get(long)?.sha256);
    assert.equal(there.get(long)?.contentType, 'text/x-long');
    assert.deepEqual(await unfinished(atSwift, 'target'), []);
    assert.equal((await ferry.run('verify', 'back', '--full')).code, 0);
  });

  await t.test('as destination: clients of Swift itself read the same, and no segment is left over', async () => {
    const here = await holdings(atCeph, 'middle');
    assert.deepEqual((await native.names('target')).toSorted(), [...here.keys()].toSorted());
    let segmented = 0;
    for (const [key, { sha256, contentType, written, user }] of here) {
      if (sha256 === undefined) continue;
      const read = await native.read('target', key);
      assert.deepEqual([read.sha256, read.contentType], [sha256, contentType], key);
      if (key !== long) assert.deepEqual(read.user, { mtime: String(written), ...user }, key);
      if (read.segmented) segmented++;
    }
    assert.ok(segmented >= 3, `${segmented} large objects are made of segments`);
    const segments = await native.names('target+segments');
    assert.equal(new Set(segments.map((name) => name.slice(0, name.lastIndexOf('/')))).size, segmented);
  });

  await t.test('as destination: changes and deletions follow', async () => {
    const changed = [3, 100, SMALL - 1].map((i) => ({ ...smallObject(i), body: Buffer.from(`changed ${i}`) }));
    await plant(atCeph, 'middle', changed);
    const gone = ['a b', 'trailing/', '😀', smallObject(4).key, 'large/parts of 5'];
    const Objects = gone.map((Key) => ({ Key }));
    await atCeph.send(new DeleteObjectsCommand({ Bucket: 'middle', Delete: { Objects } }));
    const { counters } = await ferry.summary(0, 'run', 'back');
    assert.deepEqual([counters.copied, counters.deleted, counters.failed], [changed.length, gone.length, 0]);
    const [here, there] = [await holdings(atCeph, 'middle'), await holdings(atSwift, 'target')];
    assertMoved(without(here, long), without(there, long), { tags: 1 });
    assert.equal((await ferry.run('verify', 'back')).code, 0);
  });
});

function without(held: ReadonlyMap<string, Held>, ...keys: readonly string[]): Map<string, Held> {
  return new Map([...held].filter(([key]) => !keys.includes(key)));
}

function assertSegments(held: ReadonlyMap<string, Held>, key: string): void {
  const sha256 = createHash('sha256').update(Buffer.concat(SEGMENTS)).digest('hex');
  assert.equal(held.get(key)?.sha256, sha256, `${key} holds the bytes of all its segments`);
}
