// `ferry serve` as a mirror, and `ferry mirror`, as people run them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { MiB } from '../../src/model/units.ts';
import { pattern } from '../conformance/suite/bench.ts';
import { awsCommand } from '../peers/aws-cli.ts';
import { outputOf } from '../peers/command.ts';
import { holdings, plant, unfinished, type Planted } from '../peers/objects.ts';
import { makeBucket } from '../peers/s3-bucket.ts';
import { s3Endpoint, type S3Server } from '../peers/s3-server.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { certificate } from '../unit/http/certificates.ts';
import { Held, HostileOrigin, object } from '../unit/gateway/mirror/hostile-origin.ts';
import { Ferry, type Exit, type Running } from './ferry.ts';

/** A gateway with the mirror `site`, and `raw` to see what is in its store. */
class Mirror implements AsyncDisposable {
  readonly ferry = new Ferry();
  readonly config = join(this.ferry.dir, 'ferry.yaml');
  readonly server: S3Server;
  #running: Running | undefined;

  private constructor(
    rule: Record<string, unknown>,
    port: number,
    { store, ...gateway }: { readonly store?: object | undefined; readonly [key: string]: unknown },
  ) {
    const endpoint = `http://127.0.0.1:${port}`;
    this.server = { endpoint, accessKey: 'APPKEY', secretKey: 'app-secret-1', region: 'us-east-1' };
    const users = [{ name: 'app', access_key_id: 'APPKEY', secret_access_key: 'app-secret-1' }];
    const files = { type: 'file', path: join(this.ferry.dir, 'objects'), options: { metadata: 'sidecar' } };
    const common = { tenant: 'app', store: store ?? files, anonymous_read: true };
    const buckets = { site: { ...common, mirror: [rule] }, raw: common };
    writeFileSync(
      this.config,
      JSON.stringify({ gateway: { listen: `127.0.0.1:${port}`, users, buckets, ...gateway } }),
    );
  }

  /** `more`: another store, and what the gateway has besides. */
  static async start(
    rule: Record<string, unknown>,
    more: Record<string, unknown> & { store?: object } = {},
  ): Promise<Mirror> {
    const mirror = new Mirror(rule, await freePort(), more);
    await mirror.start();
    return mirror;
  }

  async start(): Promise<void> {
    this.#running = this.ferry.start('serve', '-c', this.config, '--json');
    await this.#running.printed(/"url"/);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#running!.child.kill(signal);
    await this.#running!.exit;
  }

  command(...args: string[]): Promise<Exit> {
    return this.ferry.run('mirror', ...args, '-c', this.config);
  }

  async get(key: string, bucket = 'site'): Promise<{ readonly status: number; readonly bytes: Buffer }> {
    const response = await fetch(`${this.server.endpoint}/${bucket}/${key}`);
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  /** The one rule as `ferry mirror status` counts it. */
  async status(): Promise<Record<string, unknown>> {
    const { code, stdout } = await this.command('status', '--json');
    assert.equal(code, 0);
    const line: unknown = JSON.parse(stdout.trim());
    assert.ok(typeof line === 'object' && line !== null);
    return { ...line };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    this.ferry[Symbol.dispose]();
  }
}

async function freePort(): Promise<number> {
  await using origin = await HostileOrigin.start();
  return origin.port;
}

async function keysOf(client: S3Client, bucket: string): Promise<(string | undefined)[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key }) => Key);
}

test('killed in the middle of fetches it leaves nothing wrong, and nothing behind', async () => {
  await using origin = await HostileOrigin.start();
  const large = randomBytes(60 * MiB);
  const held = new Held({ 'Content-Length': large.length, ETag: '"v1"' });
  const small = new Held({ 'Content-Length': MiB });
  origin.paths.set('/large', held.behaviour);
  origin.paths.set('/small', small.behaviour);
  origin.paths.set('/whole', object(large.subarray(0, MiB)));
  await using mirror = await Mirror.start({ origin: origin.url });
  using client = sdkFor(mirror.server);
  assert.ok((await mirror.get('whole')).bytes.equals(large.subarray(0, MiB)));
  const cut = [mirror.get('large'), mirror.get('small')].map((each) => assert.rejects(each));
  await held.send(large.subarray(0, 50 * MiB));
  await small.send(large.subarray(0, 500_000));
  // Parts of it are in the store by now.
  const uploads = async (): Promise<number> =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: 'raw' }))).Uploads?.length ?? 0;
  while ((await uploads()) === 0) await new Promise(setImmediate);
  await mirror.stop('SIGKILL');
  await Promise.all(cut);
  await mirror.start();
  assert.deepEqual(await keysOf(client, 'raw'), ['whole']);
  assert.equal(await uploads(), 0);
  origin.paths.set('/large', object(large));
  origin.paths.set('/small', object(large.subarray(0, MiB)));
  assert.ok((await mirror.get('large')).bytes.equals(large));
  assert.ok((await mirror.get('small')).bytes.equals(large.subarray(0, MiB)));
});

