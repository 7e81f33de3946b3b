/** Every layer, alone and with the others, is a store like any other; with faults beneath it as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compose } from '../../src/store/compose.ts';
import type { Clock } from '../../src/store/clock.ts';
import { systemClock } from '../../src/store/clock.ts';
import { Correctness } from '../../src/store/layers/correctness.ts';
import { ErrorContext } from '../../src/store/layers/error-context.ts';
import type { Layer } from '../../src/store/layers/layer.ts';
import { LayeredStore } from '../../src/store/layers/layered-store.ts';
import { Limits } from '../../src/store/layers/limits.ts';
import { Retry } from '../../src/store/layers/retry.ts';
import { newStats, Trace } from '../../src/store/layers/trace.ts';
import { Watchdog } from '../../src/store/layers/watchdog.ts';
import type { Store } from '../../src/store/store.ts';
import { MEMORY_CAPABILITIES, MemoryStore } from '../../src/stores/memory/store.ts';
import { Chaos } from '../faults/chaos.ts';
import { storeSuite } from './store-suite.ts';

const memory = (missing = false): MemoryStore =>
  new MemoryStore({
    missing,
    chunkSize: 10_000,
    capabilities: { multipart: { ...MEMORY_CAPABILITIES.multipart!, minPart: 4096 } },
  });

/** Sleeps for a turn of the event loop, whatever is asked for. */
const impatient: Clock = {
  ...systemClock,
  after(_, work) {
    const turn = setImmediate(work);
    return () => clearImmediate(turn);
  },
};

const retry = { attempts: 30, clock: impatient };

const alone: Readonly<Record<string, (store: Store) => Layer>> = {
  trace: (store) => new Trace(store.info.name, newStats()),
  'error context': (store) => new ErrorContext(store.info, newStats()),
  correctness: (store) => new Correctness(store.capabilities),
  retry: (store) => new Retry(store.capabilities, newStats(), { ...retry, attempts: 2 }),
  limits: () => new Limits({ concurrency: 3, requestsPerSecond: 1_000_000 }),
  watchdog: () => new Watchdog({ timeout: 10_000 }),
};

for (const [name, layer] of Object.entries(alone)) {
  storeSuite(`layer ${name}`, async () => {
    const store = memory();
    const missing = memory(true);
    return {
      store: new LayeredStore(store, [layer(store)]),
      missing: new LayeredStore(missing, [layer(missing)]),
    };
  });
}

storeSuite('all layers', async () => ({
  store: compose(memory(), { retry: { ...retry, attempts: 2 } }),
  missing: compose(memory(true)),
}));

storeSuite('all layers, one call at a time', async () => ({
  store: compose(memory(), { retry: { ...retry, attempts: 2 }, limits: { concurrency: 1 } }),
}));

for (const seed of [1, 2, 3]) {
  const chaos = new Chaos(seed, { refused: 0.1, lost: 0.1, cut: 0.3, broken: 0.5, delayed: 0.2 });
  storeSuite(`all layers over chaos, seed ${seed}`, async () => ({
    store: compose(memory(), { retry, innermost: [chaos], limits: { concurrency: 7 } }),
    missing: compose(memory(true), { retry, innermost: [chaos] }),
  }));
  test(`there was chaos, seed ${seed}`, () => {
    const { repeated: _, ...faults } = chaos.tally;
    for (const [kind, count] of Object.entries(faults)) assert.ok(count > 5, `${kind}: ${count}`);
  });
}
