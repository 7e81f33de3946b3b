// What goes onto the wire: conditions, checksums and metadata in each service's own words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFerryError } from '../../../src/model/errors.ts';
import { rejects } from '../../conformance/suite/bench.ts';
import { ScriptedServer, errorBody } from './scripted-server.ts';

const WRITTEN = { headers: { etag: '"e1"' } };
const body = Buffer.from('abc');
const CREATE_ONLY = ['if-none-match', 'x-goog-if-generation-match', 'x-oss-forbid-overwrite', 'x-cos-forbid-overwrite'];

test('a write carries everything the object has', async () => {
  await using server = await ScriptedServer.start(() => WRITTEN);
  const store = await server.open({ type: 'aws' });
  const result = await store.write('a/ü +', body, {
    meta: {
      contentType: 'text/plain',
      cacheControl: 'no-cache',
      contentDisposition: 'inline',
      contentEncoding: 'gzip',
      contentLanguage: 'de',
      expires: 'Wed, 21 Oct 2065 07:28:00 GMT',
      user: { Name: 'value', city: 'Zürich' },
      modified: 1_714_564_800_120,
      posix: { mode: 33188, uid: 1, gid: 2, link: '../a b' },
      storageClass: 'GLACIER',
    },
    tags: { 'a b': 'c&d', empty: '' },
    acl: 'public-read',
    md5: '900150983cd24fb0d6963f7d28e17f72',
    checksum: { algorithm: 'crc32c', hex: '364b3fb7' },
    ifAbsent: true,
  });
  assert.equal(result.etag, 'e1');
  const { target, headers, body: sent } = server.seen[0]!;
  assert.equal(target, '/bucket/a/%C3%BC%20%2B');
  assert.equal(sent.toString(), 'abc');
  const expected = {
    'content-length': '3',
    'content-type': 'text/plain',
    'cache-control': 'no-cache',
    'content-disposition': 'inline',
    'content-encoding': 'gzip',
    'content-language': 'de',
    expires: 'Wed, 21 Oct 2065 07:28:00 GMT',
    'x-amz-meta-name': 'value',
    'x-amz-meta-city': `=?UTF-8?B?${Buffer.from('Zürich').toString('base64')}?=`,
    'x-amz-meta-mtime': '1714564800.12',
    'x-amz-meta-mode': '33188',
    'x-amz-meta-uid': '1',
    'x-amz-meta-gid': '2',
    'x-amz-meta-ferry-link': '../a%20b',
    'x-amz-storage-class': 'GLACIER',
    'x-amz-tagging': 'a%20b=c%26d&empty=',
    'x-amz-acl': 'public-read',
    'content-md5': 'kAFQmDzST7DWlj99KOF/cg==',
    'x-amz-checksum-crc32c': 'Nks/tw==',
    'if-none-match': '*',
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(headers[name], value, name);
  assert.match(headers.authorization ?? '', /SignedHeaders=[^,]*content-md5;content-type/);
});

test('to create only is said as each service wants it, or refused before anything is sent', async () => {
  await using server = await ScriptedServer.start(() => WRITTEN);
  const header = async (provider: string): Promise<string | undefined> => {
    const store = await server.open({ options: { provider } });
    assert.equal(store.capabilities.writeIfAbsent, true, provider);
    await store.write('key', body, { ifAbsent: true });
    const { headers } = server.seen.at(-1)!;
    return CREATE_ONLY.find((name) => headers[name] !== undefined);
  };
  assert.equal(await header('aws'), 'if-none-match');
  assert.equal(await header('ks3'), 'if-none-match');
  assert.equal(await header('gcs'), 'x-goog-if-generation-match');
  assert.equal(await header('aliyun'), 'x-oss-forbid-overwrite');
  assert.equal(await header('cos'), 'x-cos-forbid-overwrite');
  const sent = server.seen.length;
  for (const type of ['swift-s3', 'obs', 'b2', 'wasabi']) {
    const store = await server.open({ type });
    assert.equal(store.capabilities.writeIfAbsent, false, type);
    await rejects(store.write('key', body, { ifAbsent: true }), 'unsupported');
  }
  assert.equal(server.seen.length, sent);
});

test('If-Match has quotes where the service wants them', async () => {
  await using server = await ScriptedServer.start(() => WRITTEN);
  await (await server.open({ type: 'ceph' })).write('key', body, { ifMatch: 'e0' });
  await (await server.open({ type: 'minio' })).write('key', body, { ifMatch: 'e0' });
  assert.deepEqual(
    server.seen.map(({ headers }) => headers['if-match']),
    ['e0', '"e0"'],
  );
});

test('an upload is completed in place of one version where the service honours that, else not at all', async () => {
  await using server = await ScriptedServer.start(() => ({ status: 412, body: errorBody('PreconditionFailed') }));
  const upload = { key: 'key', uploadId: 'u' };
  const parts = [{ number: 1, etag: 'e1' }];
  const aws = await server.open({ type: 'aws' });
  assert.equal(aws.capabilities.multipart!.completeIfMatch, true);
  await rejects(aws.multipart.complete(upload, parts, { ifMatch: 'e0' }), 'changed');
  assert.equal(server.seen.at(-1)!.headers['if-match'], '"e0"');
  const sent = server.seen.length;
  for (const type of ['s3', 'ceph', 'minio']) {
    const store = await server.open({ type });
    assert.equal(store.capabilities.multipart!.completeIfMatch, false, type);
    await rejects(store.multipart.complete(upload, parts, { ifMatch: 'e0' }), 'unsupported');
  }
  assert.equal(server.seen.length, sent);
});

test('something there, or another version there, is told apart', async () => {
  await using server = await ScriptedServer.start(() => ({ status: 412, body: errorBody('PreconditionFailed') }));
  const store = await server.open();
  await rejects(store.write('key', body, { ifAbsent: true }), 'already-exists');
  await rejects(store.write('key', body, { ifMatch: 'e0' }), 'changed');
});

test('bodies are signed as the policy says', async () => {
  await using server = await ScriptedServer.start(() => WRITTEN);
  const hash = async (payload_signing: string): Promise<unknown> => {
    await (await server.open({ options: { payload_signing } })).write('key', body);
    return server.seen.at(-1)!.headers['x-amz-content-sha256'];
  };
  assert.equal(await hash('auto'), 'UNSIGNED-PAYLOAD');
  assert.equal(await hash('never'), 'UNSIGNED-PAYLOAD');
  assert.equal(await hash('always'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('a stream is opened once to be sent, and twice where its hash is signed', async () => {
  await using server = await ScriptedServer.start(() => WRITTEN);
  for (const [payload_signing, opened] of [
    ['auto', 1],
    ['always', 2],
  ] as const) {
    let count = 0;
    const stream = {
      size: 3,
      async *open() {
        count++;
        yield body;
      },
    };
    await (await server.open({ options: { payload_signing } })).write('key', stream);
    assert.equal(server.seen.at(-1)!.body.toString(), 'abc');
    assert.equal(count, opened);
  }
});

test('metadata HTTP would alter is refused', async () => {
  await using server = await ScriptedServer.start(() => WRITTEN);
  const store = await server.open();
  for (const value of [' a', 'a ', 'a\r\nx-amz-acl: public-read', '\u0000', 'a\tb']) {
    await rejects(store.write('key', body, { meta: { user: { name: value } } }), 'unsupported');
  }
  assert.equal(server.seen.length, 0);
});

test('objects are removed together, those XML cannot name one by one', async () => {
  await using server = await ScriptedServer.start((request) =>
    request.method === 'POST'
      ? {
          body:
            '<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error>' +
            '<Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>',
        }
      : { status: 204 },
  );
  const store = await server.open();
  const failures = await store.removeMany!(['a&<', 'b', 'c', 'bell\u0007']);
  assert.deepEqual(
    failures.map(({ key, error }) => [key, isFerryError(error, 'access-denied')]),
    [['b', true]],
  );
  const [together, single] = server.seen;
  assert.equal(together?.target, '/bucket?delete=');
  assert.ok(together?.headers['content-md5']);
  assert.match(together?.body.toString() ?? '', /<Key>a&amp;&lt;<\/Key>/);
  assert.deepEqual([single?.method, single?.target], ['DELETE', '/bucket/bell%07']);
});

test('a refusal to remove a key that was not asked for is not taken for the removal of the others', async () => {
  for (const key of ['<Key>a b</Key>', '<Key>p/x</Key>', '']) {
    const refusal = `<DeleteResult><Error>${key}<Code>AccessDenied</Code></Error></DeleteResult>`;
    await using server = await ScriptedServer.start(() => ({ body: refusal }));
    const store = await server.open();
    await rejects(store.removeMany!(['a%20b', 'x']), 'bad-response');
  }
});

test('a part is copied only where the service can be asked for it', async () => {
  await using server = await ScriptedServer.start(() => ({
    body: '<CopyPartResult><ETag>"p1"</ETag></CopyPartResult>',
  }));
  const upload = { key: 'to', uploadId: 'u/1' };
  const ceph = await server.open({ type: 'ceph', path: 'p' });
  const part = await ceph.multipart.copyPart!(upload, 3, { store: ceph, key: 'a b' }, 10, 5);
  assert.equal(part.etag, 'p1');
  const { target, headers } = server.seen[0]!;
  assert.equal(target, '/bucket/p/to?partNumber=3&uploadId=u%2F1');
  assert.equal(headers['x-amz-copy-source'], '/bucket/p/a%20b');
  assert.equal(headers['x-amz-copy-source-range'], 'bytes=10-14');
  await rejects(ceph.multipart.copyPart!(upload, 3, { store: ceph, key: '%' }, 0, 5), 'unsupported');
  assert.equal('copyPart' in (await server.open({ type: 'gcs' })).multipart, false);
});

test('tags are set by a document of their own, under the path of the store', async () => {
  await using server = await ScriptedServer.start(() => ({}));
  const store = await server.open({ type: 'ceph', path: 'p' });
  await store.setTags!('a b', { 'k&': '<v>', empty: '' });
  const [{ method, target, headers, body: sent } = assert.fail()] = server.seen;
  assert.deepEqual([method, target], ['PUT', '/bucket/p/a%20b?tagging=']);
  assert.match(
    sent.toString(),
    /<TagSet><Tag><Key>k&amp;<\/Key><Value>&lt;v&gt;<\/Value><\/Tag><Tag><Key>empty<\/Key><Value><\/Value><\/Tag><\/TagSet>/,
  );
  assert.ok(headers['content-md5']);
  assert.equal('setTags' in (await server.open({ type: 'r2' })), false);
});
