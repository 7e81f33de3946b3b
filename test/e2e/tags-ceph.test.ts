// Ceph forgets the tags an upload in parts is begun with: they arrive all the same, killed at the worst moment or not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateBucketCommand, GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { startFaultServer } from '../faults/fault-server.ts';
import { BUCKET, bytesOf } from '../faults/harness.ts';
import { md5Hex, multipartEtag } from '../faults/server/buckets.ts';
import { MiB } from '../../src/model/units.ts';
import { startProxy } from '../peers/proxy.ts';
import { sdkFor } from '../peers/sdk.ts';
import { s3Endpoint } from '../peers/s3-server.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { bucketOf, PART } from './endpoints.ts';
import { Ferry } from './ferry.ts';

const TAGS = new Map([
  ['project', 'ferry'],
  ['a b', 'c&d'],
]);

test('tags of a large object arrive on Ceph, even killed right before', { skip: unavailable('ceph') }, async (t) => {
  await using source = await startFaultServer({ buckets: [BUCKET] });
  const body = bytesOf('large', 12 * MiB);
  const parts = [body.subarray(0, PART), body.subarray(PART, 2 * PART), body.subarray(2 * PART)];
  source.bucket(BUCKET).put('large', {
    body,
    etag: multipartEtag(parts.map(md5Hex)),
    modified: Date.parse('2026-01-01T00:00:00Z'),
    headers: { 'content-type': 'text/plain' },
    tags: TAGS,
  });
  await using ceph = await startCeph({ kind: 'memstore' });
  await using way = await startProxy(ceph.endpoint);
  using sdk = sdkFor(ceph);
  for (const type of ['ceph', 's3']) {
    await t.test(`as type: ${type}`, async () => {
      const bucket = `as-${type}`;
      await sdk.send(new CreateBucketCommand({ Bucket: bucket }));
      using ferry = new Ferry();
      const there = { ...ceph, endpoint: way.endpoint };
      const destination = s3Endpoint(there, bucket, { type, options: { etag: 'md5' } });
      const task = ferry.task({ type: 'copy', source: bucketOf(source), destination });
      const tagsThere = async (): Promise<Map<string, string>> => {
        const { TagSet = [] } = await sdk.send(new GetObjectTaggingCommand({ Bucket: bucket, Key: 'large' }));
        return new Map(TagSet.map(({ Key, Value }) => [Key!, Value!]));
      };

      const { child, exit } = ferry.start('run', 'move', '-t', task);
      way.onRequest = ({ method, url }) => {
        if (method === 'PUT' && url?.endsWith('?tagging=')) child.kill('SIGKILL');
        return method !== 'PUT' || !url?.endsWith('?tagging=');
      };
      const killed = await exit;
      assert.equal(killed.code, null, killed.output);
      assert.deepEqual(await tagsThere(), new Map(), 'completed, and not tagged');

      let partsSent = 0;
      way.onRequest = ({ method, url }) => {
        if (method === 'PUT' && url?.includes('partNumber=')) partsSent++;
        return true;
      };
      const { code, output } = await ferry.run('run', 'move', '-t', task);
      assert.equal(code, 0, output);
      assert.deepEqual(await tagsThere(), TAGS);
      assert.equal(partsSent, 0);
      assert.doesNotMatch(output, /tags/);
    });
  }
});
