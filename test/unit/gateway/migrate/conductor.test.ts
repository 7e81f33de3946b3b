// Who takes a bucket from phase to phase: in good time, and every round as if it were the first.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WholeCarrier } from '../../../../src/gateway/migrate/carrier.ts';
import { Conductor } from '../../../../src/gateway/migrate/conductor.ts';
import { copySpec } from '../../../../src/gateway/migrate/copy-spec.ts';
import { Desk } from '../../../../src/gateway/migrate/desk.ts';
import { readFact } from '../../../../src/gateway/migrate/facts.ts';
import type { MigrationPhase } from '../../../../src/model/migration-phase.ts';
import { MemoryMovingBucket } from '../../../../src/state/memory/moving-bucket.ts';
import { openState } from '../../../../src/state/sqlite/open.ts';
import type { StateStore } from '../../../../src/state/state-store.ts';
import { compose } from '../../../../src/store/compose.ts';
import { MemoryStore } from '../../../../src/stores/memory/store.ts';
import { FakeClock } from '../../store/fake-clock.ts';

const INTERVAL = 100;
const PAUSE = 30_000;
/** Longer than any test. */
const LEASE = 3_600_000;
/** Nothing here takes so long, milliseconds of the real clock. */
const PATIENCE = 20_000;

test('in its hours a bucket is switched as soon as all gateways have come along', async () => {
  await using world = await World.open({ switches: true });
  const gateway = await world.bucket.join('g');
  await world.go('tracking');
  await world.conduct();
  await world.clock.advance(10 * INTERVAL);
  assert.equal(await world.phase(), 'tracking', 'the gateway does not know yet');
  await gateway.acknowledge((await world.bucket.record()).epoch, []);
  await world.clock.advance(2 * INTERVAL);
  assert.equal(await world.phase(), 'switching');
});

test('a move that is started soon after it was rolled back forgets the round before', async () => {
  await using world = await World.open();
  await world.go('tracking', 'switching', 'pending');
  await using member = await world.bucket.join('m');
  await using intent = await member.keys.intend('k');
  await intent.touch();
  await intent[Symbol.asyncDispose]();
  await member[Symbol.asyncDispose]();
  // Nobody looked while it was rolled back.
  await world.go('rolling-back', 'returning', 'rolled-back', 'tracking');
  assert.equal((await world.bucket.counts()).touched, 1);
  await world.conduct();
  await world.clock.advance(2 * INTERVAL);
  assert.equal((await world.bucket.counts()).touched, 0);
});

test('a second round copies everything, wherever the first one came to', async () => {
  await using world = await World.open();
  const keys = ['a', 'b', 'c'];
  for (const key of keys) await world.old.write(key, Buffer.from(key));
  const { promise: broken, resolve } = Promise.withResolvers<void>();
  await world.conduct((nth) => (nth < keys.length ? Promise.resolve() : broken));
  await world.go('tracking', 'switching');
  await world.until(async () => (await world.keysOfNew()).length === keys.length - 1);
  await world.go('rolling-back');
  // What is under way is broken off when it has not come to rest.
  await world.clock.advance(PAUSE);
  resolve();
  await world.until(async () => (await world.phase()) === 'rolled-back');
  for (const key of await world.keysOfNew()) await world.new.remove(key);
  await world.go('tracking', 'switching');
  await world.until(async () => (await readFact(world.bucket, 'copied')) !== undefined);
  assert.deepEqual(await world.keysOfNew(), keys);
});

test('uploads that the copy of an earlier round did not end are aborted', async () => {
  await using world = await World.open();
  const [clients, left] = [await world.begin('new'), await world.begin('new')];
  await world.leave('k', left);
  await world.conduct();
  await world.go('tracking', 'switching');
  await world.until(async () => (await world.phase()) === 'migrating');
  assert.deepEqual(await world.uploads('new'), [clients]);
});

