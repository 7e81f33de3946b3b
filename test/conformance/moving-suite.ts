/**
 * What every MovingBucket does, sentence by sentence of `src/state/moving-bucket.ts` and `src/state/key-ledger.ts`. A new
 * implementation calls `movingSuite` and adds only what is its own: how its processes die.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFerryError, type ErrorCode } from '../../src/model/errors.ts';
import { NEXT_PHASES, type MigrationPhase } from '../../src/model/migration-phase.ts';
import type { KeyLedger } from '../../src/state/key-ledger.ts';
import type { Member, MovingBucket, OldMutation } from '../../src/state/moving-bucket.ts';
import { MOST_PAST, MOST_WAITING, type Notice } from '../../src/state/notice-book.ts';

export const LEASE = 5_000;
export const LINGER = 60_000;

/** One bucket's shared state with a lease of `LEASE` and a linger of `LINGER`, under a clock that the suite moves. */
export interface MovingPlace extends AsyncDisposable {
  /** As often as processes would. What is opened is closed with the place. */
  open(): Promise<MovingBucket>;
  /** Moves the clock of all, and lets everybody who waits look again; with 0 only that. */
  advance(ms: number): Promise<void>;
}

export function movingSuite(name: string, makePlace: () => Promise<MovingPlace>): void {
  const moving = (title: string, body: (world: World) => Promise<void>): void => {
    test(title, async () => {
      await using place = await makePlace();
      await body(await World.on(place));
    });
  };

  describe(`MovingBucket: ${name}`, () => {
    describe('phases', () => phases(moving));
    describe('members', () => members(moving));
    describe('touched keys', () => touched(moving));
    describe('uploads of members', () => carriedUploads(moving));
    describe('intents and claims', () => intentsAndClaims(moving));
    describe('mutations in flight on old', () => onOld(moving));
    describe('dirty keys', () => dirtyKeys(moving));
    describe('what a round leaves', () => rounds(moving));
    describe('what old told of changes', () => notices(moving));
  });
}

type MovingTest = (title: string, body: (world: World) => Promise<void>) => void;

/** Two processes with a member each. */
class World {
  readonly place: MovingPlace;
  readonly bucket: MovingBucket;
  readonly other: MovingBucket;
  readonly a: Member;
  readonly b: Member;

  private constructor(place: MovingPlace, buckets: readonly MovingBucket[], both: readonly Member[]) {
    this.place = place;
    [this.bucket, this.other] = buckets as [MovingBucket, MovingBucket];
    [this.a, this.b] = both as [Member, Member];
  }

  static async on(place: MovingPlace): Promise<World> {
    const buckets = [await place.open(), await place.open()];
    return new World(place, buckets, await Promise.all(buckets.map((bucket, i) => bucket.join('ab'[i]!))));
  }

  /** Through these phases, acknowledged by the members given. */
  async go(...to: readonly MigrationPhase[]): Promise<void> {
    await this.goWith([this.a, this.b], ...to);
  }

  async goWith(who: readonly Member[], ...to: readonly MigrationPhase[]): Promise<void> {
    for (const phase of to) {
      const { epoch } = await this.bucket.change((await this.bucket.record()).epoch, phase);
      for (const member of who) await member.acknowledge(epoch, []);
    }
  }

  /** To where new decides and claims are given. */
  async goMigrating(): Promise<void> {
    await this.go('tracking', 'switching', 'pending', 'migrating');
  }

  /** Time passes for all but those given, who renew as they do. */
  async pass(ms: number, renewing: readonly Member[]): Promise<void> {
    const step = LEASE / 2;
    for (let left = ms; left > 0; left -= step) {
      await this.place.advance(Math.min(step, left));
      for (const member of renewing) await member.renew();
    }
    await this.place.advance(0);
  }

  async waits(promise: Promise<unknown>): Promise<void> {
    let done = false;
    promise.then(
      () => (done = true),
      () => (done = true),
    );
    await this.place.advance(0);
    assert.equal(done, false, 'it waits');
  }
}

