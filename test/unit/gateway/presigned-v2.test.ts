// URLs presigned with Signature Version 2, as aws-cli, boto3 and s3cmd make them by default.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { receivedV2, receivedV2ToSign } from '../../../src/wire/sigv4/received-v2.ts';
import { SigningKeys } from '../../../src/wire/sigv4/signing-keys.ts';
import { ALICE, Serving } from './serving.ts';
import { raw, signerOf, type Answer } from './signed.ts';

const MINUTE = 60;

interface Options {
  readonly method?: string;
  readonly path?: string;
  /** Signed in the resource. */
  readonly subResources?: string;
  /** Lines of headers between `Expires` and the resource. */
  readonly amz?: string;
  readonly contentType?: string;
  readonly seconds?: number;
  readonly secret?: string;
  readonly key?: string;
  /** Added to the query after signing. */
  readonly more?: string;
  readonly headers?: readonly string[];
  readonly body?: Uint8Array;
}

/** Asks by a URL made as the user guide says, with none of our own code. */
async function ask(serving: Serving, options: Options): Promise<Answer> {
  const { method = 'GET', path = '/box/k', subResources = '', amz = '', contentType = '', more = '' } = options;
  const expires = Math.floor(Date.now() / 1000) + (options.seconds ?? MINUTE);
  const toSign = `${method}\n\n${contentType}\n${expires}\n${amz}${path}${subResources && `?${subResources}`}`;
  const hmac = createHmac('sha1', options.secret ?? ALICE.secretAccessKey.reveal());
  const signature = encodeURIComponent(hmac.update(toSign).digest('base64'));
  const own = `AWSAccessKeyId=${options.key ?? ALICE.accessKeyId}&Signature=${signature}&Expires=${expires}`;
  const target = `${path}?${subResources && `${subResources}&`}${own}${more}`;
  const { headers = [], body } = options;
  return await raw(serving, { method, target, headers, body });
}

test('the example of the user guide has the signature it names', () => {
  const query = [
    ['AWSAccessKeyId', 'AKIAIOSFODNN7EXAMPLE'],
    ['Signature', 'NpgCjnDzrM+WFzoENXmpNDUsSn8='],
    ['Expires', '1175139620'],
  ] as const;
  const headers = { get: () => undefined, entries: () => [] };
  const request = { method: 'GET', path: '/photos/puppy.jpg', query, headers, host: 'johnsmith.s3.amazonaws.com' };
  const received = receivedV2(request);
  assert.ok(received !== undefined && 'signature' in received);
  assert.equal(received.expires, 1_175_139_620_000);
  const keys = new SigningKeys('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'us-east-1', 's3');
  const toSign = receivedV2ToSign(request, received, '/johnsmith/photos/puppy.jpg');
  assert.equal(keys.verifyV2(toSign, received.signature), true);
  assert.equal(keys.verifyV2(`${toSign}x`, received.signature), false);
});

test('they work for their time and for what they were made', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const put = await ask(serving, { method: 'PUT', body: Buffer.from('v') });
  assert.equal(put.status, 200, put.text);
  assert.equal((await ask(serving, {})).text, 'v');
  assert.equal((await ask(serving, { method: 'HEAD' })).status, 200);
  const typed = await ask(serving, { subResources: 'response-content-type=text/x-own' });
  assert.equal(typed.headers.get('content-type'), 'text/x-own');
  const wrong: [string, Options, number, string][] = [
    ['expired', { seconds: -1 }, 403, 'AccessDenied'],
    ['another secret', { secret: 'guess' }, 403, 'SignatureDoesNotMatch'],
    ['an unknown key', { key: 'NOBODY' }, 403, 'InvalidAccessKeyId'],
    ['a header it does not cover', { headers: ['x-amz-acl', 'private'] }, 403, 'SignatureDoesNotMatch'],
    ['a parameter it does not cover', { more: '&attributes=' }, 403, 'AccessDenied'],
    ['a sub-resource added', { more: '&acl=' }, 403, 'SignatureDoesNotMatch'],
    ['given twice', { more: '&Expires=99999999999' }, 400, 'AuthorizationQueryParametersError'],
    ['a header as well', { headers: ['Authorization', 'AWS a:b'] }, 400, 'AuthorizationHeaderMalformed'],
  ];
  for (const [what, options, status, code] of wrong) {
    const answer = await ask(serving, options);
    assert.deepEqual([answer.status, answer.code], [status, code], what);
  }
});

test('the bucket in the host is part of what is signed', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  await serving.buckets.find('box')!.store.write('k', Buffer.from('v'));
  const expires = Math.floor(Date.now() / 1000) + MINUTE;
  const signature = createHmac('sha1', ALICE.secretAccessKey.reveal())
    .update(`GET\n\n\n${expires}\n/box/k`)
    .digest('base64');
  const query = `AWSAccessKeyId=ALICE&Signature=${encodeURIComponent(signature)}&Expires=${expires}`;
  assert.equal(
    (await raw(serving, { method: 'GET', target: `/k?${query}`, headers: ['Host', 'box.s3.test'] })).text,
    'v',
  );
});

test('headers in the query count as headers, in both versions', async () => {
  await using serving = await Serving.start();
  await serving.buckets.create('box', ALICE.tenant);
  const put = await ask(serving, {
    method: 'PUT',
    amz: 'x-amz-meta-colour:blue\n',
    contentType: 'text/x-own',
    more: '&x-amz-meta-colour=blue&content-type=text/x-own',
    body: Buffer.from('v'),
  });
  assert.equal(put.status, 200, put.text);
  const { meta } = await serving.buckets.find('box')!.store.read('k');
  assert.deepEqual([meta.user, meta.contentType], [{ colour: 'blue' }, 'text/x-own']);
  const v4 = signerOf().presign({
    method: 'PUT',
    path: '/box/v4',
    host: `127.0.0.1:${serving.server.port}`,
    seconds: MINUTE,
    now: Date.now(),
    query: [['x-amz-meta-size', 'groß']],
  });
  assert.equal((await raw(serving, { method: 'PUT', target: `/box/v4?${v4}`, body: Buffer.from('v') })).status, 200);
  const stored = await serving.buckets.find('box')!.store.stat('v4');
  assert.deepEqual(stored!.user, { size: 'groß' });
  const refused = await ask(serving, { method: 'PUT', amz: 'x-amz-acl:public-read\n', more: '&x-amz-acl=public-read' });
  assert.deepEqual([refused.status, refused.code], [501, 'NotImplemented']);
});
