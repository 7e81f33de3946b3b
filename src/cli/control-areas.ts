/** What `ferry serve` lets its API control: one call for each area. */
import type { Route } from '../control/api/route.ts';
import type { LiveHub } from '../control/live/hub.ts';
import { measureMigrations } from '../control/metrics/migrations.ts';
import { measureMirrors } from '../control/metrics/mirrors.ts';
import { metricsRoutes } from '../control/metrics/routes.ts';
import { measureTasks } from '../control/metrics/tasks.ts';
import { migrationRoutes } from '../control/migrations/routes.ts';
import { MigrationWatch } from '../control/migrations/watch.ts';
import type { ProbeContext } from '../control/stores/probe.ts';
import type { RegisteredStores } from '../control/stores/registered-stores.ts';
import { storeRoutes } from '../control/stores/routes.ts';
import type { RunningGateway } from '../gateway/serve.ts';
import type { ControlSpec } from '../model/control.ts';
import type { LogFile } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { StateStore } from '../state/state-store.ts';
import { systemClock } from '../store/clock.ts';
import { openIntake } from './intake-area.ts';
import type { Services } from './services.ts';

export interface AreaParts {
  /** Undefined where none is configured. */
  readonly gateway: RunningGateway | undefined;
  readonly spec: ControlSpec;
  readonly metrics: Metrics;
  readonly state: ControlState;
  readonly tasks: Pick<StateStore, 'listTasks' | 'mirrors'>;
  readonly hub: LiveHub;
  readonly log: LogFile;
  readonly now: () => number;
  readonly stores: RegisteredStores;
  /** Opens a store for somebody who waits for what it does. */
  readonly openProbed: ProbeContext['open'];
  readonly services: Services;
}

/** The areas as they run. To dispose of them ends what they do. */
export interface Areas extends AsyncDisposable {
  readonly routes: readonly Route[];
  /** As `SystemContext.sinceProgress`. */
  sinceProgress(): number | undefined;
}

// oxlint-disable-next-line typescript/require-await -- areas that open something do it here.
export async function openAreas(parts: AreaParts): Promise<Areas> {
  const { gateway, hub, log, metrics, now, spec, stores, openProbed, services, state } = parts;
  await using opened = new AsyncDisposableStack();
  const migrations = gateway?.migrations ?? [];
  const trouble = (bucket: string, error: unknown): void =>
    log.warn('a move could not be carried on', { bucket, error });
  const watch = opened.use(new MigrationWatch({ migrations, hub, clock: systemClock, onTrouble: trouble }));
  measureMigrations(metrics, migrations, now);
  measureMirrors(metrics, parts.tasks.mirrors);
  measureTasks(metrics, () => byState(parts.tasks));
  const sinceProgress = (): number | undefined => longest([watch.sinceProgress()]);
  measureProgress(metrics, sinceProgress);
  const onFailure = (error: unknown): void => log.warn('a metric could not be read', { error });
  const intake = opened.use(openIntake({ services, state, hub, stores, spec: spec.jobs }));
  const routes = [
    ...intake.routes,
    ...storeRoutes({ stores, open: openProbed, conceal: (secrets) => log.conceal(secrets) }),
    ...migrationRoutes({ migrations, onTrouble: trouble }),
    ...metricsRoutes({ metrics, open: spec.openMetrics, onFailure }),
  ];
  const kept = opened.move();
  return {
    routes,
    sinceProgress,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** How many tasks are in each state. */
async function byState(tasks: Pick<StateStore, 'listTasks'>): Promise<Record<string, number>> {
  const counts: Record<string, number> = { created: 0, running: 0, interrupted: 0, finished: 0, failed: 0 };
  for (const { state } of await tasks.listTasks()) counts[state]! += 1;
  return counts;
}

function measureProgress(metrics: Metrics, sinceProgress: () => number | undefined): void {
  const age = metrics.gauge({
    name: 'ferry_progress_age_seconds',
    help: 'Since something last went forward, of all that should; 0 where nothing is under way.',
  });
  metrics.collect(() => age.set((sinceProgress() ?? 0) / 1000));
}

/** Of those that know. */
function longest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