const refuses =
  (code: ErrorCode, words = /./) =>
  (error: unknown): boolean => {
    assert.ok(isFerryError(error), String(error));
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, words);
    return true;
  };

const put = (id: string, key: string): OldMutation => ({ id, key, operation: 'write', started: 1 });

async function touch(keys: KeyLedger, key: string): Promise<void> {
  await using intent = await keys.intend(key);
  await intent.touch();
}

async function write(keys: KeyLedger, key: string): Promise<void> {
  await using standing = await keys.beginWrite(key);
  void standing;
}

function phases(moving: MovingTest): void {
  moving('a bucket begins as created; each change is one epoch that all processes see', async ({ bucket, other }) => {
    const first = await bucket.record();
    assert.equal(first.phase, 'created');
    const second = await other.change(first.epoch, 'tracking');
    assert.ok(second.epoch > first.epoch);
    assert.deepEqual(await bucket.record(), second);
  });

  moving('of two who change the phase one does', async ({ bucket, other }) => {
    const { epoch } = await bucket.record();
    const outcomes = await Promise.allSettled([bucket.change(epoch, 'tracking'), other.change(epoch, 'tracking')]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await assert.rejects(bucket.change(epoch, 'tracking'), refuses('changed'));
  });

  moving('only what may follow follows', async (world) => {
    const allowed = (from: MigrationPhase, to: MigrationPhase): boolean => NEXT_PHASES[from].includes(to);
    for (const to of ['created', 'switching', 'finalised', 'rolled-back'] as const) {
      assert.equal(allowed('created', to), false);
      await assert.rejects(world.bucket.change((await world.bucket.record()).epoch, to), refuses('configuration'));
    }
    await world.goMigrating();
    await assert.rejects(
      world.bucket.change((await world.bucket.record()).epoch, 'tracking'),
      refuses('configuration'),
    );
    await world.go('rolling-back', 'returning', 'rolled-back', 'tracking');
    await world.go('switching', 'pending', 'migrating', 'verifying', 'migrated', 'finalised');
  });

  moving('no phase is left before every live member has acknowledged it', async (world) => {
    const { bucket, a, b } = world;
    const { epoch } = await bucket.change((await bucket.record()).epoch, 'tracking');
    await a.acknowledge(epoch, []);
    await assert.rejects(bucket.change(epoch, 'switching'), refuses('unavailable', /b has not acknowledged tracking/));
    await b.acknowledge(epoch, []);
    assert.equal((await bucket.change(epoch, 'switching')).phase, 'switching');
  });

  moving('a member whose lease ran out is not waited for', async (world) => {
    const { bucket, a } = world;
    const { epoch } = await bucket.change((await bucket.record()).epoch, 'tracking');
    await world.pass(LEASE, [a]);
    await a.acknowledge(epoch, []);
    assert.equal((await bucket.change(epoch, 'switching')).phase, 'switching');
  });
}

function members(moving: MovingTest): void {
  moving('who joins has acknowledged what is', async (world) => {
    await world.go('tracking', 'switching');
    const late = await world.other.join('late');
    const { epoch } = await world.bucket.record();
    const all = await world.bucket.members();
    assert.deepEqual(
      all.map(({ name, acknowledged, live }) => ({ name, acknowledged, live })),
      ['a', 'b', 'late'].map((name) => ({ name, acknowledged: epoch, live: true })),
    );
    assert.equal(new Set(all.map(({ id }) => id)).size, 3);
    await late[Symbol.asyncDispose]();
    assert.equal((await world.bucket.members()).length, 2, 'who leaves is gone');
  });

  moving('a lease that is renewed stands; one that is not runs out for good', async (world) => {
    const { a, b, bucket } = world;
    await world.pass(3 * LEASE, [a]);
    assert.equal(a.isLive(), true);
    assert.equal(b.isLive(), false);
    assert.equal(b.lost.aborted, true);
    assert.ok(isFerryError(b.lost.reason, 'unavailable'));
    await assert.rejects(b.renew(), refuses('unavailable'));
    await assert.rejects(b.acknowledge((await bucket.record()).epoch, []), refuses('unavailable'));
    assert.deepEqual(
      (await bucket.members()).map(({ live }) => live),
      [true, false],
      'it lingers',
    );
    await world.pass(LINGER, [a]);
    assert.equal((await bucket.members()).length, 1);
  });

  moving('renewing tells the record; an epoch that is over is not acknowledged', async ({ a, bucket }) => {
    const before = await bucket.record();
    const after = await bucket.change(before.epoch, 'tracking');
    assert.deepEqual(await a.renew(), after);
    await assert.rejects(a.acknowledge(before.epoch, []), refuses('changed'));
  });

  moving('one member conducts, until it leaves or its lease runs out', async (world) => {
    const { a, b } = world;
    assert.deepEqual([await a.conduct(), await b.conduct(), await a.conduct()], [true, false, true]);
    await world.pass(LEASE, [b]);
    assert.equal(await b.conduct(), true);
    await assert.rejects(a.conduct(), refuses('unavailable'));
    const third = await world.bucket.join('third');
    assert.equal(await third.conduct(), false);
    await b[Symbol.asyncDispose]();
    assert.equal(await third.conduct(), true);
  });

  moving('who lost the lease writes nothing', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const intent = await b.keys.intend('k');
    await world.pass(LEASE, [a]);
    const writes: readonly (() => Promise<unknown>)[] = [
      () => intent.touch(),
      () => b.keys.intend('l'),
      () => b.keys.claim('l'),
      () => b.keys.tryClaim('l'),
      () => b.keys.beginWrite('l'),
      () => b.keys.recordUpload('u'),
      () => b.keys.settle({ key: 'l', sequence: 1, since: 1 }),
      () => b.keys.clear(),
    ];
    for (const each of writes) await assert.rejects(each, refuses('unavailable'), String(each));
    assert.equal(await a.keys.isTouched('k'), false);
    assert.equal(await a.keys.isNewUpload('u'), false);
    assert.equal((await a.keys.counts()).dirty, 0);
  });
}

