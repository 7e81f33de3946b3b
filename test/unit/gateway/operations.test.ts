// Single operations beside the API reference of S3: parameters, limits, answers and errors.
import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { MiB } from '../../../src/model/units.ts';
import type { Store } from '../../../src/store/store.ts';
import { hexToBase64 } from '../../../src/wire/checksum/encoding.ts';
import { checksumHex } from '../../../src/wire/checksum/hasher.ts';
import { ALICE, REGION, Serving, STRANGER } from './serving.ts';
import { raw, signed, type Answer, type SignedOptions } from './signed.ts';

type Pairs = readonly (readonly [string, string])[];

/** A server with a bucket, and its store. */
async function box(): Promise<{ readonly serving: Serving; readonly store: Store } & AsyncDisposable> {
  const serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const { store } = serving.buckets.find('box')!;
  return { serving, store, [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose]() };
}

function texts(document: string, element: string): string[] {
  return [...document.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'g'))].map((match) => match[1]!);
}

suite('listing', () => {
  const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'ü +&', 'z//'];

  async function filled(): Promise<Awaited<ReturnType<typeof box>> & { list(query: Pairs): Promise<Answer> }> {
    const { serving, store, ...rest } = await box();
    for (const key of keys) await store.write(key, Buffer.from(key));
    return { serving, store, ...rest, list: (query) => signed(serving, { path: '/box', query }) };
  }

  for (const version of [1, 2]) {
    const common: Pairs = version === 2 ? [['list-type', '2']] : [];

    test(`of version ${version}: max-keys`, async () => {
      await using bucket = await filled();
      const none = await bucket.list([...common, ['max-keys', '0']]);
      assert.deepEqual(texts(none.text, 'IsTruncated'), ['false']);
      assert.deepEqual([texts(none.text, 'Key'), texts(none.text, 'MaxKeys')], [[], ['0']]);
      const many = await bucket.list([...common, ['max-keys', '5000']]);
      assert.deepEqual([texts(many.text, 'Key').length, texts(many.text, 'MaxKeys')], [keys.length, ['1000']]);
      for (const wrong of ['-1', 'x', '1.5', '99999999999'])
        assert.equal((await bucket.list([...common, ['max-keys', wrong]])).code, 'InvalidArgument', wrong);
      if (version === 2) assert.deepEqual(texts(many.text, 'KeyCount'), [String(keys.length)]);
    });

    test(`of version ${version}: prefix, delimiter, encoding`, async () => {
      await using bucket = await filled();
      const below = await bucket.list([...common, ['prefix', 'b/'], ['delimiter', '/']]);
      assert.deepEqual(texts(below.text, 'Key'), ['b/1', 'b/2']);
      assert.deepEqual(texts(below.text, 'CommonPrefixes'), ['<Prefix>b/c/</Prefix>']);
      const long = await bucket.list([...common, ['delimiter', '//']]);
      assert.deepEqual(texts(long.text, 'CommonPrefixes'), ['<Prefix>z//</Prefix>']);
      assert.deepEqual(texts(long.text, 'Key').length, keys.length - 1);
      const empty = await bucket.list([...common, ['delimiter', '']]);
      assert.deepEqual(texts(empty.text, 'Key').length, keys.length);
      const encoded = await bucket.list([...common, ['prefix', 'ü'], ['encoding-type', 'url'], ['delimiter', '+']]);
      assert.deepEqual(texts(encoded.text, 'CommonPrefixes'), ['<Prefix>%C3%BC%20%2B</Prefix>']);
      assert.deepEqual([texts(encoded.text, 'EncodingType'), texts(encoded.text, 'Delimiter')], [['url'], ['%2B']]);
      const plain = await bucket.list([...common, ['prefix', 'ü']]);
      assert.deepEqual(texts(plain.text, 'Key'), ['ü +&amp;']);
      assert.equal((await bucket.list([...common, ['encoding-type', 'xml']])).code, 'InvalidArgument');
    });
  }

  test('of version 1: marker, and NextMarker only with a delimiter', async () => {
    await using bucket = await filled();
    const after = await bucket.list([['marker', 'b/2']]);
    assert.deepEqual(texts(after.text, 'Key').slice(0, 2), ['b/c/3', 'b0']);
    assert.deepEqual(texts(after.text, 'Marker'), ['b/2']);
    const first = await bucket.list([['max-keys', '2']]);
    assert.deepEqual([texts(first.text, 'IsTruncated'), texts(first.text, 'NextMarker')], [['true'], []]);
    const grouped = await bucket.list([
      ['max-keys', '2'],
      ['delimiter', '/'],
    ]);
    assert.deepEqual(texts(grouped.text, 'NextMarker'), ['b/']);
    const rest = await bucket.list([
      ['marker', 'b/'],
      ['delimiter', '/'],
    ]);
    assert.deepEqual(
      [texts(rest.text, 'Key'), texts(rest.text, 'CommonPrefixes')],
      [['b0', 'ü +&amp;'], ['<Prefix>z/</Prefix>']],
    );
    assert.equal(texts(first.text, 'Owner').length, 2);
  });

  test('of version 2: start-after, tokens, fetch-owner', async () => {
    await using bucket = await filled();
    const v2 = async (...query: Pairs): Promise<string> => (await bucket.list([['list-type', '2'], ...query])).text;
    const after = await v2(['start-after', 'b/2']);
    assert.deepEqual([texts(after, 'StartAfter'), texts(after, 'Key')[0]], [['b/2'], 'b/c/3']);
    assert.equal(texts(after, 'Owner').length, 0);
    assert.ok(texts(await v2(['fetch-owner', 'true']), 'Owner').length > 0);
    const page = await v2(['max-keys', '3'], ['start-after', 'a']);
    const [token] = texts(page, 'NextContinuationToken');
    const next = await v2(['continuation-token', token!], ['start-after', 'a']);
    assert.deepEqual([texts(next, 'ContinuationToken'), texts(next, 'Key')], [[token], ['b0', 'z//', 'ü +&amp;']]);
    for (const bad of ['', 'nonsense!', 'YQ=='])
      assert.match(await v2(['continuation-token', bad]), /<Code>InvalidArgument</);
  });
});

