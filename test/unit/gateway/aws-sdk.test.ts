// The AWS SDK with its default settings, unchanged, against the gateway.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { MiB } from '../../../src/model/units.ts';
import { hexToBase64 } from '../../../src/wire/checksum/encoding.ts';
import { checksumHex } from '../../../src/wire/checksum/hasher.ts';
import { READER, Serving, STRANGER } from './serving.ts';

const UGLY = [
  'a b',
  'plus+plus',
  '100%',
  '//x',
  'a//b',
  '.',
  '../up',
  'ü日本😀',
  'new\nline',
  'quo\'te"<&>',
  'x'.repeat(1024),
];

for (const over of ['memory', 'file', 's3'] as const) {
  suite(`over ${over}`, () => {
    test('a checksum of the whole of an upload in parts is checked, or refused', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'photos' }));
      const where = { Bucket: 'photos', Key: 'k' };
      const kind = { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'FULL_OBJECT' } as const;
      const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ ...where, ...kind }));
      const bytes = randomBytes(5 * MiB + 3);
      const Parts: s3.CompletedPart[] = [];
      for (const [i, Body] of [bytes.subarray(0, 5 * MiB), bytes.subarray(5 * MiB)].entries()) {
        const part = { ...where, UploadId, PartNumber: i + 1, Body, ChecksumAlgorithm: kind.ChecksumAlgorithm };
        const { ETag, ChecksumCRC64NVME } = await client.send(new s3.UploadPartCommand(part));
        Parts.push({ PartNumber: i + 1, ETag, ChecksumCRC64NVME });
      }
      const complete = (hex: string): Promise<s3.CompleteMultipartUploadCommandOutput> =>
        client.send(
          new s3.CompleteMultipartUploadCommand({
            ...where,
            UploadId,
            MultipartUpload: { Parts },
            ChecksumType: 'FULL_OBJECT',
            ChecksumCRC64NVME: hexToBase64(hex),
            MpuObjectSize: bytes.length,
          }),
        );
      const right = checksumHex('crc64nvme', bytes);
      const refused = over === 's3' ? 'NotImplemented' : 'BadDigest';
      await assert.rejects(complete(checksumHex('crc64nvme', Buffer.from('another'))), { name: refused });
      await assert.rejects(client.send(new s3.HeadObjectCommand(where)), { name: 'NotFound' });
      if (over === 's3') return await assert.rejects(complete(right), { name: refused });
      assert.equal((await complete(right)).ChecksumCRC64NVME, hexToBase64(right));
      const got = await client.send(new s3.GetObjectCommand(where));
      assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), bytes);
    });

    test('objects are put, read, listed and removed as they are', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'photos' }));
      const bytes = randomBytes(70_000);
      const put = await client.send(
        new s3.PutObjectCommand({
          Bucket: 'photos',
          Key: 'a/b.jpg',
          Body: bytes,
          ContentType: 'image/jpeg',
          CacheControl: 'max-age=60',
          ContentDisposition: 'attachment; filename="x.jpg"',
          Metadata: { colour: 'blue', size: 'groß' },
          Tagging: 'a=1&b=two%20words',
        }),
      );
      assert.match(put.ETag!, /^".+"$/);
      const got = await client.send(new s3.GetObjectCommand({ Bucket: 'photos', Key: 'a/b.jpg' }));
      assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), bytes);
      assert.equal(got.ContentType, 'image/jpeg');
      assert.equal(got.CacheControl, 'max-age=60');
      assert.equal(got.ContentDisposition, 'attachment; filename="x.jpg"');
      assert.equal(got.Metadata!['colour'], 'blue');
      assert.equal(got.ETag, put.ETag);
      assert.equal(got.TagCount, 2);
      const head = await client.send(new s3.HeadObjectCommand({ Bucket: 'photos', Key: 'a/b.jpg' }));
      assert.equal(head.ContentLength, bytes.length);
      const listed = await client.send(new s3.ListObjectsV2Command({ Bucket: 'photos' }));
      assert.deepEqual(
        listed.Contents!.map(({ Key, Size, ETag }) => [Key, Size, ETag]),
        [['a/b.jpg', bytes.length, put.ETag]],
      );
      await client.send(new s3.DeleteObjectCommand({ Bucket: 'photos', Key: 'a/b.jpg' }));
      await assert.rejects(client.send(new s3.GetObjectCommand({ Bucket: 'photos', Key: 'a/b.jpg' })), {
        name: 'NoSuchKey',
      });
      await assert.rejects(client.send(new s3.HeadObjectCommand({ Bucket: 'photos', Key: 'a/b.jpg' })), {
        name: 'NotFound',
      });
      await client.send(new s3.DeleteBucketCommand({ Bucket: 'photos' }));
      await assert.rejects(client.send(new s3.ListObjectsCommand({ Bucket: 'photos' })), { name: 'NoSuchBucket' });
    });

    test('metadata is given back to the letter, whatever other tools mean by it', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'meta' }));
      const Metadata = {
        mtime: '1714564800.123456789',
        ctime: '1714564800',
        mode: '33188',
        uid: '0',
        gid: '1000',
        'ferry-link': 'a%20b',
        'with-dash': 'x',
      };
      const at = { Bucket: 'meta', Key: 'k' };
      await client.send(new s3.PutObjectCommand({ ...at, Body: 'v', Metadata }));
      await client.send(new s3.CopyObjectCommand({ Bucket: 'meta', Key: 'copy', CopySource: 'meta/k' }));
      const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ ...at, Key: 'parts', Metadata }));
      const part = { ...at, Key: 'parts', UploadId, PartNumber: 1 };
      const { ETag } = await client.send(new s3.UploadPartCommand({ ...part, Body: 'v' }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await client.send(new s3.CompleteMultipartUploadCommand({ ...at, Key: 'parts', UploadId, MultipartUpload }));
      const { Contents } = await client.send(new s3.ListObjectsV2Command({ Bucket: 'meta' }));
      for (const Key of ['k', 'copy', 'parts']) {
        const head = await client.send(new s3.HeadObjectCommand({ Bucket: 'meta', Key }));
        const got = await client.send(new s3.GetObjectCommand({ Bucket: 'meta', Key }));
        await got.Body!.transformToByteArray();
        assert.deepEqual([head.Metadata, got.Metadata], [Metadata, Metadata], Key);
        const listed = Contents!.find((entry) => entry.Key === Key)!.LastModified!;
        listed.setMilliseconds(0);
        assert.deepEqual([head.LastModified, got.LastModified], [listed, listed], Key);
        assert.ok(Math.abs(listed.getTime() - Date.now()) < 60_000);
      }
    });

    test('ranges and conditions', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'ranges' }));
      const bytes = randomBytes(200_000);
      const at = { Bucket: 'ranges', Key: 'k' };
      const { ETag } = await client.send(new s3.PutObjectCommand({ ...at, Body: bytes }));
      for (const [Range, from, to] of [
        ['bytes=0-0', 0, 1],
        ['bytes=10-99999', 10, 100_000],
        ['bytes=199990-500000', 199_990, 200_000],
        ['bytes=150000-', 150_000, 200_000],
        ['bytes=-10', 199_990, 200_000],
        ['bytes=-900000', 0, 200_000],
      ] as const) {
        const got = await client.send(new s3.GetObjectCommand({ ...at, Range }));
        assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), bytes.subarray(from, to), Range);
        assert.equal(got.ContentRange, `bytes ${from}-${to - 1}/200000`);
        assert.equal(got.$metadata.httpStatusCode, 206);
        const head = await client.send(new s3.HeadObjectCommand({ ...at, Range }));
        assert.equal(head.ContentLength, to - from);
      }
      await assert.rejects(client.send(new s3.GetObjectCommand({ ...at, Range: 'bytes=200000-' })), {
        name: 'InvalidRange',
      });
      await assert.rejects(client.send(new s3.GetObjectCommand({ ...at, IfMatch: '"other"' })), {
        name: 'PreconditionFailed',
      });
      await assert.rejects(
        client.send(new s3.GetObjectCommand({ ...at, IfNoneMatch: ETag })),
        (error: s3.S3ServiceException) => error.$metadata.httpStatusCode === 304,
      );
      await client
        .send(new s3.GetObjectCommand({ ...at, IfMatch: ETag }))
        .then((got) => got.Body!.transformToByteArray());
      await assert.rejects(client.send(new s3.PutObjectCommand({ ...at, Body: 'x', IfNoneMatch: '*' })), {
        name: 'PreconditionFailed',
      });
      await client.send(new s3.PutObjectCommand({ ...at, Key: 'new', Body: 'x', IfNoneMatch: '*' }));
    });

    test('uploads in parts, listed, copied, completed and aborted', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'parts' }));
      const at = { Bucket: 'parts', Key: 'big file' };
      const bytes = randomBytes(12 * MiB);
      const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ ...at, ContentType: 'x/y' }));
      const Parts: s3.CompletedPart[] = [];
      for (const [PartNumber, from, to] of [
        [1, 0, 5],
        [2, 5, 10],
        [3, 10, 12],
      ] as const) {
        const part = await client.send(
          new s3.UploadPartCommand({ ...at, UploadId, PartNumber, Body: bytes.subarray(from * MiB, to * MiB) }),
        );
        Parts.push({ PartNumber, ETag: part.ETag });
      }
      const parts = await client.send(new s3.ListPartsCommand({ ...at, UploadId, MaxParts: 2 }));
      assert.deepEqual(
        parts.Parts!.map(({ PartNumber, Size }) => [PartNumber, Size]),
        [
          [1, 5 * MiB],
          [2, 5 * MiB],
        ],
      );
      assert.equal(parts.IsTruncated, true);
      const uploads = await client.send(new s3.ListMultipartUploadsCommand({ Bucket: 'parts' }));
      assert.deepEqual(
        uploads.Uploads!.map(({ Key, UploadId: id }) => [Key, id]),
        [['big file', UploadId]],
      );
      await assert.rejects(
        client.send(
          new s3.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: Parts.toReversed() } }),
        ),
        { name: 'InvalidPartOrder' },
      );
      const done = await client.send(
        new s3.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }),
      );
      const got = await client.send(new s3.GetObjectCommand(at));
      assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), bytes);
      assert.equal(got.ContentType, 'x/y');
      assert.equal(got.ETag, done.ETag);

      const copy = { Bucket: 'parts', Key: 'copy' };
      const second = await client.send(new s3.CreateMultipartUploadCommand(copy));
      const ref = { ...copy, UploadId: second.UploadId };
      const source = { CopySource: 'parts/big%20file', CopySourceRange: `bytes=0-${6 * MiB - 1}` };
      const one = await client.send(new s3.UploadPartCopyCommand({ ...ref, PartNumber: 1, ...source }));
      const two = await client.send(new s3.UploadPartCommand({ ...ref, PartNumber: 2, Body: 'end' }));
      const MultipartUpload = {
        Parts: [
          { PartNumber: 1, ETag: one.CopyPartResult!.ETag },
          { PartNumber: 2, ETag: two.ETag },
        ],
      };
      await client.send(new s3.CompleteMultipartUploadCommand({ ...ref, MultipartUpload }));
      const copied = await client.send(new s3.GetObjectCommand(copy));
      assert.deepEqual(
        Buffer.from(await copied.Body!.transformToByteArray()),
        Buffer.concat([bytes.subarray(0, 6 * MiB), Buffer.from('end')]),
      );

      const third = await client.send(new s3.CreateMultipartUploadCommand(copy));
      await client.send(new s3.AbortMultipartUploadCommand({ ...copy, UploadId: third.UploadId }));
      await assert.rejects(
        client.send(new s3.UploadPartCommand({ ...copy, UploadId: third.UploadId, PartNumber: 1, Body: 'x' })),
        { name: 'NoSuchUpload' },
      );
      await assert.rejects(client.send(new s3.ListPartsCommand({ ...copy, UploadId: '../../etc/passwd' })), {
        name: 'NoSuchUpload',
      });
    });

    test('copies, tags, attributes and deletes of many', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'one' }));
      await client.send(new s3.CreateBucketCommand({ Bucket: 'two' }));
      await client.send(
        new s3.PutObjectCommand({ Bucket: 'one', Key: 'ä+b', Body: 'body', Metadata: { a: '1' }, Tagging: 't=1' }),
      );
      await client.send(
        new s3.CopyObjectCommand({ Bucket: 'two', Key: 'kept', CopySource: encodeURIComponent('one/ä+b') }),
      );
      const kept = await client.send(new s3.GetObjectCommand({ Bucket: 'two', Key: 'kept' }));
      assert.equal(await kept.Body!.transformToString(), 'body');
      assert.deepEqual(kept.Metadata, { a: '1' });
      await client.send(
        new s3.CopyObjectCommand({
          Bucket: 'two',
          Key: 'kept',
          CopySource: 'two/kept',
          MetadataDirective: 'REPLACE',
          Metadata: { b: '2' },
        }),
      );
      const replaced = await client.send(new s3.HeadObjectCommand({ Bucket: 'two', Key: 'kept' }));
      assert.deepEqual(replaced.Metadata, { b: '2' });
      const tags = { Bucket: 'two', Key: 'kept' };
      assert.deepEqual((await client.send(new s3.GetObjectTaggingCommand(tags))).TagSet, [{ Key: 't', Value: '1' }]);
      await client.send(new s3.PutObjectTaggingCommand({ ...tags, Tagging: { TagSet: [{ Key: 'x', Value: 'ü <' }] } }));
      assert.deepEqual((await client.send(new s3.GetObjectTaggingCommand(tags))).TagSet, [{ Key: 'x', Value: 'ü <' }]);
      await client.send(new s3.DeleteObjectTaggingCommand(tags));
      assert.deepEqual((await client.send(new s3.GetObjectTaggingCommand(tags))).TagSet, []);
      const attributes = await client.send(
        new s3.GetObjectAttributesCommand({ ...tags, ObjectAttributes: ['ObjectSize', 'ETag'] }),
      );
      assert.equal(attributes.ObjectSize, 4);
      const gone = await client.send(
        new s3.DeleteObjectsCommand({ Bucket: 'two', Delete: { Objects: [{ Key: 'kept' }, { Key: 'never there' }] } }),
      );
      assert.deepEqual(new Set(gone.Deleted!.map(({ Key }) => Key)), new Set(['kept', 'never there']));
      const { Buckets } = await client.send(new s3.ListBucketsCommand({}));
      assert.deepEqual(
        Buckets!.map(({ Name }) => Name),
        ['one', 'two'],
      );
    });

    test('listings go page by page through delimiters, ugly keys included', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'pages' }));
      const ugly = over === 'file' ? UGLY.filter((key) => !/^\.|\/\/|^x/.test(key)) : UGLY;
      const keys = [...ugly, ...Array.from({ length: 30 }, (_, i) => `dir${i % 5}/sub${i % 3}/file${i}`), 'top'];
      for (const Key of keys) await client.send(new s3.PutObjectCommand({ Bucket: 'pages', Key, Body: Key }));
      const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      for (const MaxKeys of [1, 3, 1000]) {
        const found: string[] = [];
        for (let ContinuationToken: string | undefined; ;) {
          const page = await client.send(
            new s3.ListObjectsV2Command({ Bucket: 'pages', MaxKeys, ContinuationToken, EncodingType: 'url' }),
          );
          found.push(...(page.Contents ?? []).map(({ Key }) => decodeURIComponent(Key!)));
          if (page.IsTruncated !== true) break;
          ContinuationToken = page.NextContinuationToken;
        }
        assert.deepEqual(found, inOrder);
        const shown: string[] = [];
        for (let Marker: string | undefined; ;) {
          const page = await client.send(
            new s3.ListObjectsCommand({ Bucket: 'pages', MaxKeys, Marker, Delimiter: '/', Prefix: 'dir' }),
          );
          shown.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!));
          assert.equal(page.Contents, undefined);
          if (page.IsTruncated !== true) break;
          Marker = page.NextMarker;
        }
        assert.deepEqual(shown, ['dir0/', 'dir1/', 'dir2/', 'dir3/', 'dir4/']);
      }
      const below = await client.send(
        new s3.ListObjectsV2Command({ Bucket: 'pages', Prefix: 'dir1/', Delimiter: '/', StartAfter: 'dir1/sub0/zzz' }),
      );
      assert.deepEqual(
        below.CommonPrefixes!.map(({ Prefix }) => Prefix),
        ['dir1/sub1/', 'dir1/sub2/'],
      );
    });

    test('a stream whose length is known arrives in signed or unsigned chunks', async () => {
      await using serving = await Serving.start({ over });
      const client = serving.client();
      await client.send(new s3.CreateBucketCommand({ Bucket: 'streams' }));
      const bytes = randomBytes(3 * MiB);
      for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
        const body = Readable.from([bytes.subarray(0, MiB), bytes.subarray(MiB)]);
        const put = await client.send(
          new s3.PutObjectCommand({
            Bucket: 'streams',
            Key: 'k',
            Body: body,
            ContentLength: bytes.length,
            ChecksumAlgorithm,
          }),
        );
        assert.ok(put[`Checksum${ChecksumAlgorithm}`] !== undefined, ChecksumAlgorithm);
        const got = await client.send(new s3.GetObjectCommand({ Bucket: 'streams', Key: 'k' }));
        assert.deepEqual(Buffer.from(await got.Body!.transformToByteArray()), bytes);
      }
    });
  });
}