function touched(moving: MovingTest): void {
  moving('what one member touched all see, also among others', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    for (const key of ['k', 'ä', '\u{1F600}', 'a\0b']) await touch(a.keys, key);
    assert.equal(await b.keys.isTouched('k'), true);
    assert.equal(await b.keys.isTouched('K'), false);
    const many = Array.from({ length: 1000 }, (_, i) => `no ${i}`);
    assert.deepEqual(
      await b.keys.touchedAmong(['ä', 'no', ...many, '\u{1F600}', 'a\0b', 'a']),
      new Set(['ä', '\u{1F600}', 'a\0b']),
    );
    assert.deepEqual(await b.keys.touchedAmong([]), new Set());
    assert.deepEqual(await b.keys.touchedBelow(['a', 'K', '', 'k', 'kk', '\u{1F600}', 'a\0b']), new Set(['a', '', 'k', '\u{1F600}', 'a\0b'])); // prettier-ignore
    assert.deepEqual(await b.keys.touchedBelow([]), new Set());
    assert.equal((await b.keys.counts()).touched, 4);
  });

  moving('an upload belongs to new where that was recorded', async ({ a, b }) => {
    await a.keys.recordUpload('u1');
    await a.keys.recordUpload('u1');
    assert.equal(await b.keys.isNewUpload('u1'), true);
    assert.equal(await b.keys.isNewUpload('u2'), false);
  });
}

