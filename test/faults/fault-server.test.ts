// The fault server itself: honest without rules (by the AWS SDK's judgement), and wrong exactly where told to be.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { sdkFor } from '../peers/sdk.ts';
import { startFaultServer } from './fault-server.ts';

const Bucket = 'bucket';
const UGLY = ['a b+c%20', '//x', '../..', '\u{1f600}', '\ufffd', 'control\u0001\u000b', 'a&<>"\'', 'plain'];

test('keeps what the SDK writes: ugly keys, metadata, tags, ranges, listings in byte order', async () => {
  await using server = await startFaultServer({ buckets: [Bucket] });
  using client = sdkFor(server);
  for (const Key of UGLY) {
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body: `of ${Key}`,
        Metadata: { a: 'b' },
        ContentType: 'x/y',
        Tagging: 't=1%262',
      }),
    );
    const read = await client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=3-' }));
    assert.equal(await read.Body?.transformToString(), Key);
    assert.deepEqual([read.Metadata, read.ContentType, read.TagCount], [{ a: 'b' }, 'x/y', 1]);
    const { TagSet } = await client.send(new GetObjectTaggingCommand({ Bucket, Key }));
    assert.deepEqual(TagSet, [{ Key: 't', Value: '1&2' }]);
  }
  const sorted = UGLY.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const v2 = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5, EncodingType: 'url' }));
  const rest = await client.send(
    new ListObjectsV2Command({ Bucket, ContinuationToken: v2.NextContinuationToken!, EncodingType: 'url' }),
  );
  const keys = [...v2.Contents!, ...rest.Contents!].map(({ Key }) => decodeURIComponent(Key!.replaceAll('+', ' ')));
  assert.deepEqual(keys, sorted);
  const v1 = await client.send(new ListObjectsCommand({ Bucket, Marker: sorted[3]!, EncodingType: 'url' }));
  assert.equal(v1.Contents!.length, sorted.length - 4);
  const grouped = await client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
  assert.deepEqual(grouped.CommonPrefixes, [{ Prefix: '../' }, { Prefix: '/' }]);
  await client
    .send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: UGLY.map((Key) => ({ Key })) } }))
    .catch(() => {
      // The SDK sends a CRC-32 in place of the MD5 this server insists on, as Swift does.
    });
  assert.equal(server.requests.at(-1)!.operation, 'DeleteObjects');
  assert.equal(server.requests.at(-1)!.status, 400);
});

test('multipart uploads get the ETag S3 gives them; conditions and parts are checked', async () => {
  await using server = await startFaultServer({ buckets: [Bucket] });
  using client = sdkFor(server);
  const Key = 'large';
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const bodies = [randomBytes(5 * 2 ** 20), randomBytes(1000)];
  const Parts = [];
  for (const [i, Body] of bodies.entries()) {
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ PartNumber: i + 1, ETag });
  }
  const complete = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
  await assert.rejects(
    client.send(new CompleteMultipartUploadCommand({ ...complete, MultipartUpload: { Parts: Parts.toReversed() } })),
    /InvalidPartOrder/,
  );
  const { ETag } = await client.send(new CompleteMultipartUploadCommand({ ...complete, IfNoneMatch: '*' }));
  const digests = bodies.map((body) => createHash('md5').update(body).digest());
  assert.equal(ETag, `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-2"`);
  const head = await client.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 2 }));
  assert.deepEqual([head.ContentLength, head.PartsCount], [1000, 2]);
  await assert.rejects(
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'new', IfNoneMatch: '*' })),
    /Precondition/,
  );
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
  assert.deepEqual(server.bucket(Bucket).get('copy')!.body, Buffer.concat(bodies));
});

test('refuses what is not signed right, or at another time', async () => {
  await using server = await startFaultServer({ buckets: [Bucket] });
  const { endpoint, accessKey, region } = server;
  using wrong = sdkFor({ endpoint, accessKey, region, secretKey: 'other' });
  using right = sdkFor(server);
  await assert.rejects(wrong.send(new PutObjectCommand({ Bucket, Key: 'a', Body: '' })), /SignatureDoesNotMatch/);
  await assert.rejects(
    right.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })),
    /BadDigest/,
  );
  assert.equal(server.bucket(Bucket).size, 0);
  await using late = await startFaultServer({ buckets: [Bucket], now: () => Date.now() + 3_600_000 });
  using early = sdkFor(late);
  await early.send(new HeadObjectCommand({ Bucket, Key: 'a' })).catch(() => {}); // the SDK corrects its clock by this
  assert.equal(late.requests[0]!.status, 403);
});

test('a fault meets the requests its rule names and no others', async () => {
  await using server = await startFaultServer({
    buckets: [Bucket],
    rules: [
      { op: 'GetObject', key: /^b/, nth: [1], perKey: true, fault: { do: 'truncate', share: 0.5, announced: true } },
      { op: 'PutObject', key: 'c', fault: { do: 'reset', when: 'lost-answer' } },
      { op: 'PutObject', key: 'd', fault: { do: 'corrupt-request' } },
      { op: 'GetObject', key: 'a', nth: [2], fault: { do: 'answer', status: 200, type: 'text/html', body: '<html>' } },
      { op: 'GetObject', key: 'a', nth: [3], fault: { do: 'stall', after: 'nothing' } },
    ],
  });
  server.expect = (_, key, { body }) => (body.toString() === `body of ${key}` ? undefined : body.toString('latin1'));
  using client = sdkFor(server);
  const put = (Key: string): Promise<unknown> =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }));
  const get = async (Key: string, signal?: AbortSignal): Promise<string> => {
    const options = signal ? { abortSignal: signal } : {};
    return (await client.send(new GetObjectCommand({ Bucket, Key }), options)).Body!.transformToString();
  };
  for (const key of ['a', 'b1', 'b2']) await put(key);
  assert.equal(await get('a'), 'body of a');
  assert.equal(await get('a'), '<html>');
  await assert.rejects(get('a', AbortSignal.timeout(50)));
  for (const key of ['b1', 'b2']) {
    await assert.rejects(get(key));
    assert.equal(await get(key), `body of ${key}`);
  }
  await assert.rejects(put('c'));
  assert.ok(server.bucket(Bucket).get('c'), 'its answer was lost, not the object');
  await assert.rejects(put('d'), /SHA256Mismatch/);
  assert.deepEqual(server.violations, []);
  await client.send(new PutObjectCommand({ Bucket, Key: 'e', Body: 'other bytes' }));
  assert.deepEqual(server.violations, ['bucket/e: other bytes']);
});
