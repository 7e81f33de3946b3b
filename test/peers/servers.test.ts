// The peers themselves: that they start, answer and, where they must, survive being killed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { sdkFor } from './sdk.ts';
import { startCeph, startSwift, unavailable } from './servers.ts';

const object = { Bucket: 'bucket', Key: 'a key' };

test('Ceph on bluestore keeps an object when every daemon is killed', { skip: unavailable('ceph') }, async () => {
  await using ceph = await startCeph({ kind: 'bluestore' });
  using client = sdkFor(ceph);
  await client.send(new CreateBucketCommand({ Bucket: object.Bucket }));
  await client.send(new PutObjectCommand({ ...object, Body: 'kept' }));
  await ceph.kill();
  await ceph.restart();
  const read = await client.send(new GetObjectCommand(object));
  assert.equal(await read.Body?.transformToString(), 'kept');
  await ceph.kill('gateway');
  await ceph.restart();
  const again = await client.send(new GetObjectCommand(object));
  assert.equal(await again.Body?.transformToString(), 'kept');
});

test('Swift stores and returns an object over its S3 interface', { skip: unavailable('swift') }, async () => {
  await using swift = await startSwift();
  using client = sdkFor(swift);
  await client.send(new CreateBucketCommand({ Bucket: object.Bucket }));
  await client.send(new PutObjectCommand({ ...object, Body: 'kept' }));
  const read = await client.send(new GetObjectCommand(object));
  assert.equal(await read.Body?.transformToString(), 'kept');
});
