import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { raw, signed } from './signed.ts';
import { ALICE, Serving } from './serving.ts';

test('the bucket may stand in the host', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('photos', ALICE.tenant);
  const put = await signed(serving, { method: 'PUT', host: 'photos.s3.test', path: '/a%20b', body: Buffer.from('v') });
  assert.equal(put.status, 200);
  assert.equal((await signed(serving, { path: '/photos/a%20b' })).text, 'v');
  assert.equal((await signed(serving, { host: 'PHOTOS.s3.test:9000', path: '/a%20b' })).text, 'v');
  assert.equal((await signed(serving, { host: 's3.test', path: '/photos/a%20b' })).text, 'v');
});

test('names, paths and documents that cannot be are refused', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const put = async (path: string): Promise<string | undefined> =>
    (await signed(serving, { method: 'PUT', path })).code;
  for (const name of ['UP', 'ab', 'a_b', 'a..b', '-ab', '192.168.1.1', 'x'.repeat(64)])
    assert.equal(await put(`/${name}`), 'InvalidBucketName', name);
  assert.equal((await signed(serving, { path: '/box/%ff' })).code, 'InvalidURI');
  assert.equal((await signed(serving, { path: '/box/%zz' })).code, 'InvalidURI');
  assert.equal((await signed(serving, { path: `/box/${'k'.repeat(1025)}` })).code, 'KeyTooLongError');
  const remove = async (document: string): Promise<string | undefined> =>
    (await signed(serving, { method: 'POST', path: '/box', query: [['delete', '']], body: Buffer.from(document) }))
      .code;
  for (const document of [
    '',
    'no xml',
    '<Delete>',
    '<Other/>',
    '<Delete></Delete>',
    '<!DOCTYPE x [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>',
    `<Delete>${'<Object><Key>k</Key></Object>'.repeat(1001)}</Delete>`,
  ])
    assert.equal(await remove(document), 'MalformedXML', document.slice(0, 50));
});

test('errors are documents that hold no markup of others', async () => {
  await using serving = await Serving.start();
  const answer = await raw(serving, { method: 'GET', target: '/box/%3Cscript%3E?x=%3Cb%3E' });
  assert.equal(answer.status, 403);
  assert.equal(answer.headers.get('content-type'), 'application/xml');
  assert.ok(!answer.text.includes('<script>'));
  assert.match(answer.text, /<RequestId>[0-9A-F]{16}<\/RequestId>/);
  assert.equal(answer.headers.get('x-amz-request-id'), /<RequestId>(.*?)</.exec(answer.text)![1]);
});

test('the log names who did what, and neither signatures nor queries', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  await signed(serving, { method: 'PUT', path: '/box/k', body: Buffer.from('four') });
  await signed(serving, { path: '/box/absent', secret: 'wrong' });
  assert.deepEqual(
    serving.log.map(({ user, operation, method, bucket, key, status, error }) => [
      user,
      operation ?? method,
      bucket,
      key,
      status,
      error?.code,
    ]),
    [
      ['alice', 'PutObject', 'box', 'k', 200, undefined],
      [undefined, 'GET', 'box', 'absent', 403, 'SignatureDoesNotMatch'],
    ],
  );
  assert.doesNotMatch(JSON.stringify(serving.log), /Signature=|X-Amz-Signature|secret/);
});

test('health is told without credentials, and readiness ends before the server does', async () => {
  await using serving = await Serving.start();
  const status = async (target: string): Promise<number> => (await raw(serving, { method: 'GET', target })).status;
  assert.deepEqual([await status('/healthz'), await status('/readyz')], [200, 200]);
  serving.gateway.retire();
  assert.deepEqual([await status('/healthz'), await status('/readyz')], [200, 503]);
});

suite('pages of other origins', () => {
  const cors = [
    {
      origins: ['https://app.example', 'https://*.test'],
      methods: ['GET', 'PUT'],
      headers: ['content-type', 'x-amz-*'],
      exposed: ['ETag'],
      maxAgeSeconds: 600,
    },
  ];

  test('are allowed what the bucket says, and nothing else', async () => {
    await using serving = await Serving.start({ bucket: { cors, anonymousRead: true } });
    await serving.buckets.create('box', ALICE.tenant);
    await serving.buckets.find('box')!.store.write('k', Buffer.from('v'));
    const ask = (origin: string, method: string, headers = ''): ReturnType<typeof raw> =>
      raw(serving, {
        method: 'OPTIONS',
        target: '/box/k',
        headers: [
          'Origin',
          origin,
          'Access-Control-Request-Method',
          method,
          ...(headers === '' ? [] : ['Access-Control-Request-Headers', headers]),
        ],
      });
    const allowed = await ask('https://app.example', 'PUT', 'Content-Type, x-amz-date');
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal(allowed.headers.get('access-control-allow-methods'), 'GET, PUT');
    assert.equal(allowed.headers.get('access-control-max-age'), '600');
    for (const [origin, method, headers] of [
      ['https://evil.example', 'GET', ''],
      ['https://app.example', 'DELETE', ''],
      ['https://app.example', 'PUT', 'authorization'],
      ['https://app.example.evil', 'GET', ''],
    ] as const)
      assert.equal((await ask(origin, method, headers)).status, 403, origin);
    const got = await raw(serving, { method: 'GET', target: '/box/k', headers: ['Origin', 'https://a.test'] });
    assert.equal(got.headers.get('access-control-allow-origin'), 'https://a.test');
    assert.equal(got.headers.get('access-control-expose-headers'), 'ETag');
    assert.equal(got.headers.get('vary'), 'Origin');
    const other = await raw(serving, { method: 'GET', target: '/box/k', headers: ['Origin', 'https://evil.example'] });
    assert.equal(other.headers.get('access-control-allow-origin'), undefined);
    const missing = await raw(serving, { method: 'GET', target: '/box/absent', headers: ['Origin', 'https://a.test'] });
    assert.equal(missing.headers.get('access-control-allow-origin'), 'https://a.test');
  });
});

test('two who make one bucket at once: one has it', async () => {
  await using serving = await Serving.start();
  const client = serving.client();
  const made = await Promise.allSettled(
    [1, 2, 3].map(() => client.send(new s3.CreateBucketCommand({ Bucket: 'once' }))),
  );
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a bucket that holds something is not removed', async () => {
  await using serving = await Serving.start();
  const client = serving.client();
  await client.send(new s3.CreateBucketCommand({ Bucket: 'full' }));
  await client.send(new s3.PutObjectCommand({ Bucket: 'full', Key: 'k', Body: 'v' }));
  await assert.rejects(client.send(new s3.DeleteBucketCommand({ Bucket: 'full' })), { name: 'BucketNotEmpty' });
});
