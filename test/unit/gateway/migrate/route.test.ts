import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FerryError, isFerryError, type ErrorCode } from '../../../../src/model/errors.ts';
import type { MigrationPhase } from '../../../../src/model/migration-phase.ts';
import { Route } from '../../../../src/gateway/migrate/route.ts';
import { MemoryMovingBucket } from '../../../../src/state/memory/moving-bucket.ts';
import { FakeClock } from '../../store/fake-clock.ts';

const LEASE = 1000;
const LINGER = 10_000;
const INTERVAL = 100;
const HOLD = 3000;
const DRAIN = 5000;

/** A bucket with one gateway, under a clock that stands still. */
class World {
  readonly clock = new FakeClock();
  readonly bucket = new MemoryMovingBucket({ clock: this.clock, now: () => 0, lease: LEASE, linger: LINGER });
  route!: Route;

  static async at(...phases: readonly MigrationPhase[]): Promise<World> {
    const world = new World();
    const { bucket, clock } = world;
    const times = { interval: INTERVAL, hold: HOLD, drain: DRAIN, linger: LINGER };
    world.route = await Route.open({ bucket, name: 'g', clock, now: () => 0, ...times });
    await world.go(...phases);
    return world;
  }

  async go(...phases: readonly MigrationPhase[]): Promise<void> {
    for (const phase of phases) {
      await this.bucket.change((await this.bucket.record()).epoch, phase);
      await this.clock.advance(INTERVAL);
    }
  }

  async acknowledged(): Promise<boolean> {
    const [member] = await this.bucket.members();
    return member?.acknowledged === (await this.bucket.record()).epoch;
  }
}

const refuses =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isFerryError(error, code);

test('a change that is held goes to new once it is released', async () => {
  const world = await World.at('tracking', 'switching');
  const { route, clock } = world;
  let passed: string | undefined;
  const passing = route.mutating('k', 'write').then((passage) => (passed = passage.mutations));
  await clock.advance(HOLD / 2);
  assert.equal(passed, undefined);
  await world.go('pending');
  assert.equal(await passing, 'recorded');
});

test('a change is not held for longer than it may be, and not once its client is gone', async () => {
  const { route, clock } = await World.at('tracking', 'switching');
  const gone = new AbortController();
  const held = assert.rejects(route.mutating('k', 'write'), refuses('throttled'));
  const left = assert.rejects(route.mutating('k', 'write', gone.signal), refuses('interrupted'));
  gone.abort();
  await left;
  await clock.advance(HOLD);
  await held;
});

test('what is in flight on old is known from the switch on until it ends', async () => {
  const world = await World.at('tracking');
  const { route, bucket } = world;
  const passage = await route.mutating('k', 'write');
  assert.equal(passage.mutations, 'old');
  assert.deepEqual((await bucket.inFlightOnOld()).known, [], 'nobody asks before');
  await world.go('switching');
  const { known } = await bucket.inFlightOnOld();
  assert.deepEqual(
    known.map(({ key, operation }) => ({ key, operation })),
    [{ key: 'k', operation: 'write' }],
  );
  await world.go('pending');
  assert.equal(passage.stillSure(), true, 'its success may be told');
  passage[Symbol.dispose]();
  await world.clock.advance(0);
  assert.deepEqual((await bucket.inFlightOnOld()).known, []);
});

test('that a change on old ended is told again where it could not be', async (t) => {
  const world = await World.at('tracking');
  const { route, bucket, clock } = world;
  const passage = await route.mutating('k', 'write');
  await world.go('switching', 'pending');
  t.mock.method(bucket, 'ended', () => assert.fail('the disk is full'), { times: 1 });
  passage[Symbol.dispose]();
  await clock.advance(0);
  assert.equal((await bucket.inFlightOnOld()).known.length, 1);
  await clock.advance(INTERVAL);
  assert.equal((await bucket.inFlightOnOld()).known.length, 0);
});

test('what takes too long on old after the switch is cut, and lingers where nobody knows what became of it', async () => {
  const world = await World.at('tracking');
  const passage = await world.route.mutating('k', 'write');
  await world.go('switching', 'pending');
  await world.clock.advance(DRAIN - 3 * INTERVAL);
  assert.equal(passage.signal.aborted, false);
  await world.clock.advance(3 * INTERVAL);
  assert.equal(passage.signal.aborted, true);
  passage.inDoubt();
  passage[Symbol.dispose]();
  await world.clock.advance(LINGER - INTERVAL);
  assert.equal((await world.bucket.inFlightOnOld()).known.length, 1);
  await world.clock.advance(INTERVAL);
  assert.equal((await world.bucket.inFlightOnOld()).known.length, 0);
});