function carriedUploads(moving: MovingTest): void {
  moving('are abandoned when their member neither lives nor lingers', async (world) => {
    const { a, b, bucket, place } = world;
    const upload = { side: 'new', key: 'k', uploadId: 'u' } as const;
    await a.keys.beginCarrying(upload);
    await a.keys.beginCarrying({ ...upload, side: 'old' });
    await a.keys.beginCarrying({ ...upload, uploadId: 'ended' });
    await a.keys.endCarrying({ ...upload, uploadId: 'ended' });
    await b.keys.beginCarrying({ ...upload, uploadId: 'of b' });
    for (let i = 0; i < LEASE + LINGER; i += LEASE / 2) {
      assert.deepEqual(await bucket.abandoned(9), []);
      await b.renew();
      await place.advance(LEASE / 2);
    }
    const found = await bucket.abandoned(9);
    assert.deepEqual(new Set(found), new Set([upload, { ...upload, side: 'old' }]));
    assert.equal((await bucket.abandoned(1)).length, 1);
    await bucket.forgetAbandoned(upload);
    assert.deepEqual(await world.other.abandoned(9), [{ ...upload, side: 'old' }]);
    await assert.rejects(a.keys.beginCarrying(upload), refuses('unavailable'));
  });

  moving('what a member could not end when it left is abandoned at once', async ({ a, bucket }) => {
    const upload = { side: 'new', key: 'k', uploadId: 'u' } as const;
    await a.keys.beginCarrying(upload);
    await a[Symbol.asyncDispose]();
    assert.deepEqual(await bucket.abandoned(9), [upload]);
  });
}

function intentsAndClaims(moving: MovingTest): void {
  moving('intents stand beside each other and keep claims away', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const one = await a.keys.intend('k');
    const two = await b.keys.intend('k');
    const claim = b.keys.claim('k');
    await world.waits(claim);
    assert.equal(await a.keys.tryClaim('k'), undefined);
    assert.notEqual(await a.keys.tryClaim('l'), undefined, 'of another key');
    await one[Symbol.asyncDispose]();
    await world.waits(claim);
    await two[Symbol.asyncDispose]();
    await world.place.advance(0);
    await claim;
  });

  moving('claims are exclusive, and an intent waits for the one that is held', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const claim = await a.keys.claim('k');
    const second = b.keys.claim('k');
    const intent = b.keys.intend('k');
    await world.waits(second);
    await world.waits(intent);
    await claim[Symbol.asyncDispose]();
    await world.place.advance(0);
    await world.waits(second);
    await (await intent)[Symbol.asyncDispose]();
    await world.place.advance(0);
    await second;
  });

  moving('a claim tells whether the key was touched, and may touch it', async (world) => {
    await world.goMigrating();
    const claim = await world.a.keys.claim('k');
    assert.equal(claim.touched, false);
    await claim.touch();
    assert.equal(claim.touched, true);
    assert.equal(await world.b.keys.isTouched('k'), true);
    await claim[Symbol.asyncDispose]();
    assert.equal((await world.b.keys.claim('k')).touched, true);
  });

  moving('a claim tells of an upload that was being completed, to whoever has it next', async (world) => {
    await world.goMigrating();
    {
      await using claim = await world.a.keys.claim('k');
      assert.equal(claim.completing, undefined);
      await claim.setCompleting('u');
      assert.equal(claim.completing, 'u');
    }
    await using claim = await world.b.keys.claim('k');
    assert.equal(claim.completing, 'u');
    await claim.setCompleting(undefined);
    assert.equal(claim.completing, undefined);
  });

  moving('who is aborted while it waits holds nothing', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const claim = await a.keys.claim('k');
    const stop = new AbortController();
    const waiting = [b.keys.claim('k', stop.signal), b.keys.intend('k', stop.signal)];
    for (const each of waiting) await world.waits(each);
    stop.abort();
    for (const each of waiting) await assert.rejects(each, refuses('interrupted'));
    await assert.rejects(b.keys.claim('l', stop.signal), refuses('interrupted'));
    await claim[Symbol.asyncDispose]();
    await (await a.keys.claim('k'))[Symbol.asyncDispose]();
    const { claims, intents } = await a.keys.counts();
    assert.deepEqual({ claims, intents }, { claims: 0, intents: 0 });
  });

  moving('what a dead member held stands until a request of it cannot be on its way any more', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    await b.keys.claim('k');
    await b.keys.intend('l');
    const [intent, claim] = [a.keys.intend('k'), a.keys.claim('l')];
    await world.pass(LEASE + LINGER - LEASE / 2, [a]);
    await world.waits(intent);
    await world.waits(claim);
    await world.pass(LEASE, [a]);
    await intent;
    await claim;
  });

  moving('what is given back in doubt lingers, by whoever lives', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const claim = await b.keys.claim('k');
    claim.inDoubt();
    await claim[Symbol.asyncDispose]();
    const intent = a.keys.intend('k');
    await world.pass(LINGER - LEASE, [a, b]);
    await world.waits(intent);
    await world.pass(LEASE, [a, b]);
    await intent;
  });

  moving('who leaves without giving back leaves it in doubt', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    await b.keys.claim('k');
    await b[Symbol.asyncDispose]();
    const intent = a.keys.intend('k');
    await world.pass(LINGER - LEASE, [a]);
    await world.waits(intent);
    await world.pass(LEASE, [a]);
    await intent;
  });

  moving('whose lease runs out while it waits is told so', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    await a.keys.claim('k');
    const claim = assert.rejects(b.keys.claim('k'), refuses('unavailable'));
    const intent = assert.rejects(b.keys.intend('k'), refuses('unavailable'));
    await world.pass(LEASE, [a]);
    await claim;
    await intent;
  });

  moving('of many who want a key at once one has it, then the next', async (world) => {
    await world.goMigrating();
    let [held, most] = [0, 0];
    const all = Array.from({ length: 12 }, async (_, i) => {
      await using claim = await [world.a, world.b][i % 2]!.keys.claim('k');
      void claim;
      most = Math.max(most, ++held);
      await Promise.resolve();
      held--;
    });
    for (let i = 0; i < 30; i++) await world.place.advance(0);
    await Promise.all(all);
    assert.equal(most, 1);
  });
}

