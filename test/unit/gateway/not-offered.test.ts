// What the gateway does not do it refuses: an answer of success would be believed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALICE, Serving } from './serving.ts';
import { signed } from './signed.ts';

type Case = readonly [method: string, path: string, query: readonly (readonly [string, string])[], headers?: string[]];

/** Sub-resources of S3 that have no operation here, by the methods AWS has for them. Source: S3 API reference. */
const OF_BUCKETS: Readonly<Record<string, readonly string[]>> = {
  accelerate: ['GET', 'PUT'],
  analytics: ['GET', 'PUT', 'DELETE'],
  cors: ['GET', 'PUT', 'DELETE'],
  encryption: ['GET', 'PUT', 'DELETE'],
  'intelligent-tiering': ['GET', 'PUT', 'DELETE'],
  inventory: ['GET', 'PUT', 'DELETE'],
  lifecycle: ['GET', 'PUT', 'DELETE'],
  logging: ['GET', 'PUT'],
  metadataConfiguration: ['GET', 'POST', 'DELETE'],
  metadataTable: ['GET', 'POST', 'DELETE'],
  metrics: ['GET', 'PUT', 'DELETE'],
  notification: ['GET', 'PUT'],
  'object-lock': ['GET', 'PUT'],
  ownershipControls: ['GET', 'PUT', 'DELETE'],
  policy: ['GET', 'PUT', 'DELETE'],
  policyStatus: ['GET'],
  publicAccessBlock: ['GET', 'PUT', 'DELETE'],
  replication: ['GET', 'PUT', 'DELETE'],
  requestPayment: ['GET', 'PUT'],
  session: ['GET'],
  tagging: ['GET', 'PUT', 'DELETE'],
  versioning: ['PUT'],
  versions: ['GET'],
  website: ['GET', 'PUT', 'DELETE'],
};
const OF_OBJECTS: Readonly<Record<string, readonly string[]>> = {
  'legal-hold': ['GET', 'PUT'],
  renameObject: ['PUT'],
  restore: ['POST'],
  retention: ['GET', 'PUT', 'DELETE'],
  select: ['POST'],
  torrent: ['GET'],
  'never-heard-of': ['PUT', 'DELETE', 'POST'],
};

const OTHERS: readonly Case[] = [
  ['POST', '/box', []],
  ['GET', '/box', [['list-type', '3']]],
  ['GET', '/box', [['acl', ''], ['policy', '']]],
  ['GET', '/box/k', [['versionId', 'abc']]],
  ['HEAD', '/box/k', [['versionId', 'abc']]],
  ['DELETE', '/box/k', [['versionId', 'abc']]],
  ['DELETE', '/box/k', [['tagging', ''], ['versionId', 'abc']]],
  ['PUT', '/box/k', [['tagging', ''], ['versionId', 'abc']]],
  ['GET', '/box/k', [], ['x-amz-server-side-encryption-customer-algorithm', 'AES256']],
  ['PUT', '/box/k', [], ['x-amz-server-side-encryption', 'AES256']],
  ['PUT', '/box/k', [['partNumber', '1'], ['uploadId', 'u']], ['x-amz-server-side-encryption-customer-algorithm', 'AES256']],
  ['PUT', '/box/k', [], ['x-amz-object-lock-mode', 'GOVERNANCE']],
  ['PUT', '/box/k', [], ['x-amz-acl', 'public-read']],
  ['PUT', '/box/k', [], ['x-amz-grant-read', 'id=x']],
  ['PUT', '/box/k', [], ['x-amz-website-redirect-location', '/x']],
  ['PUT', '/box/k', [], ['x-amz-write-offset-bytes', '1']],
  ['PUT', '/box/k', [], ['x-amz-storage-class', 'GLACIER']],
  ['PUT', '/box/k', [], ['x-amz-copy-source', '/box/other?versionId=abc']],
  ['PUT', '/box/k', [], ['If-None-Match', '"etag"']],
  ['PUT', '/box/k', [['acl', '']], ['x-amz-grant-read', 'id=x']],
  ['PUT', '/box', [['acl', '']]],
  ['DELETE', '/box/k', [], ['If-Match', '*']],
  ['DELETE', '/box/k', [], ['If-None-Match', '*']],
  ['DELETE', '/box/k', [], ['x-amz-if-match-size', '1']],
  ['PUT', '/new', [], ['x-amz-acl', 'public-read']],
  ['PUT', '/new', [], ['x-amz-grant-full-control', 'id=x']],
  ['PUT', '/new', [], ['x-amz-bucket-object-lock-enabled', 'true']],
  ['PUT', '/new', [], ['x-amz-object-ownership', 'ObjectWriter']],
]; // prettier-ignore

test('what is not offered is answered NotImplemented, and nothing is changed', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const { store } = serving.buckets.find('box')!;
  await store.write('k', Buffer.from('v'), { tags: { a: '1' } });
  const cases: Case[] = [...OTHERS];
  for (const [path, names] of [
    ['/box', OF_BUCKETS],
    ['/box/k', OF_OBJECTS],
  ] as const)
    for (const [name, methods] of Object.entries(names))
      for (const method of methods) cases.push([method, path, [[name, '']]]);
  for (const [method, path, query, headers = []] of cases) {
    const body = method === 'PUT' || method === 'POST' ? Buffer.from('new') : undefined;
    const answer = await signed(serving, { method, path, query, headers, ...(body && { body }) });
    const code = method === 'HEAD' ? undefined : 'NotImplemented';
    assert.deepEqual(
      [answer.status, answer.code],
      [501, code],
      `${method} ${path} ${String(query)} ${String(headers)}`,
    );
  }
  const { meta, body } = await store.read('k');
  assert.equal(String(await body.bytes(10)), 'v');
  assert.equal(meta.tagCount, 1);
  assert.equal(serving.buckets.find('new'), undefined);
});

test('objects of a batch delete that name a version or a condition are left alone, and said so', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const { store } = serving.buckets.find('box')!;
  for (const key of ['a', 'b', 'c', 'd']) await store.write(key, Buffer.from('v'));
  const object = (key: string, more = ''): string => `<Object><Key>${key}</Key>${more}</Object>`;
  const document = `<Delete>${object('a')}${object('b', '<VersionId>x</VersionId>')}${object('c', '<Size>1</Size>')}</Delete>`;
  const answer = await signed(serving, {
    method: 'POST',
    path: '/box',
    query: [['delete', '']],
    body: Buffer.from(document),
  });
  assert.match(answer.text, /<Deleted><Key>a<\/Key><\/Deleted>/);
  assert.equal(answer.text.match(/<Code>NotImplemented<\/Code>/g)?.length, 2);
  const { entries } = await store.list({});
  assert.deepEqual(
    entries.map(({ key }) => key),
    ['b', 'c', 'd'],
  );
});