test('who may not, cannot', async () => {
  await using serving = await Serving.start();
  const client = serving.client();
  await client.send(new s3.CreateBucketCommand({ Bucket: 'private' }));
  await client.send(new s3.PutObjectCommand({ Bucket: 'private', Key: 'k', Body: 'v' }));
  const get = new s3.GetObjectCommand({ Bucket: 'private', Key: 'k' });
  await assert.rejects(serving.client(STRANGER).send(get), { name: 'AccessDenied' });
  assert.deepEqual((await serving.client(STRANGER).send(new s3.ListBucketsCommand({}))).Buckets ?? [], []);
  await assert.rejects(serving.client(STRANGER).send(new s3.CreateBucketCommand({ Bucket: 'private' })), {
    name: 'BucketAlreadyExists',
  });
  const reader = serving.client(READER);
  assert.equal(await (await reader.send(get)).Body!.transformToString(), 'v');
  await assert.rejects(reader.send(new s3.PutObjectCommand({ Bucket: 'private', Key: 'k', Body: 'x' })), {
    name: 'AccessDenied',
  });
  const copy = new s3.CopyObjectCommand({ Bucket: 'mine', Key: 'k', CopySource: 'private/k' });
  await serving.client(STRANGER).send(new s3.CreateBucketCommand({ Bucket: 'mine' }));
  await assert.rejects(serving.client(STRANGER).send(copy), { name: 'AccessDenied' });
  assert.equal((await fetch(`${serving.endpoint}/private/k`)).status, 403);
  assert.equal((await fetch(`${serving.endpoint}/absent/k`)).status, 403);
});
