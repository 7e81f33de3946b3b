import type { Metrics } from '../../observe/metrics.ts';
import type { EventBook } from '../../state/control/event-book.ts';

/** What became of an event, as the totals of its source have it. */
const OUTCOMES = ['transferred', 'deleted', 'passed', 'outdated'] as const;

/** Where each event source stands; looked at when somebody asks. `now`: milliseconds since the epoch. */
export function measureEvents(metrics: Metrics, book: Pick<EventBook, 'sources' | 'counts'>, now: () => number): void {
  const source = ['source'];
  const received = metrics.counter({
    name: 'ferry_events_received_total',
    help: 'Events that came and were kept, doubles among them.',
    labels: source,
  });
  const ended = metrics.counter({
    name: 'ferry_events_total',
    help: 'What became of them; outdated are doubles, and what came after something newer.',
    labels: ['source', 'outcome'],
  });
  const malformed = metrics.counter({
    name: 'ferry_events_malformed_total',
    help: 'Documents that could not be read.',
    labels: source,
  });
  const waiting = metrics.gauge({ name: 'ferry_events_waiting', help: 'Keys to be carried out.', labels: source });
  const failed = metrics.gauge({ name: 'ferry_events_failed', help: 'Keys that were given up.', labels: source });
  const lag = metrics.gauge({
    name: 'ferry_events_lag_seconds',
    help: 'How long the oldest of the waiting has waited.',
    labels: source,
  });
  const reconciled = metrics.gauge({
    name: 'ferry_events_reconciled_age_seconds',
    help: 'Since both sides were last compared, or the source was made.',
    labels: source,
  });
  const broken = metrics.gauge({
    name: 'ferry_events_reconcile_failed',
    help: '1 where the last comparison came to no end.',
    labels: source,
  });
  const families = [received, ended, malformed, waiting, failed, lag, reconciled, broken];
  metrics.collect(async () => {
    for (const family of families) family.clear();
    for (const record of await book.sources()) {
      const { name, totals, createdAt, reconciledAt = createdAt, reconcileError } = record;
      const counts = await book.counts(name);
      received.set(totals.received, name);
      for (const outcome of OUTCOMES) ended.set(totals[outcome], name, outcome);
      malformed.set(totals.malformed, name);
      waiting.set(counts.waiting, name);
      failed.set(counts.failed, name);
      lag.set(counts.oldest === undefined ? 0 : Math.max(0, now() - counts.oldest) / 1000, name);
      reconciled.set(Math.max(0, now() - reconciledAt) / 1000, name);
      broken.set(reconcileError === undefined ? 0 : 1, name);
    }
  });
}
