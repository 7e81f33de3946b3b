/** A mirror with one rule for everything, over a store that is given. */
import { tmpdir } from 'node:os';
import { MirrorStore } from '../../src/gateway/mirror/mirror-store.ts';
import { Origin } from '../../src/gateway/mirror/origin.ts';
import type { Placement } from '../../src/gateway/mirror/placement.ts';
import { Rule } from '../../src/gateway/mirror/rule.ts';
import { SpoolSpace } from '../../src/gateway/mirror/spool-space.ts';
import { Tally } from '../../src/gateway/mirror/tally.ts';
import { KEPT_HEADERS, type MirrorRule } from '../../src/model/gateway.ts';
import { GiB, MiB } from '../../src/model/units.ts';
import type { MirrorBook } from '../../src/state/mirror-book.ts';
import type { Store } from '../../src/store/store.ts';
import { MemoryStore } from '../../src/stores/memory/store.ts';

const RULE: MirrorRule = {
  name: 'all',
  match: { prefix: '', suffix: '', statuses: [404] },
  origins: [],
  rewrite: { strip: '', template: '{key}' },
  headers: { pass: [], drop: [], set: [] },
  keep: KEPT_HEADERS,
  mode: 'stream',
  store: true,
  head: 'fetch',
  deletes: 'remember',
  limits: {
    bandwidth: undefined,
    requestsPerSecond: undefined,
    concurrency: 8,
    timeout: 10_000,
    minSpeed: 1,
    maxObjectSize: GiB,
  },
  absence: { duration: 0, entries: 1 },
  breaker: { failures: 5, duration: 1000 },
};

/** Remembers deletes in memory; the suite writes and removes the same keys again and again. */
function book(): MirrorBook {
  const buried = new Set<string>();
  return {
    count: async () => undefined,
    counters: async () => [],
    bury: async (_, key) => void buried.add(key),
    isBuried: async (_, key) => buried.has(key),
    uploadBegun: async () => undefined,
    uploadEnded: async () => undefined,
    uploads: async () => [],
  };
}

/** Its origin has nothing; what is deleted stays so. */
export function mirrored(local: Store, placement?: Placement): MirrorStore {
  const now = Date.now;
  const kept = book();
  const origin = new Origin(new MemoryStore(), RULE.limits, RULE.breaker, { now, random: Math.random });
  return new MirrorStore({
    bucket: 'b',
    local,
    rules: [new Rule(RULE, [origin], new Tally('b', 'all', kept, now), now)],
    book: kept,
    space: new SpoolSpace({ limit: 128 * MiB, folder: tmpdir }),
    now,
    placement,
  });
}
