// A bucket is moved while applications use it: through two gateways that are killed and stopped, forwards and back.
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { Database } from '../../src/state/sqlite/database.ts';
import { multipartEtag } from '../faults/server/buckets.ts';
import { sdkFor } from '../peers/sdk.ts';
import { startCeph, unavailable } from '../peers/servers.ts';
import {
  Application,
  BUCKET,
  clientOf,
  contentsBy,
  MovingBucketWorld,
  put,
  putBy,
  twoServers,
} from './moving-bucket.ts';

/** Another one: `FERRY_TEST_SEED=7 node --test test/e2e/migrate.test.ts`. */
const SEED = Number(process.env['FERRY_TEST_SEED'] ?? 20261121);
const APPLICATIONS = 6;
const THEIRS = 8;
const OTHERS = 300;
/** Milliseconds an answer of the new side takes while the copy is to last. */
const LATENCY = 250;
/** Longer than a gateway may stand still, milliseconds. */
const STANDSTILL = 7000;

type Contents = ReadonlyMap<string, string>;

/** Applications at work on a bucket that had objects before. */
class Work implements AsyncDisposable {
  readonly before = new Map<string, string>();
  readonly applications: readonly Application[];
  readonly endpoints: string[] = [];
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor() {
    for (let i = 0; i < OTHERS; i++) this.before.set(`other/${String(i).padStart(4, '0')}`, `other ${i}`);
    const keys = Array.from({ length: APPLICATIONS * THEIRS }, (_, i) => `theirs/${i % 3}/${i}`);
    keys.forEach((key, i) => i % 3 === 0 || this.before.set(key, `${key} of before`));
    this.applications = Array.from({ length: APPLICATIONS }, (_, i) => {
      const own = keys.slice(i * THEIRS, (i + 1) * THEIRS);
      return new Application(SEED + i, own, this.before, () => this.endpoints);
    });
  }

  /** They work from now on. */
  begin(): void {
    this.#running = Promise.all(this.applications.map((each) => each.run(this.#stop.signal)));
    this.#running.catch(() => undefined);
  }

  /** Throws what they found wrong. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end().catch(() => undefined);
  }

  /** Resolves when each has done some more. */
  async goOn(world: MovingBucketWorld): Promise<void> {
    const then = this.applications.map(({ requests }) => requests);
    await world.until('worked on', () => this.applications.every(({ requests }, i) => requests > then[i]! + 20));
  }

  /** What `found` holds is what the applications know, and everything else is as it was. */
  assertHeld(found: Contents): void {
    const expected = new Map<string, ReadonlySet<string | undefined>>();
    for (const [key, text] of this.before) expected.set(key, new Set([text]));
    for (const each of this.applications) for (const [key, values] of each.possible()) expected.set(key, values);
    for (const [key, values] of expected) assert.ok(values.has(found.get(key)), `${key} is ${found.get(key)}`);
    for (const key of found.keys()) assert.ok(expected.has(key), `${key} came from nowhere`);
  }

  tell(t: TestContext): void {
    const sum = (field: 'requests' | 'reads' | 'unanswered'): number =>
      this.applications.reduce((total, each) => total + each[field], 0);
    t.diagnostic(
      `seed ${SEED}: ${sum('requests')} requests, ${sum('reads')} of them read, ${sum('unanswered')} unanswered`,
    );
  }
}

test('forwards: nobody reads anything wrong, and one gateway is killed on the way', async (t) => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new);
  await using work = new Work();
  for (const [key, text] of work.before) put(sides.old, key, text);
  await forwards(world, work, async (side) => await contentsBy(sdkFor(sides[side])));
  work.tell(t);
});

test('the same from one Ceph cluster to another', { skip: unavailable('ceph') }, async (t) => {
  await using old = await startCeph({ kind: 'memstore' });
  await using next = await startCeph({ kind: 'memstore' });
  const clients = { old: sdkFor(old), new: sdkFor(next) };
  for (const client of Object.values(clients)) await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await using world = new MovingBucketWorld(old, next);
  await using work = new Work();
  await putBy(clients.old, work.before);
  await forwards(world, work, async (side) => await contentsBy(clients[side]));
  work.tell(t);
});

