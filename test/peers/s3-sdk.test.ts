/** What the S3 driver writes the AWS SDK reads, and the other way round: keys of any kind, headers, metadata, parts. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { UGLY_KEYS } from '../conformance/ugly-keys.ts';
import { SocketHttpClient } from '../../src/wire/http/socket-client.ts';
import { makeBucket, openBucket } from './s3-bucket.ts';
import { sdkFor } from './sdk.ts';
import { startCeph, unavailable } from './servers.ts';

const skip = unavailable('ceph') ?? false;

test('S3 driver and AWS SDK on Ceph read each other', { skip }, async (t) => {
  const ceph = await startCeph({ kind: 'memstore' });
  after(() => ceph.stop());
  await using http = new SocketHttpClient();
  using sdk = sdkFor(ceph);
  const opened = async (bucket: string) => {
    await makeBucket(ceph, bucket);
    return openBucket(ceph, { type: 'ceph', bucket }, http);
  };

  await t.test('ugly keys the driver writes are the keys the SDK lists and reads', async () => {
    const store = await opened('ours');
    for (const key of UGLY_KEYS) await store.write(key, Buffer.from(key));
    const listed: string[] = [];
    for await (const page of paginateListObjectsV2(
      { client: sdk },
      { Bucket: 'ours', EncodingType: 'url', MaxKeys: 7 },
    ))
      for (const { Key } of page.Contents ?? []) listed.push(decodeURIComponent(Key!.replaceAll('+', ' ')));
    assert.deepEqual(listed.toSorted(), UGLY_KEYS.toSorted());
    for (const key of UGLY_KEYS.filter(sdkTakes)) {
      const got = await sdk.send(new GetObjectCommand({ Bucket: 'ours', Key: key }));
      assert.equal(await got.Body!.transformToString(), key);
    }
  });

  await t.test('ugly keys the SDK writes are the keys the driver lists and reads', async () => {
    const store = await opened('theirs');
    const keys = UGLY_KEYS.filter(sdkTakes);
    for (const Key of keys) await sdk.send(new PutObjectCommand({ Bucket: 'theirs', Key, Body: Key }));
    const { entries } = await store.list({});
    assert.deepEqual(entries.map((entry) => entry.key).toSorted(), keys.toSorted());
    for (const key of keys) {
      const { body } = await store.read(key);
      assert.equal(Buffer.from(await body.bytes(10_000)).toString(), key);
    }
  });

  await t.test('headers, user metadata, tags and times arrive as they were meant', async () => {
    const store = await opened('meta');
    await store.write('object', Buffer.from('x'), {
      meta: {
        contentType: 'text/plain; charset=utf-8',
        cacheControl: 'no-cache',
        contentDisposition: 'attachment; filename="ü.txt"',
        user: { author: 'Ada', city: 'Zürich 苏黎世' },
        modified: 1_714_564_800_123,
        posix: { mode: 0o100640, uid: 1000, gid: 100 },
      },
      md5: createHash('md5').update('x').digest('hex'),
    });
    const got = await sdk.send(new GetObjectCommand({ Bucket: 'meta', Key: 'object' }));
    assert.equal(got.ContentType, 'text/plain; charset=utf-8');
    assert.equal(got.CacheControl, 'no-cache');
    assert.equal(got.Metadata?.['author'], 'Ada');
    assert.equal(Buffer.from(got.Metadata?.['city'] ?? '', 'latin1').toString('utf8'), 'Zürich 苏黎世');
    assert.equal(got.Metadata?.['mtime'], '1714564800.123');
    assert.equal(got.Metadata?.['mode'], String(0o100640));

    await sdk.send(
      new PutObjectCommand({
        Bucket: 'meta',
        Key: 'rclone',
        Body: 'y',
        ContentLanguage: 'de',
        Metadata: { mtime: '1714564800.123456789', note: 'kept' },
      }),
    );
    const meta = await store.stat('rclone');
    assert.equal(meta?.contentLanguage, 'de');
    assert.equal(meta?.modified, 1_714_564_800_123);
    assert.deepEqual(meta?.user, { mtime: '1714564800.123456789', note: 'kept' });
  });

  await t.test('an upload in parts is one object to the SDK, with the ETag of its parts', async () => {
    const store = await opened('parts');
    const bytes = Buffer.alloc(11 * 1024 * 1024, 'ferry');
    const uploadId = await store.multipart!.begin('large', { meta: { contentType: 'application/x-test' } });
    const upload = { key: 'large', uploadId };
    const parts = [];
    for (const [index, from] of [0, 5, 10].entries()) {
      const part = bytes.subarray(from * 1024 * 1024, (from + 5) * 1024 * 1024);
      parts.push({ number: index + 1, ...(await store.multipart!.put(upload, index + 1, part)) });
    }
    await store.multipart!.complete(upload, parts);
    const etag = (await store.stat('large'))?.etag;
    const digests = parts.map((part) => Buffer.from(part.etag, 'hex'));
    assert.equal(etag, `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-3`);
    const got = await sdk.send(new GetObjectCommand({ Bucket: 'parts', Key: 'large' }));
    assert.equal(got.ContentType, 'application/x-test');
    assert.ok(Buffer.from(await got.Body!.transformToByteArray()).equals(bytes));
    const { Contents } = await sdk.send(new ListObjectsV2Command({ Bucket: 'parts' }));
    assert.equal(Contents?.[0]?.Size, bytes.byteLength);
  });
});

/** The SDK puts keys through a URL parser, which takes `.` and `..` for directories. */
function sdkTakes(key: string): boolean {
  return !key.split('/').some((part) => part === '.' || part === '..');
}
