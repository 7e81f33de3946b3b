import { NO_METADATA, type Capabilities } from '../../src/model/capabilities.ts';
import { MEMORY_CAPABILITIES as ALL, MemoryStore } from '../../src/stores/memory/store.ts';
import { storeSuite } from './store-suite.ts';

const small = { multipart: { ...ALL.multipart!, minPart: 4096 } };

const variants: Readonly<Record<string, Partial<Capabilities>>> = {
  everything: {},
  'no conditions, no checksums': {
    readIfMatch: false,
    writeIfAbsent: false,
    writeIfMatch: false,
    verifiesMd5: false,
    verifiesChecksums: [],
    multipart: { ...small.multipart, completeIfAbsent: false, completeIfMatch: false },
  },
  'opaque ETags': { etag: 'opaque' },
  'no ETags, no metadata': {
    etag: 'none',
    readIfMatch: false,
    writeIfMatch: false,
    metadata: NO_METADATA,
    copy: undefined,
    multipart: undefined,
  },
  'an unordered listing': { list: { ...ALL.list!, order: 'unordered' } },
  'a tree': { keys: { ...ALL.keys, tree: true, directories: 'directories' } },
};

for (const [name, capabilities] of Object.entries(variants)) {
  storeSuite(`memory with ${name}`, async () => ({
    store: new MemoryStore({ capabilities: { ...small, ...capabilities }, chunkSize: 10_000 }),
    missing: new MemoryStore({ missing: true }),
  }));
}

storeSuite('memory under a prefix', async () => ({
  store: new MemoryStore({ prefix: 'some/where/', capabilities: small }),
}));