test('the counters outlive the gateway, and tell that the origin is not asked any more', async () => {
  await using origin = await HostileOrigin.start();
  for (const key of ['a', 'b']) origin.paths.set(`/${key}`, object(randomBytes(1000)));
  await using mirror = await Mirror.start({ name: 'all', origin: origin.url });
  assert.equal((await mirror.status())['lastUse'], undefined);
  for (const key of ['a', 'b', 'none']) await mirror.get(key);
  const { code } = await mirror.command('warm', 'site', '--list', list(mirror, 'a', 'b'));
  assert.equal(code, 0);
  await mirror.stop();
  const before = await mirror.status();
  assert.deepEqual(
    { ...before, lastUse: undefined },
    { type: 'mirror', version: 1, bucket: 'site', rule: 'all', configured: true, hits: 2, misses: 3, absent: 1, stored: 2, bytes: 2000, failures: 0, lastUse: undefined }, // prettier-ignore
  );
  await mirror.start();
  await mirror.get('a');
  await mirror.stop();
  const after = await mirror.status();
  assert.equal(after['hits'], 3);
  assert.equal(after['lastUse'], before['lastUse']);
  const { stdout } = await mirror.command('status');
  assert.match(stdout, /site +all +3 +3 +1 +2 +2\.0 KiB +0 +\d+\w+ ago/);
});

test('a sweep over a list stores what is missing, and says what it could not', async () => {
  await using origin = await HostileOrigin.start();
  for (let i = 0; i < 50; i++) origin.paths.set(`/old/${i}`, object(randomBytes(i * 100)));
  origin.paths.set('/old/broken', (_, response) => response.writeHead(500).end());
  const rule = { match: { prefix: 'm/' }, origin: `${origin.url}/old`, rewrite: { strip: 'm/' }, head: 'ask', breaker: { failures: 100 } }; // prettier-ignore
  await using mirror = await Mirror.start(rule);
  using client = sdkFor(mirror.server);
  await mirror.get('m/0');
  const names = Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? `m/${i}` : `${origin.url}/old/${i}`));
  const dry = await mirror.command('warm', 'site', '--list', list(mirror, ...names), '--dry-run');
  assert.equal(dry.code, 0);
  assert.match(dry.stdout, /50 keys, 1 there, 49 missing/);
  const swept = await mirror.command('warm', 'site', '--list', list(mirror, ...names));
  assert.equal(swept.code, 0, swept.output);
  assert.match(swept.stdout, /50 keys, 1 there, 49 stored/);
  assert.equal((await keysOf(client, 'raw')).length, 50);
  assert.equal(origin.requests.length, 50);
  const wrong = await mirror.command('warm', 'site', '--list', list(mirror, 'm/1', 'm/none', 'm/broken', 'other'), '--json'); // prettier-ignore
  assert.equal(wrong.code, 3);
  assert.match(wrong.stdout, /"key":"m\/broken"/);
  assert.match(wrong.stdout, /"key":"other","reason":"no rule is for this key"/);
  assert.match(wrong.stdout, /"keys":4,"there":1,"stored":0,"missing":0,"absent":1,"failed":2/);
  const usage = await mirror.command('warm', 'site');
  assert.equal(usage.code, 2);
  await mirror.stop();
  assert.equal((await mirror.command('warm', 'site', '--list', list(mirror, 'm/1'))).code, 75);
});

test('a sweep trusts the certificate of the gateway it is configured with', async () => {
  await using origin = await HostileOrigin.start();
  origin.paths.set('/a', object(randomBytes(1000)));
  const { cert, key } = certificate('s3.example', { names: ['s3.example'] });
  using files = new Ferry();
  const tls = { cert_file: join(files.dir, 'cert.pem'), key_file: join(files.dir, 'key.pem') };
  writeFileSync(tls.cert_file, cert);
  writeFileSync(tls.key_file, key);
  await using mirror = await Mirror.start({ origin: origin.url }, { tls, domains: ['s3.example'] });
  const swept = await mirror.command('warm', 'site', '--list', list(mirror, 'a'));
  assert.equal(swept.code, 0, swept.output);
  assert.match(swept.stdout, /1 key, 0 there, 1 stored/);
});

test('a sweep over what a directory holds', async () => {
  const source = new Ferry();
  try {
    const tree = join(source.dir, 'tree');
    for (const name of ['films/a', 'films/deep/b', 'other/c']) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(join(tree, name), name);
    }
    await using mirror = await Mirror.start({
      match: { prefix: 'movie/' },
      origin: { type: 'file', path: tree },
      rewrite: { strip: 'movie/', add: 'films/' },
    });
    const swept = await mirror.command('warm', 'site', '--origin-listing');
    assert.equal(swept.code, 0, swept.output);
    assert.match(swept.stdout, /2 keys, 0 there, 2 stored/);
    using client = sdkFor(mirror.server);
    assert.deepEqual(await keysOf(client, 'raw'), ['movie/a', 'movie/deep/b']);
    assert.equal(String((await mirror.get('movie/deep/b')).bytes), 'films/deep/b');
  } finally {
    source[Symbol.dispose]();
  }
});

