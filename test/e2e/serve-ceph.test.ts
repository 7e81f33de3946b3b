// `ferry serve` in front of a real Ceph: clients have other keys and names than the cluster, and miss nothing.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { boto3Command } from '../peers/boto3.ts';
import { outputOf } from '../peers/command.ts';
import type { Ceph } from '../peers/ceph.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { sdkFor } from '../peers/sdk.ts';
import { Served } from './served.ts';

const BOTO3 = join(import.meta.dirname, 'clients/boto3-session.py');

test('boto3 does all it can by default over Ceph', { skip: unavailable('ceph', 'boto3') }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  await using served = await overCeph(ceph);
  const output = await outputOf(boto3Command(BOTO3, [served.ferry.dir], served.server));
  assert.match(String(output), /presigned\nend\n$/);
});

test('a copy over Ceph has the metadata and tags it is to have', { skip: unavailable('ceph') }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  await using served = await overCeph(ceph);
  const client = sdkFor(served.server);
  const at = { Bucket: 'box' };
  const from = { CopySource: 'box/from' };
  await client.send(new s3.CreateBucketCommand(at));
  const put = new s3.PutObjectCommand({ ...at, Key: 'from', Body: 'v', Metadata: { m: '1' }, Tagging: 't=1' });
  await client.send(put);
  const marked = { MetadataDirective: 'REPLACE', Metadata: { m: '2' } } as const;
  const tagged = { TaggingDirective: 'REPLACE', Tagging: 't=2' } as const;
  const copies: Readonly<Record<string, readonly [object, mark: string, tags: readonly string[]]>> = {
    plain: [{}, '1', ['1']],
    marked: [marked, '2', ['1']],
    tagged: [tagged, '1', ['2']],
    both: [{ ...marked, ...tagged }, '2', ['2']],
    bare: [{ TaggingDirective: 'REPLACE' }, '1', []],
    from: [tagged, '1', ['2']],
  };
  for (const [Key, [how, mark, tags]] of Object.entries(copies)) {
    await client.send(new s3.CopyObjectCommand({ ...at, ...from, Key, ...how }));
    const { Metadata } = await client.send(new s3.HeadObjectCommand({ ...at, Key }));
    const { TagSet } = await client.send(new s3.GetObjectTaggingCommand({ ...at, Key }));
    assert.deepEqual([Metadata, TagSet?.map(({ Value }) => Value)], [{ m: mark }, tags], Key);
  }
});

async function overCeph(ceph: Ceph): Promise<Served> {
  await makeBucket(ceph, 'behind');
  const options = {
    bucket_name: 'behind',
    endpoint: ceph.endpoint,
    region: ceph.region,
    access_key_id: ceph.accessKey,
    secret_access_key: ceph.secretKey,
    provider: 'ceph',
  };
  return await Served.start({ storage: { type: 's3', path: 'tenants', options } });
}
