import type { RunningMigration } from '../../gateway/serve.ts';
import { MIGRATION_PHASES } from '../../model/migration-phase.ts';
import type { Metrics } from '../../observe/metrics.ts';
import { toldOf, type Migration } from '../migrations/resource.ts';

/** Where each bucket that is moved stands; looked at when somebody asks. `now`: milliseconds since the epoch. */
export function measureMigrations(metrics: Metrics, migrations: readonly RunningMigration[], now: () => number): void {
  const bucket = ['bucket'];
  const phase = metrics.gauge({
    name: 'ferry_migration_phase',
    help: '1 for the phase a bucket is in, 0 for the others.',
    labels: ['bucket', 'phase'],
  });
  const since = metrics.gauge({
    name: 'ferry_migration_phase_seconds',
    help: 'How long it has been in its phase.',
    labels: bucket,
  });
  const paused = metrics.gauge({ name: 'ferry_migration_paused', help: '1 while the move rests.', labels: bucket });
  const objects = metrics.gauge({
    name: 'ferry_migration_objects',
    help: 'Of the copy: listed, moved, skipped, failed.',
    labels: ['bucket', 'state'],
  });
  const moved = metrics.gauge({ name: 'ferry_migration_moved_bytes', help: 'Of the copy.', labels: bucket });
  const done = metrics.gauge({ name: 'ferry_migration_copied', help: '1 once everything is copied.', labels: bucket });
  const lagKeys = metrics.gauge({
    name: 'ferry_migration_lag_keys',
    help: 'Keys the old side does not have as clients wrote them.',
    labels: bucket,
  });
  const lag = metrics.gauge({
    name: 'ferry_migration_lag_seconds',
    help: 'How long the oldest of them waits to be written back.',
    labels: bucket,
  });
  const open = metrics.gauge({
    name: 'ferry_migration_open_on_old',
    help: 'Changes in flight on the old side.',
    labels: bucket,
  });
  const foreign = metrics.gauge({
    name: 'ferry_migration_foreign_keys',
    help: 'Keys written past the gateways, as the old side tells.',
    labels: bucket,
  });
  const differences = metrics.gauge({
    name: 'ferry_migration_open_differences',
    help: 'Of the last comparison, those that were not repaired.',
    labels: bucket,
  });
  const problem = metrics.gauge({
    name: 'ferry_migration_problem',
    help: '1 while something stands in the way.',
    labels: bucket,
  });
  const reads = metrics.counter({
    name: 'ferry_migration_reads_total',
    help: 'Reads of clients, by the side that had what was read.',
    labels: ['bucket', 'side'],
  });
  const set = (name: string, told: Migration): void => {
    for (const each of MIGRATION_PHASES) phase.set(told.phase === each ? 1 : 0, name, each);
    since.set((now() - told.since) / 1000, name);
    paused.set(told.paused ? 1 : 0, name);
    objects.set(told.counts.objects, name, 'listed');
    for (const state of ['moved', 'skipped', 'failed'] as const) objects.set(told.counts[state], name, state);
    moved.set(told.counts.movedBytes, name);
    done.set(told.copy?.done === true ? 1 : 0, name);
    lagKeys.set(told.lag.keys, name);
    lag.set(told.lag.oldest === undefined ? 0 : Math.max(0, now() - told.lag.oldest) / 1000, name);
    open.set(told.writes.openOnOld, name);
    foreign.set(told.foreign?.count ?? 0, name);
    differences.set(told.verified?.open ?? 0, name);
    problem.set(told.problem === undefined ? 0 : 1, name);
    for (const side of ['old', 'new'] as const) reads.set(told.reads[side], name, side);
  };
  metrics.collect(async () => {
    for (const running of migrations) set(running.name, await toldOf(running));
  });
}