function onOld(moving: MovingTest): void {
  moving('no claim is given while a member sends mutations to old', async (world) => {
    const { a, b, bucket } = world;
    const claim = a.keys.claim('k');
    await world.waits(claim);
    await world.go('tracking');
    await world.goWith([a], 'switching');
    assert.equal((await bucket.inFlightOnOld()).unaccounted, 1);
    await world.waits(claim);
    await b.acknowledge((await bucket.record()).epoch, []);
    await world.place.advance(0);
    await claim;
    assert.deepEqual(await bucket.inFlightOnOld(), { known: [], unaccounted: 0 });
  });

  moving('nor for a key while a mutation of it is in flight there', async (world) => {
    const { a, b, bucket } = world;
    await world.go('tracking');
    await world.goWith([a], 'switching');
    const { epoch } = await bucket.record();
    await b.acknowledge(epoch, [put('r1', 'k'), put('r2', 'k'), put('r3', 'l')]);
    await world.go('pending');
    assert.deepEqual(await world.other.inFlightOnOld(), {
      known: [put('r1', 'k'), put('r2', 'k'), put('r3', 'l')],
      unaccounted: 0,
    });
    const claim = a.keys.claim('k');
    await b.ended('r1', false);
    await world.waits(claim);
    assert.notEqual(await a.keys.tryClaim('m'), undefined);
    assert.equal(await a.keys.tryClaim('l'), undefined);
    await b.ended('r2', false);
    await b.ended('never published', false);
    await world.place.advance(0);
    await claim;
    assert.deepEqual((await bucket.inFlightOnOld()).known, [put('r3', 'l')]);
  });

  moving('what old may still carry out lingers', async (world) => {
    const { a, b, bucket } = world;
    await world.go('tracking');
    await world.goWith([a], 'switching');
    await b.acknowledge((await bucket.record()).epoch, [put('r1', 'k')]);
    await b.ended('r1', true);
    const claim = a.keys.claim('k');
    await world.pass(LINGER - LEASE, [a, b]);
    await world.waits(claim);
    await world.pass(LEASE, [a, b]);
    await claim;
  });

  moving('what a dead member had published stands while it lingers', async (world) => {
    const { a, b, bucket } = world;
    await world.go('tracking');
    await world.goWith([a], 'switching');
    await b.acknowledge((await bucket.record()).epoch, [put('r1', 'k')]);
    const claim = a.keys.claim('k');
    await world.pass(LEASE + LINGER - LEASE / 2, [a]);
    await world.waits(claim);
    await world.pass(LEASE, [a]);
    await claim;
  });

  moving('what a member had in flight that died before it could say so may be any key', async (world) => {
    const { a, bucket } = world;
    await world.pass(LEASE, [a]);
    await world.goWith([a], 'tracking', 'switching', 'pending');
    assert.equal((await bucket.inFlightOnOld()).unaccounted, 1);
    const claim = a.keys.claim('k');
    await world.pass(LINGER - LEASE, [a]);
    await world.waits(claim);
    await world.pass(LEASE, [a]);
    await claim;
  });
}

