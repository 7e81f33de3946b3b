// What a run writes to real stores, `verify --full` finds the same; what somebody alters there, it names and repairs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CopyObjectCommand, CreateBucketCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { MiB } from '../../src/model/units.ts';
import { startFaultServer } from '../faults/fault-server.ts';
import { BUCKET, bytesOf } from '../faults/harness.ts';
import { md5Hex, multipartEtag } from '../faults/server/buckets.ts';
import { s3Endpoint, type S3Server } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, startSwift, unavailable } from '../peers/servers.ts';
import { bucketOf, PART } from './endpoints.ts';
import { Ferry } from './ferry.ts';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'max-age=60, public',
  'content-disposition': 'attachment; filename="a b.html"',
  'content-encoding': 'gzip',
  'content-language': 'de, en',
  expires: 'Wed, 21 Oct 2065 07:28:00 GMT',
  'x-amz-meta-author': 'Ada',
  'x-amz-meta-city': Buffer.from('Zürich').toString('latin1'),
  'x-amz-meta-mtime': '1714564800.123456789',
};

const PEERS = {
  ceph: () => startCeph({ kind: 'memstore' }),
  swift: startSwift,
} satisfies Record<string, () => Promise<S3Server & AsyncDisposable>>;

for (const [peer, type] of [
  ['ceph', 'ceph'],
  ['swift', 'swift-s3'],
] as const) {
  test(`metadata on ${peer}: kept, compared, repaired`, { skip: unavailable(peer) }, async () => {
    await using source = await startFaultServer({ buckets: [BUCKET] });
    const large = bytesOf('large', 2 * PART);
    const parts = [large.subarray(0, PART), large.subarray(PART)].map(md5Hex);
    const modified = Date.parse('2026-01-01T00:00:00Z');
    const small = bytesOf('small', MiB);
    const tags = new Map([['team', 'a & b']]);
    const objects = source.bucket(BUCKET);
    objects.put('small', { body: small, etag: md5Hex(small), modified, headers: HEADERS, tags });
    objects.put('large', { body: large, etag: multipartEtag(parts), modified, headers: HEADERS, tags });
    objects.put('bare', { body: small, etag: md5Hex(small), modified, headers: {}, tags: new Map() });

    await using server = await PEERS[peer]();
    using sdk = sdkFor(server);
    await sdk.send(new CreateBucketCommand({ Bucket: BUCKET }));
    using ferry = new Ferry();
    const destination = s3Endpoint(server, BUCKET, { type });
    const task = ferry.task({ type: 'copy', source: bucketOf(source), destination });
    const expected = async (code: number, ...args: string[]): Promise<string> => {
      const exit = await ferry.run(...args);
      assert.equal(exit.code, code, exit.output);
      return exit.output;
    };
    await expected(0, 'run', 'move', '-t', task);
    await expected(0, 'verify', 'move', '--full');

    await sdk.send(
      new CopyObjectCommand({
        Bucket: BUCKET,
        Key: 'small',
        CopySource: `${BUCKET}/small`,
        MetadataDirective: 'REPLACE',
        ContentType: 'text/plain',
        Metadata: { author: 'Bob' },
      }),
    );
    await expected(0, 'verify', 'move');
    const told = await expected(4, 'verify', 'move', '--full');
    assert.match(told, /small: metadata differ \(content-type: text\/html; charset=utf-8;.*x-amz-meta-author: Ada/);
    assert.match(told, /≠ content-type: text\/plain;.*x-amz-meta-author: Bob/);
    assert.doesNotMatch(told, /(large|bare): /);
    await expected(0, 'verify', 'move', '--full', '--repair');
    await expected(0, 'verify', 'move', '--full');
    const { Metadata } = await sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'small' }));
    assert.equal(Metadata?.['author'], 'Ada');
  });
}