test('a listing by delimiter asks the service behind once for a page, however much is below its prefixes', async () => {
  await using serving = await Serving.start({ over: 's3' });
  await serving.buckets.create('box', ALICE.tenant);
  const { store } = serving.behind!.buckets.find('box')!;
  const prefixes = Array.from({ length: 30 }, (_, i) => `dir${String(i).padStart(2, '0')}/`);
  for (const prefix of prefixes)
    for (const name of ['a', 'b', 'c/d']) await store.write(prefix + name, Buffer.from('v'));
  const pages: string[][] = [];
  const asked: number[] = [];
  for (let token: string | undefined; ;) {
    const before = serving.behind!.log.length;
    const query: Pairs = [
      ['list-type', '2'],
      ['delimiter', '/'],
      ['max-keys', '12'],
      ...(token === undefined ? [] : [['continuation-token', token] as const]),
    ];
    const { text } = await signed(serving, { path: '/box', query });
    asked.push(serving.behind!.log.length - before);
    pages.push(texts(text, 'Prefix').filter((prefix) => prefix !== ''));
    [token] = texts(text, 'NextContinuationToken');
    if (token === undefined) break;
  }
  assert.deepEqual(pages.flat(), prefixes);
  assert.deepEqual(asked, [1, 1, 1]);
});

test('buckets are listed by prefix and by pages', async () => {
  await using serving = await Serving.start();
  for (const name of ['aaa', 'bb1', 'bb2', 'bb3']) await serving.buckets.create(name, ALICE.tenant);
  const list = async (...query: Pairs): Promise<string> => (await signed(serving, { query })).text;
  const first = await list(['prefix', 'bb'], ['max-buckets', '2']);
  assert.deepEqual(texts(first, 'Name'), ['bb1', 'bb2']);
  const [token] = texts(first, 'ContinuationToken');
  assert.deepEqual(texts(await list(['prefix', 'bb'], ['continuation-token', token!]), 'Name'), ['bb3']);
  assert.deepEqual(texts(await list(['bucket-region', 'elsewhere']), 'Name'), []);
  assert.deepEqual(texts(await list(['bucket-region', REGION]), 'Name').length, 4);
});