function dirtyKeys(moving: MovingTest): void {
  moving('a key is dirty from before it is written until it is settled', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const standing = await a.keys.beginWrite('k');
    assert.equal((await b.keys.counts()).dirty, 1, 'before the store is touched');
    assert.deepEqual(await b.keys.dirtyAmong(['j', 'k', 'l']), new Set(['k']));
    assert.deepEqual(await b.keys.dirty(undefined, 10), [], 'left aside while a write is in flight');
    await standing[Symbol.asyncDispose]();
    const [found] = await b.keys.dirty(undefined, 10);
    assert.equal(found?.key, 'k');
    assert.equal((await b.keys.counts()).oldestDirty, found.since);
    assert.equal(await b.keys.settle(found), true);
    assert.equal(await b.keys.settle(found), false);
    const { dirty, oldestDirty, writes } = await a.keys.counts();
    assert.deepEqual({ dirty, oldestDirty, writes }, { dirty: 0, oldestDirty: undefined, writes: 0 });
  });

  moving('what was written, or begun to be, since it was listed is not settled', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    await write(a.keys, 'k');
    const [first] = await b.keys.dirty(undefined, 10);
    const standing = await a.keys.beginWrite('k');
    assert.equal(await b.keys.settle(first!), false, 'a write is in flight');
    await standing[Symbol.asyncDispose]();
    assert.equal(await b.keys.settle(first!), false, 'a write has ended');
    const [second] = await b.keys.dirty(undefined, 10);
    assert.ok(second!.sequence > first!.sequence);
    assert.equal(second!.since, first!.since, 'dirty all the time');
    assert.equal(await b.keys.settle(second!), true);
    await write(a.keys, 'k');
    const [third] = await b.keys.dirty(undefined, 10);
    assert.ok(third!.sequence > second!.sequence, 'also after it was settled');
  });

  moving('several writes of a key stand at once', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    const [one, two] = [await a.keys.beginWrite('k'), await b.keys.beginWrite('k')];
    await one[Symbol.asyncDispose]();
    assert.deepEqual(await b.keys.dirty(undefined, 10), []);
    assert.equal((await b.keys.counts()).writes, 1);
    await two[Symbol.asyncDispose]();
    assert.equal((await b.keys.dirty(undefined, 10)).length, 1);
  });

  moving('a write in doubt may come until it has lingered out, and counts as ended then', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    await write(a.keys, 'k');
    const [before] = await b.keys.dirty(undefined, 10);
    const standing = await a.keys.beginWrite('k');
    standing.inDoubt();
    await standing[Symbol.asyncDispose]();
    assert.equal(await b.keys.settle(before!), false);
    assert.deepEqual(await b.keys.dirty(undefined, 10), []);
    await world.pass(LINGER, [a, b]);
    const [after] = await b.keys.dirty(undefined, 10);
    assert.ok(after!.sequence > before!.sequence);
    assert.equal(await b.keys.settle(before!), false);
    assert.equal(await b.keys.settle(after!), true);
  });

  moving('a write of a member that died lingers, and what was read of it meanwhile settles nothing', async (world) => {
    await world.goMigrating();
    const { a, b } = world;
    await write(a.keys, 'k');
    const [before] = await a.keys.dirty(undefined, 10);
    await b.keys.beginWrite('k');
    await b.keys.beginWrite('l');
    await world.pass(LEASE + LINGER - LEASE / 2, [a]);
    assert.deepEqual(await a.keys.dirty(undefined, 10), []);
    await world.pass(LEASE, [a]);
    assert.equal(await a.keys.settle(before!), false);
    assert.deepEqual(
      (await a.keys.dirty(undefined, 10)).map(({ key }) => key),
      ['k', 'l'],
    );
  });

  moving('dirty keys come in pages, in order of key', async (world) => {
    await world.goMigrating();
    const { a } = world;
    const keys = ['b', 'a', '\u{1F600}', '\uFFFD', 'a/b', 'a b', 'ä'];
    for (const key of keys) await write(a.keys, key);
    const found: string[] = [];
    for (let after: string | undefined; ; after = found.at(-1)) {
      const page = await a.keys.dirty(after, 2);
      assert.ok(page.length <= 2);
      if (page.length === 0) break;
      found.push(...page.map(({ key }) => key));
    }
    assert.deepEqual(found, ['a', 'a b', 'a/b', 'b', 'ä', '\uFFFD', '\u{1F600}']);
  });
}

