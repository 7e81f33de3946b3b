/** What `ferry serve` lets its API control: one call for each area. */
import type { Route } from '../control/api/route.ts';
import type { LiveHub } from '../control/live/hub.ts';
import { metricsRoutes } from '../control/metrics/routes.ts';
import { measureTasks } from '../control/metrics/tasks.ts';
import type { ProbeContext } from '../control/stores/probe.ts';
import type { RegisteredStores } from '../control/stores/registered-stores.ts';
import { storeRoutes } from '../control/stores/routes.ts';
import type { RunningGateway } from '../gateway/serve.ts';
import type { ControlSpec } from '../model/control.ts';
import type { LogFile } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { StateStore } from '../state/state-store.ts';
import { openGatewayAreas, type GatewayAreaParts } from './gateway-areas.ts';
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
  readonly warming: GatewayAreaParts['warming'];
}

/** The areas as they run. To dispose of them ends what they do. */
export interface Areas extends AsyncDisposable {
  readonly routes: readonly Route[];
  /** As `SystemContext.sinceProgress`. */
  sinceProgress(): number | undefined;
}

// oxlint-disable-next-line typescript/require-await -- areas that open something do it here.
export async function openAreas(parts: AreaParts): Promise<Areas> {
  const { hub, log, metrics, spec, stores, openProbed, services, state } = parts;
  await using opened = new AsyncDisposableStack();
  const ofGateway = openGatewayAreas({ ...parts, mirrors: parts.tasks.mirrors }, opened);
  measureTasks(metrics, () => byState(parts.tasks));
  const sinceProgress = (): number | undefined => longest([ofGateway.sinceProgress()]);
  measureProgress(metrics, sinceProgress);
  const onFailure = (error: unknown): void => log.warn('a metric could not be read', { error });
  const intake = opened.use(openIntake({ services, state, hub, stores, spec: spec.jobs }));
  const routes = [
    ...intake.routes,
    ...storeRoutes({ stores, open: openProbed, conceal: (secrets) => log.conceal(secrets) }),
    ...ofGateway.routes,
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