async function forwards(
  world: MovingBucketWorld,
  work: Work,
  contents: (side: 'old' | 'new') => Promise<Contents>,
): Promise<void> {
  const [one, two] = [await world.gateway(), await world.gateway()];
  work.endpoints.push(one.endpoint, two.endpoint);
  work.begin();
  await world.step('start');
  await world.step('switch');
  await world.until('migrating', ({ phase }) => phase === 'migrating');
  one.running.child.kill('SIGKILL');
  const three = await world.gateway();
  work.endpoints.splice(0, 1, three.endpoint);
  await world.until('copied', ({ copied }) => copied !== undefined);
  await world.step('verify');
  const { verified } = await world.until('migrated', ({ phase }) => phase === 'migrated');
  assert.equal(verified!.open, 0);
  await work.end();
  work.assertHeld(await contentsBy(clientOf(three.endpoint)));
  work.assertHeld(await contents('new'));
  await world.until('written back', ({ keys }) => keys.dirty === 0);
  assert.deepEqual(await contents('old'), await contents('new'), 'the old side has everything, too');
  await world.step('finalise');
  await world.until('forgotten', ({ keys }) => keys.touched === 0);
  work.assertHeld(await contentsBy(clientOf(three.endpoint)));
  const refused = await world.migrate('rollback', '--yes');
  assert.equal(refused.code, 2, refused.output);
}

test('and back, in the middle of the copy: the old side alone has everything again', async (t) => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new, {
    promote_on_read: true,
    // Whenever it can be: by itself.
    switch_between: '00:00-00:00',
  });
  await using work = new Work();
  for (const [key, text] of work.before) put(sides.old, key, text);
  const [one, two] = [await world.gateway(), await world.gateway()];
  work.endpoints.push(one.endpoint, two.endpoint);
  work.begin();
  await world.step('start');
  sides.new.latency = LATENCY;
  const { copy } = await world.until('copying', (status) => (status.copy?.counters.copied ?? 0) > 0);
  assert.deepEqual([copy!.running, copy!.done], [true, false]);
  assert.ok(copy!.openRanges >= 1 && copy!.ranges.length === copy!.openRanges);
  assert.ok(
    copy!.ranges.some(({ position }) => position !== null),
    'it is somewhere',
  );
  await world.step('rollback');
  const { copied, problem } = await world.until('rolled back', ({ phase }) => phase === 'rolled-back');
  assert.deepEqual([copied, problem], [undefined, undefined], 'at the first try, before the copy was complete');
  sides.new.latency = 0;
  await work.goOn(world);
  await work.end();
  work.assertHeld(await contentsBy(sdkFor(sides.old)));
  work.assertHeld(await contentsBy(clientOf(two.endpoint)));
  const again = await world.migrate('start', '--yes');
  assert.equal(again.code, 2, 'new is not empty');
  assert.match(again.output, /new is empty/);
  work.tell(t);
});

test('a gateway that stands still during the switch serves nothing out of date when it wakes', async (t) => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new);
  await using work = new Work();
  for (const [key, text] of work.before) put(sides.old, key, text);
  const [one, two] = [await world.gateway(), await world.gateway()];
  work.endpoints.push(one.endpoint, two.endpoint);
  work.begin();
  await world.step('start');
  one.running.child.kill('SIGSTOP');
  // Whoever asked it waits; the others go on through the one that lives.
  const [stopped] = work.endpoints.splice(0, 1);
  await sleep(STANDSTILL);
  await world.step('switch');
  await world.until('migrating', ({ phase }) => phase === 'migrating');
  work.endpoints.push(stopped!);
  one.running.child.kill('SIGCONT');
  await work.goOn(world);
  await world.until('copied', ({ copied }) => copied !== undefined);
  await work.end();
  work.assertHeld(await contentsBy(clientOf(one.endpoint)));
  work.tell(t);
});

