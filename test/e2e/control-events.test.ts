// Changes of one store are carried out at another as they are told: by documents posted, by a queue, by a real Ceph.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { notify } from '../peers/ceph-topic.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import { startTopic } from '../peers/sns.ts';
import { startQueue } from '../peers/sqs.ts';
import { ControlServer } from './control-server.ts';

const SECRET = 'the-secret-of-the-source';

interface Told {
  readonly name: string;
  readonly key: string;
  readonly sequencer?: string | undefined;
}

function documentOf(events: readonly Told[], bucket = 'photos'): string {
  const Records = events.map(({ name, key, sequencer }) => ({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventTime: '2026-01-01T00:00:00.000Z',
    eventName: name,
    s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key), sequencer } },
  }));
  return JSON.stringify({ Records });
}

const created = (key: string, sequencer?: string): Told => ({ name: 'ObjectCreated:Put', key, sequencer });
const removed = (key: string, sequencer?: string): Told => ({ name: 'ObjectRemoved:Delete', key, sequencer });

class World implements Disposable {
  readonly server: ControlServer;

  private constructor(server: ControlServer) {
    this.server = server;
  }

  static async start(
    more: Readonly<Record<string, unknown>> = {},
    env?: Readonly<Record<string, string>>,
  ): Promise<World> {
    const world = new World(await ControlServer.with({ control: { allow_private_origins: true } }, undefined, env));
    for (const name of ['from', 'to']) {
      mkdirSync(world.at(name), { recursive: true });
      await world.made('/v1/stores', { name, type: 'file', path: world.at(name), options: {} });
    }
    await world.made('/v1/event-sources', {
      name: 'photos',
      kind: 'http',
      source: 'from',
      destination: 'to',
      deletes: 'apply',
      reconcile: 0,
      secret: SECRET,
      ...more,
    });
    return world;
  }

  at(...names: string[]): string {
    return join(this.server.ferry.dir, 'stores', ...names);
  }

  put(key: string, text: string): void {
    mkdirSync(dirname(this.at('from', key)), { recursive: true });
    writeFileSync(this.at('from', key), text);
  }

  there(key: string): string | undefined {
    return existsSync(this.at('to', key)) ? readFileSync(this.at('to', key), 'utf8') : undefined;
  }

  async made(path: string, json: unknown): Promise<void> {
    const answer = await this.server.ask('POST', path, json);
    assert.equal(answer.status, 201, JSON.stringify(answer.json));
  }

