import type { MirrorBook } from '../../state/mirror-book.ts';
import type { Metrics } from '../../observe/metrics.ts';

/** What the rules of mirrors did, as the gateways wrote it down: every five seconds. */
export function measureMirrors(metrics: Metrics, book: Pick<MirrorBook, 'counters'>): void {
  const labels = ['bucket', 'rule'];
  const requests = metrics.counter({
    name: 'ferry_mirror_requests_total',
    help: 'Reads of clients: hits were in the store, misses were not; absent are misses the origins do not have either.',
    labels: [...labels, 'outcome'],
  });
  const stored = metrics.counter({ name: 'ferry_mirror_stored_total', help: 'Objects stored.', labels });
  const bytes = metrics.counter({ name: 'ferry_mirror_bytes_total', help: 'Bytes that came from origins.', labels });
  const failures = metrics.counter({
    name: 'ferry_mirror_failures_total',
    help: 'Fetches that origins failed, or that could not be stored.',
    labels,
  });
  const lastUse = metrics.gauge({
    name: 'ferry_mirror_last_use_timestamp_seconds',
    help: 'When an origin was last asked; 0 where never.',
    labels,
  });
  metrics.collect(async () => {
    for (const counters of await book.counters()) {
      const { bucket, rule } = counters;
      requests.set(counters.hits, bucket, rule, 'hit');
      requests.set(counters.misses, bucket, rule, 'miss');
      requests.set(counters.absent, bucket, rule, 'absent');
      stored.set(counters.stored, bucket, rule);
      bytes.set(counters.bytes, bucket, rule);
      failures.set(counters.failures, bucket, rule);
      lastUse.set((counters.lastUse ?? 0) / 1000, bucket, rule);
    }
  });
}