test('while a process stands still in the middle of a transaction clients are told 503, soon, and then it goes on', async () => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new);
  put(sides.old, 'k', 'v');
  const { endpoint } = await world.gateway();
  await world.step('start');
  using stopped = new Database(join(world.ferry.home, 'moving.db'));
  stopped.exec('BEGIN IMMEDIATE');
  const get = async (): Promise<string> => {
    const asked = clientOf(endpoint).send(new GetObjectCommand({ Bucket: BUCKET, Key: 'k' }));
    return await asked.then(
      () => 'ok',
      (error: Error) => error.name,
    );
  };
  const until = async (answer: string): Promise<void> => {
    for (const end = performance.now() + 4 * STANDSTILL; (await get()) !== answer;)
      assert.ok(performance.now() < end, `never ${answer}`);
  };
  await until('SlowDown');
  for (let i = 0; i < 5; i++) {
    const since = performance.now();
    assert.equal(await get(), 'SlowDown');
    assert.ok(performance.now() - since < STANDSTILL / 4, 'the gateway does not stand still with it');
  }
  stopped.exec('ROLLBACK');
  await until('ok');
});

test('a gateway that is killed while it carries a large object leaves no upload behind, and nobody touches others', async () => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new);
  const parts = [Buffer.alloc(5 * 2 ** 20, 'a'), Buffer.from('b')];
  const etag = multipartEtag(parts.map((part) => hash('md5', part)));
  const about = { modified: 0, headers: {}, tags: new Map<string, string>() };
  const large = { body: Buffer.concat(parts), etag, parts: parts.map(({ length }) => length), ...about };
  sides.old.bucket(BUCKET).put('large', large);
  const { endpoint, running } = await world.gateway();
  const client = clientOf(endpoint);
  await world.step('start');
  // The copy leaves it to clients.
  await world.migrate('pause');
  await world.step('switch');
  await world.until('migrating', ({ phase }) => phase === 'migrating');
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: 'own' }));
  sides.new.setRules([{ op: 'UploadPart', fault: { do: 'stall', after: 'nothing' } }]);
  const Tagging = { TagSet: [{ Key: 't', Value: '1' }] };
  const asked = client.send(new PutObjectTaggingCommand({ Bucket: BUCKET, Key: 'large', Tagging }));
  asked.catch(() => undefined);
  const { uploads } = sides.new.bucket(BUCKET);
  await world.until('carried', () => sides.new.count('UploadPart') > 0);
  assert.equal(uploads.size, 2);
  running.child.kill('SIGKILL');
  await assert.rejects(asked);
  sides.new.setRules([]);
  await world.gateway();
  await world.until('aborted', () => uploads.size === 1);
  assert.deepEqual([...uploads.keys()], [UploadId]);
});

test('what is written to the old side past the gateways is told, and keeps the move from ending', async () => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new);
  for (const key of ['a', 'b', 'c']) put(sides.old, key, `${key} of before`);
  await world.gateway();
  await world.step('start');
  await world.step('switch');
  await world.until('copied', ({ copied }) => copied !== undefined);
  put(sides.old, 'b', 'written past the gateway', Date.now() + 60_000);
  put(sides.old, 'd', 'created past the gateway', Date.now() + 60_000);
  await world.step('verify');
  const { verified } = await world.until('compared', (status) => status.verified !== undefined);
  assert.deepEqual(verified!.findings, [
    { key: 'b', kind: 'past the gateway', repaired: false },
    { key: 'd', kind: 'past the gateway', repaired: true },
  ]);
  const { problem } = await world.until('back at it', ({ phase }) => phase === 'migrating');
  assert.match(problem!.message, /1 differences? were found/);
  const refused = await world.migrate('finalise', '--yes');
  assert.equal(refused.code, 2);
});

test('what is not fit is refused before anything is done: versions, objects on the new side', async () => {
  await using sides = await twoServers();
  await using world = new MovingBucketWorld(sides.old, sides.new);
  sides.old.bucket(BUCKET).versioning = 'Suspended';
  put(sides.new, 'here already', 'x');
  const { code, output } = await world.migrate('start');
  assert.equal(code, 2);
  assert.match(output, /old keeps one version of each object/);
  assert.match(output, /new is empty/);
  assert.equal((await world.status()).phase, 'created');
});
