// Who wrote to the old side? What it tells of is judged by what both sides hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeNotices, noteEvents } from '../../../../src/gateway/migrate/watch.ts';
import { writeFact } from '../../../../src/gateway/migrate/facts.ts';
import { FerryError } from '../../../../src/model/errors.ts';
import type { ObjectMeta } from '../../../../src/model/object.ts';
import type { MigrationPhase } from '../../../../src/model/migration-phase.ts';
import { MemoryMovingBucket } from '../../../../src/state/memory/moving-bucket.ts';
import type { Member } from '../../../../src/state/moving-bucket.ts';
import type { Notice } from '../../../../src/state/notice-book.ts';
import { MemoryStore } from '../../../../src/stores/memory/store.ts';
import type { ObjectEvent } from '../../../../src/wire/s3/notification.ts';
import { FakeClock } from '../../store/fake-clock.ts';

const SWITCHED = 1_000_000;
const LATER = SWITCHED + 60_000;

class World {
  readonly bucket = new MemoryMovingBucket({ clock: new FakeClock(), now: () => 1, lease: 5000, linger: 60_000 });
  now = SWITCHED - 60_000;
  readonly old = new ToldStore({ name: 'old', now: () => this.now });
  readonly new = new MemoryStore({ name: 'new', now: () => this.now });
  readonly found: string[] = [];
  #member: Member | undefined;

  static async at(phase: MigrationPhase): Promise<World> {
    const world = new World();
    for (const to of ['tracking', 'switching', 'pending', 'migrating'] as const) {
      await world.bucket.change((await world.bucket.record()).epoch, to);
      if (to === phase) break;
    }
    await writeFact(world.bucket, 'switched', SWITCHED);
    world.#member = await world.bucket.join('m');
    return world;
  }

  get keys(): Member['keys'] {
    return this.#member!.keys;
  }

  async put(store: MemoryStore, key: string, text: string): Promise<void> {
    await store.write(key, Buffer.from(text));
  }

  async tell(key: string, more: Partial<ObjectEvent> = {}): Promise<void> {
    const event: ObjectEvent = {
      name: 'ObjectCreated:Put',
      change: 'created',
      bucket: 'photos',
      key: `2024/${key}`,
      time: LATER,
      sequencer: undefined,
      etag: undefined,
      size: undefined,
      ...more,
    };
    await noteEvents(this.bucket, this.old, [event], this.now);
  }

  async judge(writeBack = true): Promise<void> {
    const found = ({ key }: Notice): unknown => this.found.push(key);
    const { notices } = this.bucket;
    const sides = { old: this.old, new: this.new, keys: this.keys };
    await judgeNotices({ notices, ...sides, writeBack, switched: SWITCHED }, found, new AbortController().signal);
  }

  async waiting(): Promise<number> {
    return (await this.bucket.notices.counts()).waiting;
  }
}

class ToldStore extends MemoryStore {
  override readonly info = {
    type: 'memory',
    name: 'old',
    identity: 'old',
    told: { bucket: 'photos', prefix: '2024/' },
  };
  refused: string | undefined;
  broken: string | undefined;

  override async stat(key: string, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    if (key === this.refused) throw new FerryError('access-denied', { key });
    if (key === this.broken) throw new FerryError('unavailable', { key });
    return await super.stat(key, signal);
  }
}

test('what is the bucket’s own, and after the switch, is noted', async () => {
  const world = await World.at('migrating');
  await world.tell('k', { bucket: 'other' });
  await world.tell('k', { key: '2023/k' });
  await world.tell('k', { key: '2024/' });
  assert.equal((await world.bucket.notices.counts()).received, 0);
  await world.tell('k', { change: 'other' });
  await world.tell('k', { time: SWITCHED + 1000 });
  assert.deepEqual([(await world.bucket.notices.counts()).received, await world.waiting()], [2, 0]);
  await world.tell('k');
  assert.deepEqual(
    (await world.bucket.notices.waiting(0, 10)).map(({ key }) => key),
    ['k'],
  );
});