test('the AWS CLI downloads what is missing, in parts, while it comes', { skip: unavailable('aws') }, async () => {
  await using origin = await HostileOrigin.start();
  const large = randomBytes(60 * MiB);
  origin.paths.set('/large', object(large));
  await using mirror = await Mirror.start({ origin: origin.url });
  const target = join(mirror.ferry.dir, 'large');
  for (let i = 0; i < 2; i++) {
    await outputOf(awsCommand(['s3', 'cp', 's3://site/large', target, '--no-progress'], mirror.server));
    assert.ok(readFileSync(target).equals(large));
  }
  const whole = origin.heads.filter(({ range }, i) => origin.requests[i] === 'GET /large' && range === undefined);
  assert.equal(whole.length, 1);
});

const OBJECTS: readonly Planted[] = [
  ...Array.from({ length: 60 }, (_, i) => ({
    key: `small/${String(i).padStart(3, '0')}`,
    body: pattern(i * 97, i + 1),
  })),
  { key: 'a b/ü+&%41=?.txt', body: Buffer.from('kept all the same'), contentType: 'text/plain', user: { of: 'x' } },
  { key: 'large', body: pattern(40 * MiB, 7), partSize: 5 * MiB },
];

test(
  'a bucket of Ceph is mirrored with names, headers and metadata, and is not needed afterwards',
  { skip: unavailable('ceph') },
  async () => {
    // prettier-ignore
    await using ceph = await startCeph({ kind: 'memstore' });
    using old = sdkFor(ceph);
    await makeBucket(ceph, 'origin');
    await plant(old, 'origin', OBJECTS);
    const expected = await holdings(old, 'origin');
    await using mirror = await Mirror.start({ origin: s3Endpoint(ceph, 'origin', { type: 'ceph' }) });
    using client = sdkFor(mirror.server);
    assert.ok((await mirror.get('large')).bytes.equals(OBJECTS.at(-1)!.body));
    const missing = await fetch(`${mirror.server.endpoint}/site/none`);
    assert.equal(missing.status, 404);
    const swept = await mirror.command('warm', 'site', '--origin-listing');
    assert.equal(swept.code, 0, swept.output);
    assert.match(swept.stdout, new RegExp(`${OBJECTS.length} keys, \\d+ there, \\d+ stored`));
    // Into another bucket of it, in parts; and a delete in the middle stands.
    await makeBucket(ceph, 'copy');
    {
      const store = s3Endpoint(ceph, 'copy', { type: 'ceph' });
      await using other = await Mirror.start({ origin: s3Endpoint(ceph, 'origin', { type: 'ceph' }) }, { store });
      const again = await other.command('warm', 'site', '--origin-listing');
      assert.equal(again.code, 0, again.output);
      const copied = await holdings(old, 'copy');
      for (const [key, { sha256, contentType, user }] of expected) {
        const copy = copied.get(key);
        assert.deepEqual([copy?.sha256, copy?.contentType, copy?.user], [sha256, contentType, user], key);
      }
      assert.deepEqual(await unfinished(old, 'copy'), []);
      using app = sdkFor(other.server);
      const place = { Bucket: 'site', Key: 'large' };
      await app.send(new DeleteObjectCommand(place));
      const coming = fetch(`${other.server.endpoint}/site/large`).then(
        async (response) => await response.arrayBuffer(),
      );
      while ((await unfinished(old, 'copy')).length === 0) await new Promise(setImmediate);
      await app.send(new DeleteObjectCommand(place));
      assert.ok(Buffer.from(await coming).equals(OBJECTS.at(-1)!.body));
      while ((await unfinished(old, 'copy')).length > 0) await new Promise(setImmediate);
      assert.ok(!(await keysOf(old, 'copy')).includes('large'));
    }
    await ceph.kill();
    const got = await holdings(client, 'raw');
    assert.deepEqual([...got.keys()], [...expected.keys()]);
    for (const { key, body, contentType } of OBJECTS) {
      const response = await fetch(
        `${mirror.server.endpoint}/site/${key.split('/').map(encodeURIComponent).join('/')}`,
      );
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(body), key);
      if (contentType !== undefined) {
        assert.equal(response.headers.get('content-type'), contentType);
        assert.equal(response.headers.get('x-amz-meta-of'), 'x');
      }
    }
  },
);

function list({ ferry }: Mirror, ...lines: string[]): string {
  const file = join(ferry.dir, 'keys.txt');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