function rounds(moving: MovingTest): void {
  moving('nothing goes back to old while old lacks something or anything stands', async (world) => {
    await world.goMigrating();
    const { a, bucket } = world;
    await world.go('rolling-back');
    const { epoch } = await bucket.record();
    const early = (words: RegExp): Promise<void> =>
      assert.rejects(bucket.change(epoch, 'returning'), refuses('unavailable', words));
    const standing = await a.keys.beginWrite('k');
    await early(/written back/);
    await standing[Symbol.asyncDispose]();
    await early(/written back/);
    await a.keys.settle((await a.keys.dirty(undefined, 1))[0]!);
    for (const hold of [() => a.keys.claim('k'), () => a.keys.intend('k')]) {
      const held = await hold();
      await early(/in flight/);
      await held[Symbol.asyncDispose]();
    }
    await world.go('returning', 'rolled-back');
  });

  moving('records of a round are cleared before the next, and not while they count', async (world) => {
    await world.goMigrating();
    const { a, bucket } = world;
    await touch(a.keys, 'k');
    await a.keys.recordUpload('u');
    await assert.rejects(a.keys.clear(), refuses('unavailable'));
    await world.go('rolling-back', 'returning');
    await assert.rejects(a.keys.clear(), refuses('unavailable'));
    await world.goWith([a], 'rolled-back');
    await assert.rejects(a.keys.clear(), refuses('unavailable'), 'b may still hold');
    await world.b.acknowledge((await bucket.record()).epoch, []);
    await world.go('tracking');
    const { epoch } = await bucket.record();
    await assert.rejects(bucket.change(epoch, 'switching'), refuses('unavailable', /earlier round/));
    await a.keys.clear();
    assert.equal(await world.b.keys.isTouched('k'), false);
    assert.equal(await world.b.keys.isNewUpload('u'), true, 'uploads go on');
    await world.go('switching');
  });

  moving('nothing is final while an object is being carried', async (world) => {
    await world.goMigrating();
    const claim = await world.b.keys.claim('k');
    await world.go('verifying', 'migrated');
    const { epoch } = await world.bucket.record();
    await assert.rejects(world.bucket.change(epoch, 'finalised'), refuses('unavailable', /carried/));
    await claim[Symbol.asyncDispose]();
    await world.go('finalised');
  });

  moving('records are dropped once the move is final', async (world) => {
    await world.goMigrating();
    await touch(world.a.keys, 'k');
    await write(world.a.keys, 'k');
    await world.go('verifying', 'migrated');
    await assert.rejects(world.a.keys.clear(), refuses('unavailable'));
    await world.go('finalised');
    await world.a.keys.clear();
    const { touched: left, dirty } = await world.b.keys.counts();
    assert.deepEqual({ left, dirty }, { left: 0, dirty: 0 });
  });
}