test('before the copy begins everything on old is copied yet: it is only counted', async () => {
  for (const phase of ['tracking', 'switching', 'pending'] as const) {
    const world = await World.at(phase);
    await world.tell('k');
    assert.deepEqual([(await world.bucket.notices.counts()).received, await world.waiting()], [1, 0]);
  }
});

test('write-back explains what old tells', async () => {
  const world = await World.at('migrating');
  world.now = LATER;
  for (const store of [world.new, world.old]) await world.put(store, 'written', 'by a client');
  await using intent = await world.keys.intend('deleted');
  await intent.touch();
  await intent[Symbol.asyncDispose]();
  await world.tell('written');
  await world.tell('deleted', { name: 'ObjectRemoved:Delete', change: 'removed' });
  await world.judge();
  assert.deepEqual([world.found, await world.waiting()], [[], 0]);
});

test('what differs from new, or is on one side only, was written past the gateways', async () => {
  const world = await World.at('migrating');
  await world.put(world.new, 'changed', 'copied');
  await world.put(world.new, 'removed', 'copied');
  await using intent = await world.keys.intend('back again');
  await intent.touch();
  await intent[Symbol.asyncDispose]();
  world.now = LATER;
  for (const key of ['changed', 'created', 'back again']) await world.put(world.old, key, 'past');
  for (const key of ['changed', 'created', 'back again']) await world.tell(key);
  for (const key of ['removed', 'removed before the copy']) await world.tell(key, { change: 'removed' });
  await world.judge();
  assert.deepEqual(world.found, ['changed', 'created', 'back again', 'removed', 'removed before the copy']);
  await world.tell('changed');
  await world.judge();
  assert.equal(world.found.length, 5, 'each is told once');
});

test('a key somebody is at is judged when they are done', async () => {
  const world = await World.at('migrating');
  world.now = LATER;
  await world.put(world.new, 'k', 'new');
  await world.put(world.old, 'k', 'between two writes');
  const write = await world.keys.beginWrite('k');
  await world.tell('k');
  await world.judge();
  await write[Symbol.asyncDispose]();
  await world.judge();
  assert.deepEqual([world.found, await world.waiting()], [[], 1], 'it is to be written back');
  const [dirty] = await world.keys.dirty(undefined, 1);
  const claim = await world.keys.claim('k');
  await world.keys.settle(dirty!);
  await world.judge();
  assert.equal(await world.waiting(), 1, 'somebody holds it');
  await world.put(world.old, 'k', 'new');
  await claim[Symbol.asyncDispose]();
  await world.judge();
  assert.deepEqual([world.found, await world.waiting()], [[], 0]);
});

test('without write-back only uploads completed late explain what old tells', async () => {
  const world = await World.at('migrating');
  world.now = LATER;
  await world.put(world.old, 'completed', 'late');
  await using intent = await world.keys.intend('completed');
  await intent.touch();
  await intent[Symbol.asyncDispose]();
  await using write = await world.keys.beginWrite('past');
  void write;
  for (const store of [world.new, world.old]) await world.put(store, 'past', 'equal');
  for (const key of ['completed', 'past']) await world.tell(key);
  await world.judge(false);
  assert.deepEqual([world.found, await world.waiting()], [['past'], 0]);
});

test('a key that a side refuses to be asked for does not keep others from being judged', async () => {
  const world = await World.at('migrating');
  world.now = LATER;
  await world.put(world.old, 'past', 'past');
  for (const key of ['refused', 'past']) await world.tell(key);
  world.old.refused = 'refused';
  await assert.rejects(world.judge(), { code: 'access-denied', key: 'refused' });
  assert.deepEqual([world.found, await world.waiting()], [['past'], 1]);
});

test('where a side cannot be asked at all nothing more is asked', async () => {
  const world = await World.at('migrating');
  world.now = LATER;
  await world.put(world.old, 'past', 'past');
  for (const key of ['first', 'past']) await world.tell(key);
  world.old.broken = 'first';
  await assert.rejects(world.judge(), { code: 'unavailable' });
  assert.deepEqual([world.found, await world.waiting()], [[], 2]);
});
