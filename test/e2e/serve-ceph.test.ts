// `ferry serve` in front of a real Ceph: clients have other keys and names than the cluster, and miss nothing.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { boto3Command } from '../peers/boto3.ts';
import { outputOf } from '../peers/command.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { Served } from './served.ts';

const BOTO3 = join(import.meta.dirname, 'clients/boto3-session.py');

test('boto3 does all it can by default over Ceph', { skip: unavailable('ceph', 'boto3') }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  await makeBucket(ceph, 'behind');
  const options = {
    bucket_name: 'behind',
    endpoint: ceph.endpoint,
    region: ceph.region,
    access_key_id: ceph.accessKey,
    secret_access_key: ceph.secretKey,
    provider: 'ceph',
  };
  await using served = await Served.start({ storage: { type: 's3', path: 'tenants', options } });
  const output = await outputOf(boto3Command(BOTO3, [served.ferry.dir], served.server));
  assert.match(String(output), /presigned\nend\n$/);
});
