/** What `ferry serve` lets its API control: one call for each area. */
import { forgetOldAudit } from '../control/access/audit-retention.ts';
import type { Route } from '../control/api/route.ts';
import type { LiveHub } from '../control/live/hub.ts';
import { limitRoutes } from '../control/limits/routes.ts';
import { ServerLimits } from '../control/limits/server-limits.ts';
import { measureEvents } from '../control/metrics/events.ts';
import { metricsRoutes } from '../control/metrics/routes.ts';
import { measureTasks } from '../control/metrics/tasks.ts';
import type { ProbeContext } from '../control/stores/probe.ts';
import type { SecretBox } from '../control/stores/secret-box.ts';
import type { RegisteredStores } from '../control/stores/registered-stores.ts';
import { storeRoutes } from '../control/stores/routes.ts';
import { TaskDesk, type DeskOptions } from '../control/tasks/desk.ts';
import { insightRoutes } from '../control/tasks/insight-routes.ts';
import { KnownFiles } from '../control/tasks/known-files.ts';
import { Retention } from '../control/tasks/retention.ts';
import { taskRoutes } from '../control/tasks/routes.ts';
import { TaskRunner } from '../control/tasks/runner.ts';
import type { RunningGateway } from '../gateway/serve.ts';
import type { ControlSpec } from '../model/control.ts';
import type { LogFile } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { StateStore } from '../state/state-store.ts';
import { openGatewayAreas, type GatewayAreaParts } from './gateway-areas.ts';
import { openIntake } from './intake-area.ts';
import { systemClock } from '../store/clock.ts';
import type { FileReach } from '../store/file-reach.ts';
import type { Services } from './services.ts';

export interface AreaParts {
  /** Undefined where none is configured. */
  readonly gateway: RunningGateway | undefined;
  readonly spec: ControlSpec;
  readonly metrics: Metrics;
  readonly state: ControlState;
  readonly tasks: StateStore;
  /** Reads the text of a task that was sent; the text to keep has its secrets sealed. */
  readonly readNew: DeskOptions['readNew'];
  readonly logFile: string;
  readonly hub: LiveHub;
  readonly log: LogFile;
  readonly now: () => number;
  readonly stores: RegisteredStores;
  /** Opens a store for somebody who waits for what it does. */
  readonly openProbed: ProbeContext['open'];
  readonly services: Services;
  /** What of this machine may be named; all of it where absent. */
  readonly reach: FileReach | undefined;
  readonly users: GatewayAreaParts['users'];
  readonly box: SecretBox;
  readonly warming: GatewayAreaParts['warming'];
}

/** The areas as they run. To dispose of them ends what they do. */
export interface Areas extends AsyncDisposable {
  readonly routes: readonly Route[];
  /** As `SystemContext.sinceProgress`. */
  sinceProgress(): number | undefined;
}

export async function openAreas(parts: AreaParts): Promise<Areas> {
  const { hub, log, metrics, spec, stores, openProbed, services, state, box } = parts;
  await using opened = new AsyncDisposableStack();
  const ofGateway = openGatewayAreas({ ...parts, mirrors: parts.tasks.mirrors }, opened);
  const { queue } = parts.tasks;
  const limits = opened.use(
    await ServerLimits.open({ book: state.settings, spec: spec.limits, clock: systemClock, now: parts.now }),
  );
  const { shared } = limits;
  const observer = measureTasks(metrics, async () => ({ ...NO_TASKS, ...(await queue.counts()) }));
  const observe = observer.observe.bind(observer);
  const runner = opened.use(
    new TaskRunner({ services, queue, hub, clock: systemClock, shared, atOnce: spec.tasksAtOnce, observe }),
  );
  const desk = new TaskDesk({ services, state: parts.tasks, runner, readNew: parts.readNew });
  const files = new KnownFiles(services);
  const ofTasks = {
    desk,
    runner,
    state: parts.tasks,
    services,
    files,
    reports: { home: services.home, files, reach: parts.reach },
    logFile: parts.logFile,
  };
  measureEvents(metrics, state.events, services.now);
  const intake = opened.use(await openIntake({ services, state, hub, stores, box, desk, shared, spec: spec.jobs }));
  const sinceProgress = (): number | undefined =>
    longest([ofGateway.sinceProgress(), runner.sinceProgress(), intake.sinceProgress()]);
  measureProgress(metrics, sinceProgress);
  const onFailure = (error: unknown): void => log.warn('a metric could not be read', { error });
  const routes = [
    ...intake.routes,
    ...storeRoutes({ stores, open: openProbed, conceal: (secrets) => log.conceal(secrets) }),
    ...ofGateway.routes,
    ...limitRoutes(limits, hub),
    ...taskRoutes(ofTasks),
    ...insightRoutes(ofTasks),
    ...metricsRoutes({ metrics, open: spec.openMetrics, onFailure }),
  ];
  await runner.start();
  const forgotten = metrics.counter({
    name: 'ferry_tasks_forgotten_total',
    help: 'Old tasks that were forgotten (control.keep_tasks).',
    labels: ['state'],
  });
  const retention = opened.use(
    new Retention({
      spec: spec.keepTasks,
      queue,
      home: services.home,
      forget: (name, before, signal) => desk.removeEnded(name, before, signal),
      isNeeded: (name) => isNeeded(state, name),
      clock: systemClock,
      now: parts.now,
      log,
      forgotten: (ended, count) => forgotten.add(count, ended),
    }),
  );
  retention.start();
  opened.use(forgetOldAudit({ book: state.audit, keep: spec.keepAudit, clock: systemClock, now: parts.now, log }));
  const kept = opened.move();
  return {
    routes,
    sinceProgress,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function isNeeded({ schedules, jobs, events }: ControlState, task: string): Promise<boolean> {
  if ((await schedules.runs(task)) || (await jobs.job(task)) !== undefined) return true;
  // Of an event source that was changed its version follows.
  const [, source = '', version = ''] = /^events-(.+?)(\.\d+)?$/.exec(task) ?? [];
  return (await events.source(source)) !== undefined || (await events.source(source + version)) !== undefined;
}

const NO_TASKS = { created: 0, queued: 0, running: 0, paused: 0, interrupted: 0, finished: 0, failed: 0 };

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
