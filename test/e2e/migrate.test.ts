// A bucket is moved while applications use it: through two gateways, one of which is killed, forwards and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultServer } from '../faults/fault-server.ts';
import { Application, BUCKET, clientOf, contentsBy, MovingBucketWorld, put } from './moving-bucket.ts';

/** Another one: `FERRY_TEST_SEED=7 node --test test/e2e/migrate.test.ts`. */
const SEED = Number(process.env['FERRY_TEST_SEED'] ?? 20261121);
const APPLICATIONS = 6;
const THEIRS = 8;
const OTHERS = 300;

/** Applications at work on a bucket that had objects before. */
class Work implements AsyncDisposable {
  readonly before = new Map<string, string>();
  readonly applications: readonly Application[];
  readonly endpoints: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(world: MovingBucketWorld) {
    for (let i = 0; i < OTHERS; i++) this.before.set(`other/${String(i).padStart(4, '0')}`, `other ${i}`);
    const keys = Array.from({ length: APPLICATIONS * THEIRS }, (_, i) => `theirs/${i % 3}/${i}`);
    keys.forEach((key, i) => i % 3 === 0 || this.before.set(key, `${key} of before`));
    for (const [key, text] of this.before) put(world.old, key, text);
    this.applications = Array.from({ length: APPLICATIONS }, (_, i) => {
      const own = keys.slice(i * THEIRS, (i + 1) * THEIRS);
      return new Application(SEED + i, own, this.before, () => this.endpoints);
    });
    this.#running = Promise.resolve();
  }

  /** They work from now on; what they find wrong is thrown by `stop`. */
  begin(): { stop(): Promise<void> } {
    const all = Promise.all(this.applications.map((each) => each.run(this.#stop.signal)));
    all.catch(() => undefined);
    return {
      stop: async () => {
        this.#stop.abort();
        await all;
      },
    };
  }

  /** What `found` holds is what the applications know, and everything else is as it was. */
  assertHeld(found: ReadonlyMap<string, string>): void {
    const expected = new Map<string, ReadonlySet<string | undefined>>();
    for (const [key, text] of this.before) expected.set(key, new Set([text]));
    for (const each of this.applications) for (const [key, values] of each.possible()) expected.set(key, values);
    for (const [key, values] of expected) assert.ok(values.has(found.get(key)), `${key} is ${found.get(key)}`);
    for (const key of found.keys()) assert.ok(expected.has(key), `${key} came from nowhere`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

function contents(server: FaultServer): Map<string, string> {
  const bucket = server.bucket(BUCKET);
  return new Map(bucket.keys().map((key) => [key, String(bucket.get(key)!.body)]));
}

test('forwards: nobody reads anything wrong, and one gateway is killed on the way', async (t) => {
  await using world = await MovingBucketWorld.start();
  await using work = new Work(world);
  const [one, two] = [await world.gateway(), await world.gateway()];
  work.endpoints.push(one.endpoint, two.endpoint);
  const working = work.begin();
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
  await world.until('written back', ({ keys }) => keys.dirty === 0 || work.applications.length > 0);
  await working.stop();
  work.assertHeld(await contentsBy(clientOf(three.endpoint)));
  work.assertHeld(contents(world.new));
  await world.until('written back', ({ keys }) => keys.dirty === 0);
  assert.deepEqual(contents(world.old), contents(world.new), 'the old side has everything, too');
  await world.step('finalise');
  await world.until('forgotten', ({ keys }) => keys.touched === 0);
  work.assertHeld(await contentsBy(clientOf(three.endpoint)));
  const refused = await world.migrate('rollback', '--yes');
  assert.equal(refused.code, 2, refused.output);
  for (const each of work.applications)
    t.diagnostic(`${each.requests} requests, ${each.reads} read, ${each.unanswered} unanswered`);
});

test('and back: the old side alone has everything again', async (t) => {
  await using world = await MovingBucketWorld.start({ promote_on_read: true });
  await using work = new Work(world);
  const [one, two] = [await world.gateway(), await world.gateway()];
  work.endpoints.push(one.endpoint, two.endpoint);
  const working = work.begin();
  await world.step('start');
  await world.step('switch');
  await world.until('copied', ({ copied }) => copied !== undefined);
  await world.step('rollback');
  await world.until('rolled back', ({ phase }) => phase === 'rolled-back');
  const then = work.applications.map(({ requests }) => requests);
  await world.until('worked on', () => work.applications.every(({ requests }, i) => requests > then[i]! + 20));
  await working.stop();
  work.assertHeld(contents(world.old));
  work.assertHeld(await contentsBy(clientOf(two.endpoint)));
  const again = await world.migrate('start', '--yes');
  assert.equal(again.code, 2, 'new is not empty');
  assert.match(again.output, /new is empty/);
  for (const each of work.applications)
    t.diagnostic(`${each.requests} requests, ${each.reads} read, ${each.unanswered} unanswered`);
});

test('what is written to the old side past the gateways is told, and keeps the move from ending', async () => {
  await using world = await MovingBucketWorld.start();
  for (const key of ['a', 'b', 'c']) put(world.old, key, `${key} of before`);
  await world.gateway();
  await world.step('start');
  await world.step('switch');
  await world.until('copied', ({ copied }) => copied !== undefined);
  put(world.old, 'b', 'written past the gateway', Date.now() + 60_000);
  put(world.old, 'd', 'created past the gateway', Date.now() + 60_000);
  await world.step('verify');
  const { verified, problem } = await world.until('compared', (status) => status.verified !== undefined);
  assert.deepEqual(verified!.findings, [
    { key: 'b', kind: 'past the gateway', repaired: false },
    { key: 'd', kind: 'past the gateway', repaired: true },
  ]);
  assert.match(
    (await world.until('back at it', ({ phase }) => phase === 'migrating')).problem!.message,
    /1 differences?/,
  );
  assert.ok(problem === undefined || problem.message !== '');
  const refused = await world.migrate('finalise', '--yes');
  assert.equal(refused.code, 2);
});
