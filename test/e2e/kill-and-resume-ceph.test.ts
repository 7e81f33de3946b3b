// A real store that dies in mid-run: Ferry waits for it and goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { startFaultServer } from '../faults/fault-server.ts';
import { BUCKET } from '../faults/harness.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { contents, fill, bucketOf } from './endpoints.ts';
import { Ferry } from './ferry.ts';

test('a Ceph cluster killed and restarted in mid-run, every daemon of it', { skip: unavailable('ceph') }, async () => {
  const objects = contents(3000, 3);
  await using source = await startFaultServer({ buckets: [BUCKET] });
  fill(source, objects);
  await using ceph = await startCeph({ kind: 'bluestore' });
  using client = sdkFor(ceph);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  using ferry = new Ferry();
  const task = ferry.task({ type: 'copy', source: bucketOf(source), destination: bucketOf(ceph) });

  const restarted = new Promise<void>((resolve, reject) => {
    let left = 800;
    source.onRequest = () => {
      if (--left !== 0) return;
      ceph
        .kill()
        .then(() => ceph.restart())
        .then(resolve, reject);
    };
  });
  const { code, output } = await ferry.run('run', 'move', '-t', task);
  await restarted;
  assert.equal(code, 0, output);

  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: BUCKET })) {
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
  }
  assert.deepEqual(keys.toSorted(), [...objects.keys()].toSorted());
  for (const [Key, body] of objects) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
    assert.ok(body.equals(await Body!.transformToByteArray()), Key);
  }
});