const notice = (key: string, time = 1): Notice => ({ key, event: 'ObjectCreated:Put', time });

function notices(moving: MovingTest): void {
  moving(
    'what is added waits in the order it came, for every process, until it is judged',
    async ({ bucket, other }) => {
      await bucket.notices.add(3, [notice('b'), notice('a', 2)]);
      await other.notices.add(1, []);
      const found = await other.notices.waiting(0, 10);
      assert.deepEqual(
        found.map(({ key, time }) => [key, time]),
        [
          ['b', 1],
          ['a', 2],
        ],
      );
      assert.deepEqual(await other.notices.waiting(found[0]!.id, 10), [found[1]]);
      assert.equal((await bucket.notices.waiting(0, 1)).length, 1);
      assert.equal(await bucket.notices.settle(found[0]!, false), false);
      const { received, last, waiting, past } = await other.notices.counts();
      assert.deepEqual({ received, waiting, past }, { received: 4, waiting: 1, past: 0 });
      assert.ok(last! >= 1e12);
    },
  );

  moving('one that came again since is not settled by the judgement of the first', async ({ bucket, other }) => {
    await bucket.notices.add(1, [notice('k', 1)]);
    const [first] = await bucket.notices.waiting(0, 10);
    await other.notices.add(1, [notice('k', 2)]);
    await bucket.notices.settle(first!, false);
    const [second, ...more] = await bucket.notices.waiting(0, 10);
    assert.deepEqual([second!.key, second!.time, more.length], ['k', 2, 0]);
    assert.ok(second!.id > first!.id);
  });

  moving('a key written past the gateways is kept once, and counted', async ({ bucket, other }) => {
    for (const told of [true, false]) {
      await bucket.notices.add(1, [notice('k')]);
      const [found] = await bucket.notices.waiting(0, 1);
      assert.equal(await bucket.notices.settle(found!, true), told);
    }
    assert.deepEqual(await other.notices.past(10), [notice('k')]);
    assert.equal((await other.notices.counts()).past, 1);
    await other.notices.clear();
    assert.deepEqual(await bucket.notices.past(10), []);
    const { received, last, dropped } = await bucket.notices.counts();
    assert.deepEqual({ received, last, dropped }, { received: 0, last: undefined, dropped: 0 });
  });

  moving('what has no room is counted, and nothing grows', async ({ bucket }) => {
    const many = Array.from({ length: MOST_WAITING + 5 }, (_, i) => notice(`k${i}`));
    await bucket.notices.add(many.length, many);
    const full = await bucket.notices.counts();
    assert.deepEqual([full.waiting, full.dropped], [MOST_WAITING, 5]);
    await bucket.notices.add(1, [notice('k7', 9)]);
    assert.equal((await bucket.notices.counts()).dropped, 5, 'one that waits already needs no room');
    const found = await bucket.notices.waiting(0, MOST_PAST + 5);
    let kept = 0;
    for (const each of found) if (await bucket.notices.settle(each, true)) kept++;
    assert.equal(kept, MOST_PAST);
    assert.equal((await bucket.notices.past(2 * MOST_PAST)).length, MOST_PAST);
    assert.equal((await bucket.notices.counts()).past, MOST_PAST + 5);
  });
}
