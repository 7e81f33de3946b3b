// What an operator decides about a move: a step that cannot be taken leaves everything as it was.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desk, type DeskOptions } from '../../../src/gateway/migrate/desk.ts';
import { readFact, writeFact } from '../../../src/gateway/migrate/facts.ts';
import { FerryError, isFerryError } from '../../../src/model/errors.ts';
import { MemoryMovingBucket } from '../../../src/state/memory/moving-bucket.ts';
import { compose } from '../../../src/store/compose.ts';
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

test('a store that knows of no versions keeps one of each object; one that could not be asked may keep more', async () => {
  for (const [code, ok] of [
    ['unsupported', true],
    ['access-denied', false],
  ] as const) {
    const bucket = new MemoryMovingBucket({ clock: new FakeClock(), now: Date.now, lease: 5000, linger: 60_000 });
    const old = Object.assign(new MemoryStore(), {
      versioned: () => Promise.reject(new FerryError(code)),
    });
    const desk = new Desk({
      name: 'b',
      tenant: 't',
      bucket,
      writeBack: true,
      listens: false,
      signal: new AbortController().signal,
      old: compose(old),
      new: compose(new MemoryStore()),
      state: Object.create(null),
    });
    const check = (await desk.readiness('start')).find(({ what }) => what === 'old keeps one version of each object');
    assert.equal(check?.ok, ok, check?.detail);
  }
});
