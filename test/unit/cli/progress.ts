/** Progress made up for tests. */
import type { Progress } from '../../../src/engine/progress.ts';
import { NO_COUNTERS } from '../../../src/state/state-store.ts';

export function progressOf(more: Partial<Progress> = {}): Progress {
  return {
    task: 'photos',
    phase: 'moving',
    counters: { ...NO_COUNTERS, listed: 1000, listedBytes: 4_000_000, copied: 250, copiedBytes: 1_000_000 },
    listingDone: true,
    elapsed: 134_000,
    bytesMoved: 1_000_000,
    rate: { bytes: 118 * 2 ** 20, objects: 842, listed: 0 },
    averageRate: { bytes: 96 * 2 ** 20, objects: 700 },
    eta: 80_000,
    inFlight: 61,
    concurrency: 64,
    throttledBy: [],
    active: [],
    ranges: { total: 40, done: 10, active: 6 },
    ...more,
  };
}