  async tell(events: readonly Told[], secret = SECRET): Promise<number> {
    const response = await fetch(`${this.server.url}/v1/events/photos`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: documentOf(events),
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** What is known of the source, once nothing waits and so many came. */
  async settled(
    received: number,
    patience?: number,
  ): Promise<{ totals: Record<string, number>; lag: { failed: number } }> {
    return await this.server.until(
      '/v1/event-sources/photos',
      ({ totals, lag }) => totals.received >= received && lag.waiting === 0,
      patience,
    );
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }
}

test('what is told is carried out, newer before older, and no delete takes what is there', async () => {
  using world = await World.start();
  world.put('a', 'one');
  world.put('deep/b c', 'two');
  world.put('back', 'put again');
  assert.equal(await world.tell([created('a', '0A'), created('deep/b c'), removed('back', '01')]), 200);
  await world.settled(3);
  assert.deepEqual([world.there('a'), world.there('deep/b c'), world.there('back')], ['one', 'two', 'put again']);

  rmSync(world.at('from', 'a'));
  assert.equal(await world.tell([removed('a', '9')]), 200);
  const late = await world.settled(4);
  assert.deepEqual([world.there('a'), late.totals['outdated']], ['one', 1], 'older than what came before');
  assert.equal(await world.tell([removed('a', '0000000000000B'), removed('a', '0b')]), 200);
  const { totals } = await world.settled(6);
  assert.equal(world.there('a'), undefined);
  assert.deepEqual([totals['deleted'], totals['transferred'], totals['outdated']], [1, 3, 2]);

  assert.equal(await world.tell([created('x')], 'another-secret-of-it'), 401);
  const unknown = await fetch(`${world.server.url}/v1/events/nowhere`, { method: 'POST', body: '{}' });
  assert.equal(unknown.status, 401);
  const garbage = await fetch(`${world.server.url}/v1/events/photos`, { method: 'POST', body: '{', headers: { authorization: `Bearer ${SECRET}` } }); // prettier-ignore
  assert.equal(garbage.status, 400);
  const { json } = await world.server.ask('GET', '/v1/event-sources/photos');
  assert.equal(json.totals.malformed, 1);
  assert.ok(!JSON.stringify(json).includes(SECRET) && !world.server.log().includes(SECRET));
});

test('a comparison finds what events missed, also deletes', async () => {
  using world = await World.start();
  world.put('missed', 'x');
  world.put('told', 'y');
  await world.tell([created('told')]);
  await world.settled(1);
  mkdirSync(world.at('to'), { recursive: true });
  writeFileSync(world.at('to', 'left over'), 'z');
  assert.equal((await world.server.ask('POST', '/v1/event-sources/photos/reconcile')).status, 202);
  await world.server.until('/v1/event-sources/photos', ({ reconciledAt, lag }) => reconciledAt !== undefined && lag.waiting === 0); // prettier-ignore
  const { json } = await world.server.ask('GET', '/v1/event-sources/photos');
  assert.equal(json.reconcileError, undefined);
  assert.deepEqual([world.there('missed'), world.there('told'), world.there('left over')], ['x', 'y', undefined]);
});

test('a burst of 100,000 is kept through kill -9, and the process stays small', { timeout: 180_000 }, async () => {
  using world = await World.start();
  const KEYS = 100_000;
  for (let i = 0; i < 500; i++) world.put(`k/${i * 200}`, `body ${i}`);
  const documents = Array.from({ length: KEYS / 1000 }, (_, i) =>
    Array.from({ length: 1000 }, (_each, j) => created(`k/${1000 * i + j}`, (1000 * i + j + 1).toString(16))),
  );
  for (let i = 0; i < documents.length; i += 8) {
    const statuses = await Promise.all(documents.slice(i, i + 8).map((each) => world.tell(each)));
    assert.ok(
      statuses.every((status) => status === 200),
      statuses.join(),
    );
  }
  await world.server.kill();
  await world.server.start();
  const { totals, lag } = await world.settled(KEYS, 150_000);
  assert.equal(lag.failed, 0);
  assert.ok(
    totals['transferred']! >= 500 && totals['transferred']! + totals['passed']! >= KEYS,
    JSON.stringify(totals),
  );
  for (let i = 0; i < 500; i++) assert.equal(world.there(`k/${i * 200}`), `body ${i}`);
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${world.server.pid}/status`, 'utf8'))![1]) / 1024;
  assert.ok(peak < 400, `${peak} MiB`);
});

test('a queue is emptied into the store, message by message', async () => {
  await using queue = await startQueue();
  using world = await World.start({
    kind: 'sqs',
    secret: undefined,
    secret_access_key: queue.secretKey,
    settings: { queue_url: queue.url, region: queue.region, access_key_id: queue.accessKey },
  });
  world.put('a', 'one');
  world.put('b', 'two');
  queue.send(documentOf([created('a')]));
  queue.send(JSON.stringify({
    Type: 'Notification', MessageId: 'm', TopicArn: 'arn:aws:sns:us-east-1:1:t', Timestamp: 't',
    SignatureVersion: '1', Signature: 'AAAA', SigningCertURL: 'https://sns.us-east-1.amazonaws.com/x.pem',
    Message: documentOf([created('b')]),
  })); // prettier-ignore
  queue.send('no document');
  await world.settled(2);
  await world.server.until('/v1/event-sources/photos', ({ totals }) => totals.malformed >= 1);
  assert.deepEqual([world.there('a'), world.there('b')], ['one', 'two']);
  await queue.until((left) => left === 1, 'what cannot be read stays in the queue');
  assert.deepEqual(queue.complaints, []);
});

test('a topic confirms its subscription and is followed; nobody else is, and nothing is lost by a certificate that is late', async () => {
  await using sns = await startTopic();
  const authority = join(sns.folder, 'authority.pem');
  using world = await World.start(
    { kind: 'sns', secret: undefined, settings: { topic: sns.topic, hosts: [sns.host] } },
    { NODE_EXTRA_CA_CERTS: authority },
  );
  const endpoint = `${world.server.url}/v1/events/photos`;
  world.put('a', 'one');
  world.put('b', 'two');
  // The certificate cannot be had, and then is none: SNS tries again only what a server is to blame for.
  sns.certificates = [503, 'busy'];
  assert.ok((await sns.subscribe(endpoint)) >= 500);
  sns.certificates = [200, 'a page of some proxy'];
  assert.ok((await sns.subscribe(endpoint)) >= 500);
  assert.equal(sns.confirmed, 0);
  sns.certificates = undefined;
  assert.equal(await sns.subscribe(endpoint), 200);
  assert.equal(sns.confirmed, 1);
  assert.equal(await sns.publish(endpoint, documentOf([created('a')])), 200);
  await world.settled(1);
  assert.equal(world.there('a'), 'one');

  const asked = sns.asked;
  const document = documentOf([created('b')]);
  const forged: readonly Readonly<Record<string, string>>[] = [
    { Message: document },
    { Signature: Buffer.alloc(256, 7).toString('base64') },
    { TopicArn: `${sns.topic}-other` },
    { SigningCertURL: `https://${sns.host}.attacker.example/x.pem` },
    { SigningCertURL: `http://${sns.host}/x.pem` },
    { SigningCertURL: 'https://169.254.169.254/x.pem' },
  ];
  for (const members of forged)
    assert.equal(await sns.publish(endpoint, documentOf([created('a')]), { after: members }), 401, JSON.stringify(members)); // prettier-ignore
  for (const href of ['https://127.0.0.1:1/confirm', world.server.url, 'https://sns.eu-west-1.amazonaws.com.attacker.example/'])
    assert.equal(await sns.subscribe(endpoint, { before: { SubscribeURL: href } }), 401, href); // prettier-ignore
  assert.equal(sns.asked, asked, 'nothing was asked for');
  assert.deepEqual(sns.complaints, []);
  const { totals } = await world.settled(1);
  assert.equal(totals['received'], 1);
  assert.equal(world.there('b'), undefined);

  const metrics = await world.server.ask('GET', '/metrics');
  const value = (name: string): number => Number(new RegExp(`^${name}\\{source="photos"[^}]*\\} (\\S+)$`, 'm').exec(metrics.json)?.[1]); // prettier-ignore
  assert.equal(value('ferry_events_received_total'), 1, metrics.json);
  assert.equal(value('ferry_events_waiting'), 0);
  assert.match(metrics.json, /^ferry_events_total\{source="photos",outcome="transferred"\} 1$/m);
});

test('a bucket of a real Ceph is followed', { skip: unavailable('ceph'), timeout: 120_000 }, async () => {
  await using ceph = await startCeph({ kind: 'memstore' });
  using world = await World.start({ name: 'other' });
  using sdk = sdkFor(ceph);
  await sdk.send(new CreateBucketCommand({ Bucket: 'photos' }));
  const options = {
    bucket_name: 'photos',
    endpoint: ceph.endpoint,
    region: ceph.region,
    access_key_id: ceph.accessKey,
    secret_access_key: ceph.secretKey,
  };
  await world.made('/v1/stores', { name: 'ceph', type: 's3', options });
  await world.made('/v1/event-sources', {
    name: 'photos',
    kind: 'http',
    source: 'ceph',
    destination: 'to',
    deletes: 'apply',
    secret: SECRET,
  });
  await notify(ceph, 'photos', `${world.server.url.replace('://', `://ferry:${SECRET}@`)}/v1/events/photos`);
  await sdk.send(new PutObjectCommand({ Bucket: 'photos', Key: 'new/+ %41ü', Body: 'from Ceph' }));
  await sdk.send(new PutObjectCommand({ Bucket: 'photos', Key: 'gone', Body: 'soon' }));
  await world.settled(2);
  assert.deepEqual([world.there('new/+ %41ü'), world.there('gone')], ['from Ceph', 'soon']);
  // Several times: what is later is so by its sequencer, not by chance.
  for (let i = 0; i < 5; i++) {
    if (i > 0) await sdk.send(new PutObjectCommand({ Bucket: 'photos', Key: 'gone', Body: 'soon' }));
    await sdk.send(new DeleteObjectCommand({ Bucket: 'photos', Key: 'gone' }));
  }
  await world.server.until(
    '/v1/event-sources/photos',
    ({ totals, lag }) => totals.received >= 11 && lag.waiting === 0 && world.there('gone') === undefined,
  );
});