suite('documents', () => {
  const remove = (body: Uint8Array, more: Partial<SignedOptions> = {}): SignedOptions => ({
    method: 'POST',
    path: '/box',
    query: [['delete', '']],
    body,
    ...more,
  });
  const naming = (...keys: string[]): Buffer =>
    Buffer.from(`<Delete>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`);

  test('that are not what was signed or announced change nothing', async () => {
    await using bucket = await box();
    await bucket.store.write('k', Buffer.from('v'));
    const other = naming('x');
    const wrong: [string, SignedOptions, string][] = [
      ['the signed hash', remove(other, { instead: naming('k') }), 'XAmzContentSHA256Mismatch'],
      ['Content-MD5', remove(naming('k'), { headers: ['Content-MD5', hash('md5', other, 'base64')] }), 'BadDigest'],
      [
        'a checksum',
        remove(naming('k'), { headers: ['x-amz-checksum-sha256', hash('sha256', other, 'base64')] }),
        'BadDigest',
      ],
    ];
    for (const [what, options, code] of wrong) {
      assert.equal((await signed(bucket.serving, options)).code, code, what);
      assert.notEqual(await bucket.store.stat('k'), undefined, what);
    }
    assert.equal((await signed(bucket.serving, remove(naming('k')))).status, 200);
    assert.equal(await bucket.store.stat('k'), undefined);
  });

  test('of a thousand long keys are taken, larger ones are not', async () => {
    await using bucket = await box();
    const keys = Array.from({ length: 1000 }, (_, i) => `${i}`.padStart(1000, 'k'));
    await bucket.store.write(keys[999]!, Buffer.from('v'));
    const answer = await signed(bucket.serving, remove(naming(...keys)));
    assert.equal(texts(answer.text, 'Deleted').length, 1000);
    assert.equal(await bucket.store.stat(keys[999]!), undefined);
    assert.equal((await signed(bucket.serving, remove(Buffer.alloc(9 * MiB, ' ')))).code, 'MalformedXML');
  });
});

test('access lists of what is not there cannot be set', async () => {
  await using bucket = await box();
  const put = (path: string): Promise<Answer> =>
    signed(bucket.serving, { method: 'PUT', path, query: [['acl', '']], headers: ['x-amz-acl', 'private'] });
  assert.equal((await put('/box/absent')).code, 'NoSuchKey');
  assert.equal((await put('/box')).status, 200);
  await bucket.store.write('k', Buffer.from('v'));
  assert.equal((await put('/box/k')).status, 200);
  const got = await signed(bucket.serving, { path: '/box/k', query: [['acl', '']] });
  assert.match(got.text, /<Permission>FULL_CONTROL<\/Permission>/);
});

test('a bucket that has to be somebody else’s is not used', async () => {
  await using bucket = await box();
  await bucket.store.write('k', Buffer.from('v'));
  const expect = async (owner: string, name = 'x-amz-expected-bucket-owner'): Promise<string | undefined> =>
    (
      await signed(bucket.serving, {
        method: 'PUT',
        path: '/box/copy',
        headers: ['x-amz-copy-source', '/box/k', name, owner],
      })
    ).code;
  assert.equal(await expect(STRANGER.tenant), 'AccessDenied');
  assert.equal(await expect(STRANGER.tenant, 'x-amz-source-expected-bucket-owner'), 'AccessDenied');
  assert.equal(await bucket.store.stat('copy'), undefined);
  assert.equal(await expect(ALICE.tenant), undefined);
  assert.notEqual(await bucket.store.stat('copy'), undefined);
});

