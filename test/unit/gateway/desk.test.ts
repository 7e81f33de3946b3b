// What an operator decides about a move: a step that cannot be taken leaves everything as it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeDestination } from '../../../src/engine/probe.ts';
import { Desk, type DeskOptions } from '../../../src/gateway/migrate/desk.ts';
import { readFact, writeFact } from '../../../src/gateway/migrate/facts.ts';
import { FerryError, isFerryError } from '../../../src/model/errors.ts';
import { MemoryMovingBucket } from '../../../src/state/memory/moving-bucket.ts';
import { compose } from '../../../src/store/compose.ts';
import type { Store } from '../../../src/store/store.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import { FakeClock } from '../store/fake-clock.ts';

/** A migrated bucket that was found equal, and its desk; neither its stores nor the state are asked. */
async function migrated(signal: AbortSignal): Promise<{ bucket: MemoryMovingBucket; desk: Desk }> {
  const bucket = new MemoryMovingBucket({ clock: new FakeClock(), now: Date.now, lease: 5000, linger: 60_000 });
  for (const phase of ['tracking', 'switching', 'pending', 'migrating', 'verifying', 'migrated'] as const)
    await bucket.change((await bucket.record()).epoch, phase);
  await writeFact(bucket, 'verified', { at: 1, objects: 1, bytes: 1, aside: 0, found: 0, open: 0, findings: [] });
  const unused: Pick<DeskOptions, 'old' | 'new' | 'state'> = Object.create(null);
  return {
    bucket,
    desk: new Desk({ ...unused, name: 'b', tenant: 't', bucket, writeBack: true, listens: false, signal }),
  };
}

/** A bucket that is to be moved, and its desk. */
function created(old: Store, next: Store): { bucket: MemoryMovingBucket; desk: Desk } {
  const bucket = new MemoryMovingBucket({ clock: new FakeClock(), now: Date.now, lease: 5000, linger: 60_000 });
  const desk = new Desk({
    name: 'b',
    tenant: 't',
    bucket,
    writeBack: true,
    listens: false,
    signal: new AbortController().signal,
    old: compose(old),
    new: compose(next),
    state: Object.create(null),
  });
  return { bucket, desk };
}

/** The key of a probe that could not clean up. */
async function abandonedProbe(store: MemoryStore): Promise<string> {
  const remove = store.remove.bind(store);
  let left = '';
  store.remove = (key) => {
    left = key;
    return Promise.reject(new Error('killed'));
  };
  await probeDestination(compose(store), new AbortController().signal);
  store.remove = remove;
  return left;
}

test('a final step that comes too early does not leave the move paused', async () => {
  const { bucket, desk } = await migrated(new AbortController().signal);
  bucket.change = () => Promise.reject(new Error('too early'));
  await assert.rejects(desk.take('finalise'), /too early/);
  assert.equal(await readFact(bucket, 'paused'), undefined);
});

test('who is interrupted while the move comes to rest takes no step', async () => {
  const stop = new AbortController();
  const { bucket, desk } = await migrated(stop.signal);
  await (await bucket.join('m')).keys.claim('k');
  const taking = desk.take('finalise');
  stop.abort();
  await assert.rejects(taking, (error) => isFerryError(error, 'interrupted'));
  assert.equal((await bucket.record()).phase, 'migrated');
  assert.equal(await readFact(bucket, 'paused'), undefined);
});

test("what a gateway that was killed measured the new side with is in nobody's way, and goes with the next step", async () => {
  const next = new MemoryStore();
  const key = await abandonedProbe(next);
  const { desk, bucket } = created(new MemoryStore(), next);
  await desk.take('start');
  assert.equal((await bucket.record()).phase, 'tracking');
  assert.equal(await next.stat(key), undefined);

  const own = '.ferry-probe-00000000-0000-0000-0000-000000000000';
  await next.write(own, Buffer.from("a client's"));
  const check = (await desk.readiness('switch')).find(({ what }) => what === 'new is empty');
  assert.match(check?.detail ?? '', /it holds "\.ferry-probe-0/);
});

test('a store that knows of no versions keeps one of each object; one that could not be asked may keep more', async () => {
  for (const [code, ok] of [
    ['unsupported', true],
    ['access-denied', false],
  ] as const) {
    const old = Object.assign(new MemoryStore(), {
      versioned: () => Promise.reject(new FerryError(code)),
    });
    const { desk } = created(old, new MemoryStore());
    const check = (await desk.readiness('start')).find(({ what }) => what === 'old keeps one version of each object');
    assert.equal(check?.ok, ok, check?.detail);
  }
});