test('uploads that a dead gateway began to carry objects are aborted, and no others', async () => {
  await using world = await World.open();
  const [dead, clients, live] = [await world.begin('old'), await world.begin('new'), await world.begin('new')];
  const gateway = await world.bucket.join('g');
  await gateway.keys.beginCarrying({ side: 'new', key: 'k', uploadId: live });
  const killed = await world.bucket.join('killed');
  await killed.keys.beginCarrying({ side: 'old', key: 'k', uploadId: dead });
  // As where nothing was under way at the end of its lease and linger.
  await killed[Symbol.asyncDispose]();
  await world.conduct();
  await world.until(async () => (await world.bucket.abandoned(1)).length === 0);
  assert.deepEqual(await world.uploads('old'), []);
  assert.deepEqual(new Set(await world.uploads('new')), new Set([clients, live]));
});

/** A bucket under a clock that stands still, and who conducts its move. */
class World implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly bucket = new MemoryMovingBucket({ clock: this.clock, now: Date.now, lease: LEASE, linger: 60_000 });
  readonly old = compose(new MemoryStore({ name: 'old' }));
  readonly new = compose(new MemoryStore({ name: 'new' }));
  readonly #dir: string;
  readonly #state: StateStore;
  readonly #switches: boolean;
  #conductor: Conductor | undefined;

  private constructor(dir: string, state: StateStore, switches: boolean) {
    this.#dir = dir;
    this.#state = state;
    this.#switches = switches;
  }

  static async open({ switches = false } = {}): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), 'ferry-conductor-'));
    return new World(dir, await openState(join(dir, 'state.sqlite')), switches);
  }

  /** `calm`: as in `BulkCopy`, of the nth object. */
  async conduct(calm: (nth: number) => Promise<void> = () => Promise.resolve()): Promise<void> {
    let nth = 0;
    const { bucket, clock, old } = this;
    const state = this.#state;
    const endpoint = { type: 'memory', path: '', options: {} };
    const shared = { bucket, old, new: this.new, state, writeBack: true, listens: false };
    const signal = new AbortController().signal;
    this.#conductor = await Conductor.start({
      ...shared,
      task: 'migrate.b',
      spec: copySpec(endpoint, endpoint, { concurrency: undefined, bandwidth: [] }),
      carrier: new WholeCarrier(old, this.new),
      automatic: false,
      switchBetween: this.#switches ? { from: 0, to: 0 } : undefined,
      desk: new Desk({ ...shared, name: 'b', tenant: 't', signal }),
      clock,
      interval: INTERVAL,
      pause: PAUSE,
      hold: 30_000,
      holder: 'test',
      calm: () => calm(++nth),
      emit: () => undefined,
      tell: () => undefined,
      now: Date.now,
      random: Math.random,
      tmpdir: () => this.#dir,
    });
  }

  async begin(side: 'old' | 'new'): Promise<string> {
    return await this[side].multipart!.begin('k');
  }

  /** What the copy of an earlier round leaves. */
  async leave(key: string, uploadId: string): Promise<void> {
    const task = { name: 'migrate.b', file: '', identity: '', createdAt: 0 };
    await this.#state.createTask(task);
    await using lease = await this.#state.lease(task.name, 'test');
    const journal = await this.#state.journal(lease);
    await journal.beginUpload({
      key,
      uploadId,
      partSize: 1,
      size: 1,
      sourceVersion: '',
      startedAt: 0,
      owesTags: false,
    });
  }

  async uploads(side: 'old' | 'new'): Promise<readonly string[]> {
    return (await this[side].multipart!.list!('', undefined, 10)).map(({ uploadId }) => uploadId);
  }

  async phase(): Promise<MigrationPhase> {
    return (await this.bucket.record()).phase;
  }

  /** Who conducts comes along after each. */
  async go(...phases: readonly MigrationPhase[]): Promise<void> {
    for (const phase of phases) {
      await this.clock.advance(2 * INTERVAL);
      await this.bucket.change((await this.bucket.record()).epoch, phase);
    }
  }

  async until(holds: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + PATIENCE; !(await holds());) {
      assert.ok(performance.now() < end, `never, in ${await this.phase()}`);
      await this.clock.advance(INTERVAL);
    }
  }

  async keysOfNew(): Promise<readonly string[]> {
    return (await this.new.list({})).entries.map(({ key }) => key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#conductor?.[Symbol.asyncDispose]();
    await this.#state[Symbol.asyncDispose]();
    await rm(this.#dir, { recursive: true });
  }
}
