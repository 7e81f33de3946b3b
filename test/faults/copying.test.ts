// What is copied through a gateway is one version of the source, bytes and metadata, also where the store ignores conditions
// on the source of a copy and somebody writes to it meanwhile.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import * as s3 from '@aws-sdk/client-s3';
import { Secret } from '../../src/model/secret.ts';
import { compose } from '../../src/store/compose.ts';
import { s3Drivers } from '../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../src/wire/http/socket-client.ts';
import { Serving } from '../unit/gateway/serving.ts';
import { startFaultServer, type FaultServer, type Operation } from './fault-server.ts';

const AT = { Bucket: 'box' };
const FROM = { CopySource: 'box/from' };
const COPYING: readonly Operation[] = ['CopyObject', 'GetObject'];
const FIRST = { body: 'first', mark: '1' };
const SECOND = { body: 'the second', mark: '2' };

test('bytes and metadata are of one version', async () => {
  await using box = await Box.open();
  box.changeAt(COPYING);
  await box.client.send(new s3.CopyObjectCommand({ ...AT, ...FROM, Key: 'to' }));
  assert.deepEqual(box.object('to'), SECOND);
});

test('tags and metadata of the source are kept by a copy', async () => {
  await using box = await Box.open();
  await box.client.send(new s3.PutObjectCommand({ ...AT, Key: 'tagged', Body: 'v', Tagging: 't=1' }));
  for (const [key, more] of [
    ['plain', {}],
    ['marked', { MetadataDirective: 'REPLACE', Metadata: { m: 'new' } }],
  ] as const) {
    await box.client.send(new s3.CopyObjectCommand({ ...AT, CopySource: 'box/tagged', Key: key, ...more }));
    const { TagSet } = await box.client.send(new s3.GetObjectTaggingCommand({ ...AT, Key: key }));
    assert.deepEqual(TagSet, [{ Key: 't', Value: '1' }], key);
  }
});

test('a copy of one version is a copy of that version, or none', async () => {
  await using box = await Box.open();
  box.changeAt(COPYING);
  const CopySourceIfMatch = box.etag('from');
  const copy = new s3.CopyObjectCommand({ ...AT, ...FROM, Key: 'to', CopySourceIfMatch });
  await assert.rejects(box.client.send(copy), { name: 'PreconditionFailed' });
  assert.equal(box.object('to'), undefined);
});

test('what is put while an object is copied onto itself is not undone', async () => {
  await using box = await Box.open();
  box.changeAt(['CopyObject', 'PutObject']);
  const itself = { ...AT, ...FROM, Key: 'from', TaggingDirective: 'REPLACE', Tagging: 't=2' } as const;
  await box.client.send(new s3.CopyObjectCommand(itself));
  assert.deepEqual(box.object('from'), SECOND);
});

test('a part is a copy of one version, or none', async () => {
  await using box = await Box.open();
  const { UploadId } = await box.client.send(new s3.CreateMultipartUploadCommand({ ...AT, Key: 'to' }));
  box.changeAt(['UploadPartCopy']);
  const part = { ...AT, ...FROM, Key: 'to', UploadId, PartNumber: 1 };
  const copy = new s3.UploadPartCopyCommand({ ...part, CopySourceIfMatch: box.etag('from') });
  await assert.rejects(box.client.send(copy), { name: 'PreconditionFailed' });
  box.reset();
  box.changeAt(['UploadPartCopy']);
  const { CopyPartResult } = await box.client.send(new s3.UploadPartCopyCommand(part));
  assert.equal(CopyPartResult?.ETag, `"${md5(SECOND.body)}"`);
});

/** A gateway in front of a bucket of such a store. */
class Box implements AsyncDisposable {
  readonly client: s3.S3Client;
  readonly #server: FaultServer;
  readonly #opened: AsyncDisposableStack;

  private constructor(client: s3.S3Client, server: FaultServer, opened: AsyncDisposableStack) {
    this.client = client;
    this.#server = server;
    this.#opened = opened;
    this.reset();
  }

  static async open(): Promise<Box> {
    await using opened = new AsyncDisposableStack();
    const server = opened.use(await startFaultServer({ buckets: ['box'] }));
    const http = opened.use(new SocketHttpClient());
    const driver = s3Drivers()[0]!;
    const { endpoint, region, accessKey, secretKey } = server;
    const keys = { access_key_id: accessKey, secret_access_key: secretKey };
    const options = driver.options.parse({ bucket_name: 'box', endpoint, region, provider: 'ceph', ...keys });
    const spec = { type: 's3', path: '', options: { ...options, secret_access_key: new Secret(secretKey) } };
    const store = compose(await driver.open(spec, { http, env: {}, now: Date.now, tmpdir }));
    const serving = opened.use(await Serving.start({ bucket: { store } }));
    await serving.buckets.create('box', 'acme');
    return new Box(serving.client(), server, opened.move());
  }

  reset(): void {
    this.#put('from', FIRST);
  }

  /** Somebody else writes the source, as the first of these requests arrives. */
  changeAt(op: readonly Operation[]): void {
    this.#server.setRules([{ op, nth: [1], fault: { do: 'run', action: () => this.#put('from', SECOND) } }]);
  }

  object(key: string): { readonly body: string; readonly mark: string | undefined } | undefined {
    const object = this.#server.bucket('box').get(key);
    return object && { body: object.body.toString(), mark: object.headers['x-amz-meta-m'] };
  }

  etag(key: string): string {
    return `"${this.#server.bucket('box').get(key)!.etag}"`;
  }

  #put(key: string, { body, mark }: typeof FIRST): void {
    this.#server.bucket('box').put(key, {
      body: Buffer.from(body),
      etag: md5(body),
      modified: Date.now(),
      headers: { 'x-amz-meta-m': mark },
      tags: new Map(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