suite('attributes and parts', () => {
  test('are told of objects written whole and in parts', async () => {
    await using bucket = await box();
    const client = bucket.serving.client();
    const whole = { Bucket: 'box', Key: 'whole' };
    const bytes = randomBytes(1000);
    await client.send(new s3.PutObjectCommand({ ...whole, Body: bytes, ChecksumAlgorithm: 'SHA256' }));
    await client.send(new s3.PutObjectCommand({ Bucket: 'box', Key: 'empty', Body: '' }));
    const parts = { Bucket: 'box', Key: 'parts' };
    const body = randomBytes(11 * MiB);
    const uploadId = await bucket.store.multipart!.begin('parts');
    const ref = { key: 'parts', uploadId };
    const put = async (number: number, from: number): Promise<{ number: number; etag: string }> => ({
      number,
      ...(await bucket.store.multipart!.put(ref, number, body.subarray(from * MiB, (from + 5) * MiB))),
    });
    await bucket.store.multipart!.complete(ref, [await put(1, 0), await put(4, 5), await put(9, 10)]);

    const ObjectAttributes = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const;
    const ask = (at: { Bucket: string; Key: string }): Promise<s3.GetObjectAttributesCommandOutput> =>
      client.send(new s3.GetObjectAttributesCommand({ ...at, ObjectAttributes: [...ObjectAttributes] }));
    const ofWhole = await ask(whole);
    assert.deepEqual(
      [ofWhole.ETag, ofWhole.ObjectSize, ofWhole.StorageClass, ofWhole.ObjectParts],
      [hash('md5', bytes), 1000, 'STANDARD', undefined],
    );
    assert.equal((await ask(parts)).ObjectParts?.TotalPartsCount, 3);
    const unknown = await signed(bucket.serving, {
      path: '/box/whole',
      query: [['attributes', '']],
      headers: ['x-amz-object-attributes', 'ETag,Colour'],
    });
    assert.equal(unknown.code, 'InvalidArgument');

    const got: Buffer[] = [];
    for (const PartNumber of [1, 2, 3]) {
      const head = await client.send(new s3.HeadObjectCommand({ ...parts, PartNumber }));
      const part = await client.send(new s3.GetObjectCommand({ ...parts, PartNumber }));
      assert.deepEqual([head.PartsCount, part.PartsCount], [3, 3]);
      assert.equal(part.$metadata.httpStatusCode, 206);
      got.push(Buffer.from(await part.Body!.transformToByteArray()));
      assert.equal(head.ContentLength, got.at(-1)!.length);
    }
    assert.deepEqual(Buffer.concat(got), body);
    assert.equal(got[2]!.length, MiB);
    await assert.rejects(client.send(new s3.GetObjectCommand({ ...parts, PartNumber: 4 })), {
      name: 'InvalidPartNumber',
    });
    await assert.rejects(client.send(new s3.GetObjectCommand({ ...parts, PartNumber: 1, Range: 'bytes=0-1' })), {
      name: 'InvalidRequest',
    });
    const only = await client.send(new s3.GetObjectCommand({ ...whole, PartNumber: 1 }));
    assert.deepEqual([only.ContentRange, only.PartsCount], ['bytes 0-999/1000', undefined]);
    const nothing = await client.send(new s3.GetObjectCommand({ Bucket: 'box', Key: 'empty', PartNumber: 1 }));
    assert.equal(nothing.ContentLength, 0);
  });

  test('of irregular parts nothing is guessed', async () => {
    await using bucket = await box();
    const uploadId = await bucket.store.multipart!.begin('k');
    const ref = { key: 'k', uploadId };
    const sizes = [5 * MiB, 7 * MiB, 5 * MiB, 6 * MiB];
    const parts = [];
    for (const [i, size] of sizes.entries())
      parts.push({ number: i + 1, ...(await bucket.store.multipart!.put(ref, i + 1, Buffer.alloc(size, i))) });
    await bucket.store.multipart!.complete(ref, parts);
    const client = bucket.serving.client();
    const first = await client.send(new s3.HeadObjectCommand({ Bucket: 'box', Key: 'k', PartNumber: 1 }));
    assert.equal(first.ContentLength, 5 * MiB);
    const second = await signed(bucket.serving, { path: '/box/k', query: [['partNumber', '2']] });
    assert.deepEqual([second.status, second.code], [501, 'NotImplemented']);
  });
});

