// Large objects are carried by uploads in parts, which others know of as long as they are unfinished.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { copySpec } from '../../../../src/gateway/migrate/copy-spec.ts';
import { MoverCarrier } from '../../../../src/gateway/migrate/mover-carrier.ts';
import { FerryError } from '../../../../src/model/errors.ts';
import { MiB } from '../../../../src/model/units.ts';
import { MemoryMovingBucket } from '../../../../src/state/memory/moving-bucket.ts';
import type { KeyLedger } from '../../../../src/state/key-ledger.ts';
import { compose } from '../../../../src/store/compose.ts';
import { MemoryStore } from '../../../../src/stores/memory/store.ts';
import { FakeClock } from '../../store/fake-clock.ts';

const LARGE = Buffer.alloc(11 * MiB, 'x');
const ENDPOINT = { type: 'memory', path: '', options: {} };

class World implements AsyncDisposable {
  readonly bucket = new MemoryMovingBucket({ clock: new FakeClock(), now: Date.now, lease: 5000, linger: 5000 });
  readonly old = compose(new MemoryStore({ name: 'old' }));
  /** One that takes it in parts alone. */
  readonly inner = new MemoryStore({ name: 'new', capabilities: { maxWrite: 5 * MiB, copy: undefined } });
  readonly carrier = new MoverCarrier({
    old: this.old,
    new: compose(this.inner, { retry: { attempts: 1 } }),
    spec: copySpec(ENDPOINT, ENDPOINT, { concurrency: undefined, bandwidth: [] }),
    now: Date.now,
    tmpdir,
  });

  /** Carries a large object in the name of a member that has died when `abandoned` is asked next. */
  async carry(): Promise<string> {
    await this.old.write('k', LARGE);
    const member = await this.bucket.join('m');
    const uploads: KeyLedger = member.keys;
    try {
      return (await this.carrier.carry('k', 'new', 'create', { sure: () => true, uploads })).outcome;
    } finally {
      await member[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.carrier[Symbol.dispose]();
  }
}

test('nothing is known any more of an upload that was completed', async () => {
  await using world = new World();
  assert.equal(await world.carry(), 'carried');
  assert.deepEqual(await world.bucket.abandoned(9), []);
});

test('one that failed is aborted and forgotten; one that cannot be aborted now stays known', async () => {
  for (const aborts of [true, false]) {
    await using world = new World();
    const multipart = world.inner.multipart!;
    multipart.put = () => Promise.reject(new FerryError('access-denied'));
    if (!aborts) multipart.abort = () => Promise.reject(new FerryError('access-denied'));
    await assert.rejects(world.carry(), { code: 'access-denied' });
    const left = await multipart.list('', undefined, 9);
    assert.equal(left.length, aborts ? 0 : 1);
    const known = left.map(({ key, uploadId }) => ({ side: 'new', key, uploadId }));
    assert.deepEqual(await world.bucket.abandoned(9), known);
  }
});