test('what old gave no answer to before the switch is known after it', async () => {
  const world = await World.at('tracking');
  for (const inDoubt of [true, false]) {
    using passage = await world.route.mutating(inDoubt ? 'doubtful' : 'certain', 'write');
    if (inDoubt) passage.inDoubt();
  }
  await world.go('switching');
  const { known } = await world.bucket.inFlightOnOld();
  assert.deepEqual(
    known.map(({ key }) => key),
    ['doubtful'],
  );
});

test('the way back is acknowledged when nothing is on its way to new', async () => {
  const world = await World.at('tracking', 'switching', 'pending', 'migrating');
  const passage = await world.route.mutating('k', 'write');
  await world.go('rolling-back');
  await world.clock.advance(LEASE);
  assert.equal(await world.acknowledged(), false);
  passage[Symbol.dispose]();
  await world.clock.advance(0);
  assert.equal(await world.acknowledged(), true);
});

test('what may bring something from old ends before the move can be made final', async () => {
  const world = await World.at('tracking', 'switching', 'pending', 'migrating', 'verifying');
  const passage = await world.route.mutating('k', 'write');
  assert.equal(passage.promotes, true);
  await world.go('migrated');
  using after = await world.route.mutating('k', 'write');
  assert.equal(after.promotes, false);
  assert.equal(await world.acknowledged(), false);
  passage[Symbol.dispose]();
  await world.clock.advance(0);
  assert.equal(await world.acknowledged(), true);
});

test('a read is sure as long as everybody reads as it did', async () => {
  const world = await World.at('tracking');
  const { route } = world;
  const early = route.reading();
  assert.deepEqual([early.reads, early.stillSure()], ['old', true]);
  await world.go('switching');
  assert.equal(early.stillSure(), false, 'it is to be made again');
  const both = route.reading();
  await world.go('pending', 'migrating', 'verifying');
  assert.deepEqual([both.reads, both.stillSure()], ['both', true]);
  await world.go('migrated');
  assert.equal(both.stillSure(), false);
});

test('who stood still for longer than the lease serves nobody until it has looked, and vouches for nothing before', async () => {
  const world = await World.at('tracking');
  const { route, clock, bucket } = world;
  const reading = route.reading();
  const passage = await route.mutating('k', 'write');
  // Time passes and no timer runs: the process was stopped.
  clock.now = (
    (now) => () =>
      now
  )(clock.now() + LEASE);
  assert.equal(reading.stillSure(), false);
  assert.equal(passage.stillSure(), false);
  assert.throws(() => route.reading(), refuses('throttled'));
  await assert.rejects(route.mutating('k', 'write'), refuses('throttled'));
  await route.refresh();
  assert.equal(route.reading().stillSure(), true, 'it has joined anew');
  assert.equal(passage.stillSure(), false, 'what was begun before stays unknown');
  passage[Symbol.dispose]();
  assert.equal((await bucket.members()).length, 2, 'and lingers');
});

test('that nothing can be seen of the bucket is told once, and again after it could', async () => {
  const told: unknown[] = [];
  const clock = new FakeClock();
  const bucket = new MemoryMovingBucket({ clock, now: () => 0, lease: LEASE, linger: LINGER });
  const times = { interval: INTERVAL, hold: HOLD, drain: DRAIN, linger: LINGER };
  const onTrouble = (error: unknown): unknown => told.push(error);
  await using route = await Route.open({ bucket, name: 'g', clock, now: () => 0, ...times, onTrouble });
  const renew = bucket.renew.bind(bucket);
  let locked = false;
  bucket.renew = (member) => {
    if (locked) throw new FerryError('state', { message: 'locked' });
    return renew(member);
  };
  for (const round of [1, 2]) {
    locked = true;
    await clock.advance(5 * INTERVAL);
    assert.equal(told.length, round);
    locked = false;
    await clock.advance(2 * INTERVAL);
  }
  assert.equal(route.phase, 'created');
});
