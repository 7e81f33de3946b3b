import type { KeyShape } from '../../src/stores/generated/keys.ts';
import { GeneratedStore } from '../../src/stores/generated/store.ts';
import type { StoreFixture } from './store-suite.ts';
import { storeSuite } from './store-suite.ts';
import { drain } from './suite/bench.ts';

for (const shape of ['flat', 'tree'] as const) {
  storeSuite(`generated, ${shape}`, () => fixture(shape, 0));
  storeSuite(`generated, ${shape}, with gaps`, () => fixture(shape, 5));
}

async function fixture(shape: KeyShape, missingEvery: number): Promise<StoreFixture> {
  const store = new GeneratedStore({ count: 40, shape, missingEvery, maxSize: 3000 });
  const holds = new Map<string, Uint8Array>();
  const { entries } = await store.list({});
  for (const { key } of entries) holds.set(key, await drain((await store.read(key)).body));
  return { store, holds };
}
