import type { Capabilities } from '../../src/model/capabilities.ts';
import type { MigrationPhase } from '../../src/model/migration-phase.ts';
import { WholeCarrier } from '../../src/gateway/migrate/carrier.ts';
import { MigratingStore } from '../../src/gateway/migrate/migrating-store.ts';
import { Route } from '../../src/gateway/migrate/route.ts';
import { MemoryMovingBucket } from '../../src/state/memory/moving-bucket.ts';
import { systemClock } from '../../src/store/clock.ts';
import { MEMORY_CAPABILITIES as ALL, MemoryStore } from '../../src/stores/memory/store.ts';
import { storeSuite, type StoreFixture } from './store-suite.ts';

const WAY: readonly MigrationPhase[] = [
  'tracking',
  'switching',
  'pending',
  'migrating',
  'verifying',
  'migrated',
  'finalised',
];
const BACK: readonly MigrationPhase[] = [...WAY.slice(0, 4), 'rolling-back', 'returning', 'rolled-back'];
const multipart = { ...ALL.multipart!, minPart: 4096 };

/** A bucket that came this far, through one gateway. */
async function bucketAt(way: readonly MigrationPhase[], capabilities: Partial<Capabilities>): Promise<MigratingStore> {
  const now = Date.now;
  const bucket = new MemoryMovingBucket({ clock: systemClock, now, lease: 60_000, linger: 60_000 });
  const sides = {
    old: new MemoryStore({ name: 'old', capabilities: { multipart } }),
    new: new MemoryStore({ name: 'new', capabilities: { multipart, ...capabilities } }),
  };
  const route = await Route.open({
    bucket,
    name: 'gateway',
    clock: systemClock,
    now,
    interval: 1000,
    hold: 1000,
    drain: 1000,
    linger: 1000,
  });
  for (const phase of way) {
    await bucket.change((await bucket.record()).epoch, phase);
    await route.refresh();
  }
  return new MigratingStore({ ...sides, route, carrier: new WholeCarrier(sides.old, sides.new) });
}

for (const way of [WAY.slice(0, 1), WAY.slice(0, 3), WAY.slice(0, 4), WAY.slice(0, 6), WAY, BACK])
  storeSuite(`a bucket on its way, ${way.at(-1)}`, () => fixture(bucketAt(way, {})));

storeSuite('a bucket on its way to a store without create-only writes', () =>
  fixture(
    bucketAt(WAY.slice(0, 4), {
      writeIfAbsent: false,
      multipart: { ...multipart, completeIfAbsent: false },
    }),
  ),
);

async function fixture(opening: Promise<MigratingStore>): Promise<StoreFixture> {
  const store = await opening;
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}
