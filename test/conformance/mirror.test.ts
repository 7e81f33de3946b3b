/** A mirrored bucket is a store like any other to its clients, whatever it fetches meanwhile (decision 0010). */
import { MEMORY_CAPABILITIES, MemoryStore } from '../../src/stores/memory/store.ts';
import { mirrored } from './mirrored.ts';
import { storeSuite } from './store-suite.ts';

const capabilities = { multipart: { ...MEMORY_CAPABILITIES.multipart!, minPart: 4096 } };

storeSuite('a mirror whose origin has nothing', async () => ({
  store: mirrored(new MemoryStore({ chunkSize: 10_000, capabilities })),
  missing: mirrored(new MemoryStore({ missing: true })),
}));
