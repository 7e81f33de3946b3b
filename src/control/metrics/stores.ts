import type { Metrics } from '../../observe/metrics.ts';
import type { StoreObserver, StoreWatch } from '../../store/layers/measure.ts';
import type { StoreStats } from '../../store/layers/trace.ts';

/** Seconds. Stores in the same room answer in milliseconds; a large body in hours. */
export const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120] as const;

const COUNTED = ['bytesRead', 'bytesWritten', 'retries', 'slowDowns'] as const;

/** What every store that is opened does. Memory: the stores that are open, and the series of the registry. */
export function measureStores(metrics: Metrics): StoreWatch {
  const store = ['store'];
  const requests = metrics.counter({
    name: 'ferry_requests_total',
    help: 'Calls of a store, retries counted as one; outcome is ok or the code of the error.',
    labels: ['store', 'operation', 'outcome'],
  });
  const durations = metrics.histogram({
    name: 'ferry_request_duration_seconds',
    help: 'Their time, retries included; of a read until its body begins.',
    labels: ['store', 'operation'],
    bounds: DURATIONS,
  });
  const inFlight = metrics.gauge({ name: 'ferry_inflight_requests', help: 'Calls under way.', labels: store });
  const bytes = metrics.counter({
    name: 'ferry_bytes_total',
    help: 'Bytes that passed, those of attempts that failed among them.',
    labels: ['store', 'direction'],
  });
  const retries = metrics.counter({
    name: 'ferry_retries_total',
    help: 'Attempts after the first, bodies that were resumed among them.',
    labels: store,
  });
  const slowDowns = metrics.counter({
    name: 'ferry_slow_downs_total',
    help: 'Attempts the store answered with a wish to be left alone for a while.',
    labels: store,
  });
  const open = new Set<Counting>();
  const add = (counting: Counting): void => {
    const { name, stats, last } = counting;
    const more = (what: (typeof COUNTED)[number]): number => stats[what] - last[what];
    bytes.add(more('bytesRead'), name, 'read');
    bytes.add(more('bytesWritten'), name, 'written');
    retries.add(more('retries'), name);
    slowDowns.add(more('slowDowns'), name);
    counting.last = { ...stats };
  };
  metrics.collect(() => {
    for (const counting of open) add(counting);
  });
  return {
    opened(name, stats): StoreObserver {
      const counting = { name, stats, last: { bytesRead: 0, bytesWritten: 0, retries: 0, slowDowns: 0 } };
      open.add(counting);
      return {
        began: () => inFlight.add(1, name),
        ended(operation, milliseconds, code) {
          inFlight.add(-1, name);
          requests.add(1, name, operation, code ?? 'ok');
          durations.observe(milliseconds / 1000, name, operation);
        },
        closed() {
          if (open.delete(counting)) add(counting);
        },
      };
    },
  };
}

interface Counting {
  readonly name: string;
  readonly stats: StoreStats;
  /** As it was added last. */
  last: Readonly<Record<(typeof COUNTED)[number], number>>;
}