suite('uploads in parts', () => {
  test('that cannot be completed say why', async () => {
    await using bucket = await box();
    const multipart = bucket.store.multipart!;
    const uploadId = await multipart.begin('k');
    const ref = { key: 'k', uploadId };
    const one = await multipart.put(ref, 1, Buffer.from('small'));
    const two = await multipart.put(ref, 2, Buffer.from('last'));
    const part = (number: number, etag: string): string =>
      `<Part><PartNumber>${number}</PartNumber><ETag>"${etag}"</ETag></Part>`;
    const complete = async (parts: string, headers: string[] = [], id = uploadId): Promise<Answer> =>
      await signed(bucket.serving, {
        method: 'POST',
        path: '/box/k',
        query: [['uploadId', id]],
        headers,
        body: Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`),
      });
    const wrong: [string, Parameters<typeof complete>, number, string][] = [
      ['too small', [part(1, one.etag) + part(2, two.etag)], 400, 'EntityTooSmall'],
      ['another ETag', [part(1, two.etag)], 400, 'InvalidPart'],
      ['a part that is not there', [part(3, one.etag)], 400, 'InvalidPart'],
      ['out of order', [part(2, two.etag) + part(1, one.etag)], 400, 'InvalidPartOrder'],
      ['twice', [part(2, two.etag) + part(2, two.etag)], 400, 'InvalidPartOrder'],
      ['none', [''], 400, 'MalformedXML'],
      ['another upload', [part(2, two.etag), [], 'other'], 404, 'NoSuchUpload'],
      ['a checksum of parts', [part(2, two.etag), ['x-amz-checksum-crc32', 'AAAAAA==-1']], 501, 'NotImplemented'],
      ['a checksum that is none', [part(2, two.etag), ['x-amz-checksum-crc32', 'AAAA']], 400, 'InvalidRequest'],
      ['another checksum', [part(2, two.etag), ['x-amz-checksum-crc32', 'AAAAAA==']], 400, 'BadDigest'],
      ['a digest', [part(2, two.etag), ['x-amz-checksum-sha256', 'A'.repeat(43) + '=']], 501, 'NotImplemented'],
      ['another size', [part(2, two.etag), ['x-amz-mp-object-size', '5']], 400, 'InvalidRequest'],
      ['no size', [part(2, two.etag), ['x-amz-mp-object-size', 'x']], 400, 'InvalidRequest'],
      ['a version of nothing', [part(2, two.etag), ['If-Match', '"x"']], 404, 'NoSuchKey'],
    ];
    for (const [what, asked, status, code] of wrong) {
      const answer = await complete(...asked);
      assert.deepEqual([answer.status, answer.code], [status, code], what);
      assert.equal(await bucket.store.stat('k'), undefined, what);
    }
    await bucket.store.write('k', Buffer.from('there'));
    const taken = await complete(part(2, two.etag), ['If-None-Match', '*']);
    assert.deepEqual([taken.status, taken.code], [412, 'PreconditionFailed']);
    assert.equal((await complete(part(2, two.etag), ['If-Match', '"x"'])).code, 'PreconditionFailed');
    const { etag } = (await bucket.store.stat('k'))!;
    const whole = ['x-amz-checksum-crc32', hexToBase64(checksumHex('crc32', Buffer.from('last')))];
    const given = [
      'If-Match',
      `"${etag!}"`,
      ...whole,
      'x-amz-checksum-type',
      'FULL_OBJECT',
      'x-amz-mp-object-size',
      '4',
    ];
    const done = await complete(part(2, two.etag), given);
    assert.equal(done.status, 200);
    assert.match(done.text, /<ChecksumCRC32>[^<]{8}<\/ChecksumCRC32><ChecksumType>FULL_OBJECT</);
    assert.equal((await complete(part(2, two.etag))).code, 'NoSuchUpload');
    assert.equal((await complete(part(2, two.etag), ['If-Match', '"x"'])).code, 'NoSuchUpload');
  });

  test('and their parts are listed page by page', async () => {
    await using bucket = await box();
    const client = bucket.serving.client();
    const multipart = bucket.store.multipart!;
    const ids: string[] = [];
    for (const key of ['a', 'a', 'b/c', 'd']) ids.push(await multipart.begin(key));
    for (const MaxUploads of [1, 2, 3]) {
      const found: [string, string][] = [];
      let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
      for (;;) {
        const page = await client.send(new s3.ListMultipartUploadsCommand({ Bucket: 'box', MaxUploads, ...from }));
        for (const { Key, UploadId } of page.Uploads ?? []) found.push([Key!, UploadId!]);
        if (page.IsTruncated !== true) break;
        from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      }
      assert.deepEqual(
        found.map(([key]) => key),
        ['a', 'a', 'b/c', 'd'],
      );
      assert.deepEqual(new Set(found.map(([, id]) => id)), new Set(ids));
    }
    for (const key of ['b/d', 'b/d', 'e +/1', 'e +/2', 'f']) ids.push(await multipart.begin(key));
    for (const MaxUploads of [1, 2, 3, 100]) {
      const found: string[] = [];
      let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
      for (;;) {
        const asked = { Bucket: 'box', MaxUploads, Delimiter: '/', EncodingType: 'url', ...from } as const;
        const page = await client.send(new s3.ListMultipartUploadsCommand(asked));
        assert.equal(page.EncodingType, 'url');
        for (const { Key } of page.Uploads ?? []) found.push(Key!);
        for (const { Prefix } of page.CommonPrefixes ?? []) found.push(decodeURIComponent(Prefix!));
        assert.ok((page.Uploads ?? []).length + (page.CommonPrefixes ?? []).length <= MaxUploads);
        if (page.IsTruncated !== true) break;
        from = { KeyMarker: decodeURIComponent(page.NextKeyMarker!), UploadIdMarker: page.NextUploadIdMarker };
      }
      assert.deepEqual(found.toSorted(), ['a', 'a', 'b/', 'd', 'e +/', 'f'], `pages of ${MaxUploads}`);
    }
    for (const each of await multipart.list!('', undefined, 100))
      if (ids.indexOf(each.uploadId) >= 4) await multipart.abort(each);
    const below = await client.send(new s3.ListMultipartUploadsCommand({ Bucket: 'box', Prefix: 'b/' }));
    assert.deepEqual(
      below.Uploads!.map(({ Key }) => Key),
      ['b/c'],
    );
    const after = await client.send(new s3.ListMultipartUploadsCommand({ Bucket: 'box', KeyMarker: 'b/c' }));
    assert.deepEqual(
      after.Uploads!.map(({ Key, Initiator }) => [Key, Initiator?.ID]),
      [['d', ALICE.tenant]],
    );

    const ref = { key: 'd', uploadId: ids[3]! };
    for (const number of [1, 2, 3, 10_000]) await multipart.put(ref, number, Buffer.from('x'));
    const numbers: number[] = [];
    for (let PartNumberMarker: string | undefined; ;) {
      const at = { Bucket: 'box', Key: 'd', UploadId: ref.uploadId };
      const page = await client.send(new s3.ListPartsCommand({ ...at, MaxParts: 2, PartNumberMarker }));
      numbers.push(...page.Parts!.map(({ PartNumber }) => PartNumber!));
      if (page.IsTruncated !== true) break;
      PartNumberMarker = page.NextPartNumberMarker;
    }
    assert.deepEqual(numbers, [1, 2, 3, 10_000]);
  });

  test('copy parts by range and under conditions', async () => {
    await using bucket = await box();
    const source = await bucket.store.write('from', Buffer.from('0123456789'));
    const ref = { key: 'k', uploadId: await bucket.store.multipart!.begin('k') };
    const copy = async (...headers: string[]): Promise<Answer> =>
      await signed(bucket.serving, {
        method: 'PUT',
        path: '/box/k',
        query: [['partNumber', '1'], ['uploadId', ref.uploadId]],
        headers: ['x-amz-copy-source', '/box/from', ...headers],
      }); // prettier-ignore
    const etag = `"${source.etag!}"`;
    const wrong: [string[], number, string][] = [
      [['x-amz-copy-source-range', 'bytes=5-10'], 416, 'InvalidRange'],
      [['x-amz-copy-source-range', 'bytes=5-'], 400, 'InvalidArgument'],
      [['x-amz-copy-source-if-match', '"other"'], 412, 'PreconditionFailed'],
      [['x-amz-copy-source-if-none-match', etag], 412, 'PreconditionFailed'],
      [['x-amz-copy-source-if-modified-since', new Date(Date.now() + 60_000).toUTCString()], 412, 'PreconditionFailed'],
      [['x-amz-copy-source-if-unmodified-since', 'Tue, 01 Jan 2019 00:00:00 GMT'], 412, 'PreconditionFailed'],
    ];
    for (const [headers, status, code] of wrong) {
      const answer = await copy(...headers);
      assert.deepEqual([answer.status, answer.code], [status, code], String(headers));
    }
    assert.deepEqual(await bucket.store.multipart!.parts!(ref, 0, 10), []);
    const done = await copy('x-amz-copy-source-range', 'bytes=2-5', 'x-amz-copy-source-if-match', etag);
    assert.equal(texts(done.text, 'ETag')[0], `&quot;${hash('md5', '2345')}&quot;`);
  });
});

test('a copy takes or replaces metadata and tags as it is told', async () => {
  await using bucket = await box();
  const client = bucket.serving.client();
  const at = { Bucket: 'box' };
  const from = { CopySource: 'box/from' };
  const meta = { ContentType: 'text/x-own', CacheControl: 'no-store', Metadata: { a: '1' } };
  await client.send(new s3.PutObjectCommand({ ...at, Key: 'from', Body: 'v', Tagging: 't=1', ...meta }));
  const outcome = async (Key: string): Promise<unknown[]> => {
    const { ContentType, CacheControl, Metadata } = await client.send(new s3.HeadObjectCommand({ ...at, Key }));
    const { TagSet } = await client.send(new s3.GetObjectTaggingCommand({ ...at, Key }));
    return [ContentType, CacheControl, Metadata, TagSet];
  };
  const other = { ContentType: 'text/x-new', Metadata: { b: '2' }, Tagging: 'u=2' };
  await client.send(new s3.CopyObjectCommand({ ...at, Key: 'kept', ...from, ...other }));
  assert.deepEqual(await outcome('kept'), ['text/x-own', 'no-store', { a: '1' }, [{ Key: 't', Value: '1' }]]);
  const REPLACE = 'REPLACE';
  await client.send(new s3.CopyObjectCommand({ ...at, Key: 'meta', ...from, ...other, MetadataDirective: REPLACE }));
  assert.deepEqual(await outcome('meta'), ['text/x-new', undefined, { b: '2' }, [{ Key: 't', Value: '1' }]]);
  await client.send(new s3.CopyObjectCommand({ ...at, Key: 'tags', ...from, ...other, TaggingDirective: REPLACE }));
  assert.deepEqual(await outcome('tags'), ['text/x-own', 'no-store', { a: '1' }, [{ Key: 'u', Value: '2' }]]);
  const none = new s3.CopyObjectCommand({ ...at, Key: 'none', ...from, TaggingDirective: REPLACE });
  await client.send(none);
  assert.deepEqual((await outcome('none'))[3], []);
  const itself = new s3.CopyObjectCommand({ ...at, Key: 'from', ...from });
  await assert.rejects(client.send(itself), { name: 'InvalidRequest' });
  for (const condition of [
    { CopySourceIfMatch: '"x"' },
    { CopySourceIfModifiedSince: new Date(Date.now() + 60_000) },
    { CopySourceIfUnmodifiedSince: new Date(0) },
  ])
    await assert.rejects(client.send(new s3.CopyObjectCommand({ ...at, Key: 'no', ...from, ...condition })), {
      name: 'PreconditionFailed',
    });
  await assert.rejects(client.send(new s3.CopyObjectCommand({ ...at, Key: 'no', CopySource: 'box/absent' })), {
    name: 'NoSuchKey',
  });
  await assert.rejects(client.send(new s3.HeadObjectCommand({ ...at, Key: 'no' })), { name: 'NotFound' });
});

test('reading by conditions goes by RFC 9110', async () => {
  await using bucket = await box();
  const { etag } = await bucket.store.write('k', Buffer.from('v'));
  const { modified } = (await bucket.store.stat('k'))!;
  const own = `"${etag!}"`;
  const [before, then, later] = [-60_000, 0, 60_000].map((ms) => new Date(modified! + ms).toUTCString());
  const cases: [string[], number][] = [
    [['If-Match', own], 200],
    [['If-Match', `"x", ${own}`], 200],
    [['If-Match', '*'], 200],
    [['If-Match', '"x"'], 412],
    [['If-None-Match', own], 304],
    [['If-None-Match', `W/${own}`], 304],
    [['If-None-Match', '"x"'], 200],
    [['If-Modified-Since', then!], 304],
    [['If-Modified-Since', before!], 200],
    [['If-Unmodified-Since', then!], 200],
    [['If-Unmodified-Since', before!], 412],
    [['If-Match', own, 'If-Unmodified-Since', before!], 200],
    [['If-None-Match', '"x"', 'If-Modified-Since', later!], 200],
    [['If-None-Match', own, 'If-Modified-Since', before!], 304],
    [['If-Modified-Since', 'yesterday'], 200],
  ];
  for (const method of ['GET', 'HEAD'])
    for (const [headers, status] of cases) {
      const answer = await signed(bucket.serving, { method, path: '/box/k', headers });
      assert.equal(answer.status, status, `${method} ${headers.join(' ')}`);
      if (status === 304) assert.equal(answer.headers.get('etag'), own);
    }
});

test('writing by conditions replaces nothing it must not', async () => {
  await using bucket = await box();
  const put = async (...headers: string[]): Promise<[number, string | undefined]> => {
    const answer = await signed(bucket.serving, { method: 'PUT', path: '/box/k', headers, body: Buffer.from('new') });
    return [answer.status, answer.code];
  };
  assert.deepEqual(await put('If-Match', '"other"'), [404, 'NoSuchKey']);
  assert.deepEqual(await put('If-None-Match', '*'), [200, undefined]);
  assert.deepEqual(await put('If-None-Match', '*'), [412, 'PreconditionFailed']);
  const { etag } = (await bucket.store.stat('k'))!;
  assert.deepEqual(await put('If-Match', '"other"'), [412, 'PreconditionFailed']);
  assert.deepEqual(await put('If-Match', `"${etag!}"`), [200, undefined]);
  assert.deepEqual(await put('If-Match', '"x"', 'If-None-Match', '*'), [400, 'InvalidRequest']);
});

test('deleting by conditions removes nothing it must not', async () => {
  await using bucket = await box();
  const { serving, store } = bucket;
  const remove = async (etag: string): Promise<[number, string | undefined]> => {
    const answer = await signed(serving, { method: 'DELETE', path: '/box/k', headers: ['If-Match', `"${etag}"`] });
    return [answer.status, answer.code];
  };
  assert.deepEqual(await remove('x'), [404, 'NoSuchKey']);
  const { etag } = await store.write('k', Buffer.from('v'));
  assert.deepEqual(await remove('x'), [412, 'PreconditionFailed']);
  assert.ok(await store.stat('k'));
  assert.deepEqual(await remove(etag!), [204, undefined]);
  assert.equal(await store.stat('k'), undefined);

  for (const key of ['a', 'b', 'c']) await store.write(key, Buffer.from('v'));
  const object = (key: string, wanted: string): string => `<Object><Key>${key}</Key><ETag>"${wanted}"</ETag></Object>`;
  const document = `<Delete>${object('a', etag!)}${object('b', 'x')}<Object><Key>c</Key></Object></Delete>`;
  const body = Buffer.from(document);
  const answer = await signed(serving, { method: 'POST', path: '/box', query: [['delete', '']], body });
  for (const key of ['a', 'c']) assert.ok(answer.text.includes(`<Deleted><Key>${key}</Key></Deleted>`), key);
  assert.match(answer.text, /<Error><Key>b<\/Key><Code>PreconditionFailed</);
  assert.deepEqual(
    (await store.list({})).entries.map(({ key }) => key),
    ['b'],
  );
});

test('strangers may read objects of a bucket that is open to them, and nothing else', async () => {
  await using serving = await Serving.start({ bucket: { anonymousRead: true } });
  await serving.buckets.create('open', ALICE.tenant);
  await serving.buckets.find('open')!.store.write('k', Buffer.from('value'));
  const ask = async (method: string, target: string, headers: string[] = []): Promise<number> =>
    (await raw(serving, { method, target, headers, body: method === 'PUT' ? Buffer.from('x') : undefined })).status;
  assert.equal(await ask('GET', '/open/k'), 200);
  assert.equal(await ask('HEAD', '/open/k'), 200);
  assert.equal(await ask('GET', '/open/k', ['Range', 'bytes=1-2']), 206);
  assert.equal(await ask('GET', '/open/absent'), 404);
  for (const target of [
    '/',
    '/open',
    '/open?list-type=2',
    '/open?acl',
    '/open/k?acl',
    '/open/k?tagging',
    '/open?uploads',
  ])
    assert.equal(await ask('GET', target), 403, target);
  for (const [method, target] of [
    ['PUT', '/open/k'],
    ['PUT', '/new-one'],
    ['DELETE', '/open/k'],
    ['DELETE', '/open'],
    ['POST', '/open?delete'],
    ['POST', '/open/k?uploads'],
  ] as const)
    assert.equal(await ask(method, target), 403, `${method} ${target}`);
});

test('what buckets tell of themselves', async () => {
  await using bucket = await box();
  const get = async (name: string): Promise<string> =>
    (await signed(bucket.serving, { path: '/box', query: [[name, '']] })).text;
  assert.deepEqual(texts(await get('location'), 'LocationConstraint').length + 1, 1);
  assert.match(await get('location'), new RegExp(`LocationConstraint[^>]*>${REGION}<`));
  assert.match(await get('versioning'), /VersioningConfiguration/);
  assert.doesNotMatch(await get('versioning'), /Status/);
  assert.equal(
    (await signed(bucket.serving, { method: 'HEAD', path: '/box' })).headers.get('x-amz-bucket-region'),
    REGION,
  );
  assert.equal((await signed(bucket.serving, { method: 'HEAD', path: '/absent' })).status, 404);
});
