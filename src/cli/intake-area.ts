/** Work that comes from outside: jobs, callbacks about them, events, and schedules. */
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callbackRoutes } from '../control/callbacks/routes.ts';
import { CallbackSender } from '../control/callbacks/sender.ts';
import type { Route } from '../control/api/route.ts';
import { EventSources } from '../control/intake/event-sources.ts';
import { eventRoutes, sourceJson } from '../control/intake/routes.ts';
import type { OpenPair, StorePlace } from '../control/intake/stores.ts';
import { fetchList } from '../control/jobs/fetch-list.ts';
import { QueuedRunner } from '../control/jobs/queued-runner.ts';
import { jobNotice } from '../control/jobs/notice.ts';
import { Jobs } from '../control/jobs/jobs.ts';
import { jobJson, jobRoutes } from '../control/jobs/routes.ts';
import { storeTargets } from '../control/jobs/store-targets.ts';
import type { LiveHub } from '../control/live/hub.ts';
import type { RegisteredStores } from '../control/stores/registered-stores.ts';
import { Scheduler } from '../control/schedules/scheduler.ts';
import { scheduleJson, scheduleRoutes } from '../control/schedules/routes.ts';
import { scheduledTasks } from '../control/schedules/scheduled-tasks.ts';
import type { TaskDesk } from '../control/tasks/desk.ts';
import type { SecretBox } from '../control/stores/secret-box.ts';
import type { JobsSpec } from '../model/control.ts';
import { FerryError, isFerryError } from '../model/errors.ts';
import { KiB } from '../model/units.ts';
import type { HttpClient } from '../wire/http/client.ts';
import { PublicOnlyClient } from '../wire/http/public-only-client.ts';
import { weightOf } from '../control/tasks/activity.ts';
import { USUAL_PRIORITY } from '../state/queue-book.ts';
import type { SharedLimits } from '../store/layers/shared-limits.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { Services } from './services.ts';
import { openEnds } from '../tasks/task.ts';

export interface IntakeParts {
  readonly services: Services;
  readonly state: ControlState;
  readonly hub: LiveHub;
  readonly stores: RegisteredStores;
  readonly box: SecretBox;
  readonly desk: TaskDesk;
  readonly spec: JobsSpec;
  /** What all that is copied may take together. */
  readonly shared: SharedLimits;
}

/** No progress for so long, milliseconds. */
const PATIENCE = 10_000;
/** Bytes of what is fetched to be trusted. */
const SHORT = 64 * KiB;
/** Old jobs and messages are looked for so often, milliseconds. */
const CLEAN_EVERY = 3_600_000;
/** Messages that arrived, or were given up, are remembered for so long, milliseconds. */
const DELIVERIES_KEPT = 30 * 86_400_000;

export async function openIntake(parts: IntakeParts): Promise<Intake> {
  const { services, state, hub, stores, spec, box, desk, shared } = parts;
  const { now, random, version, log } = services;
  const stop = new AbortController();
  const stopping = stop.signal;
  const client = spec.allowPrivateOrigins ? services.http : new PublicOnlyClient(services.http, { now });
  const warn = (message: string, about: Readonly<Record<string, unknown>>): void => log.warn(message, about);
  const tasks = await services.state();
  const runner = new QueuedRunner({ desk, state: tasks, hub, warn, stopping });
  const sender = new CallbackSender({
    book: state.callbacks,
    secret: () => callbackSecret(services.home),
    client,
    version,
    now,
    random,
    warn,
    stopping,
  });
  const jobs = new Jobs({
    book: state.jobs,
    folder: join(services.home, 'jobs'),
    state: () => services.state(),
    runner,
    forgetTask: async (id) => {
      try {
        await desk.remove(id, stopping);
      } catch (error) {
        if (!isFerryError(error, 'task-not-found')) throw error;
      }
      await rm(join(services.home, 'reports', id), { recursive: true, force: true });
    },
    targets: storeTargets(stores.book, stores.registry),
    fetchList: (href, list) => fetchList({ spec, client, signal: stopping }, href, list),
    tell: (job) =>
      void (async () => hub.publish('job', job.id, await jobJson(job, await services.state())))().catch(
        () => undefined,
      ),
    notice: async (job, what) => await jobNotice(job, what, await services.state(), now()),
    keep: async (notice) => {
      if (notice) await state.callbacks.add(notice);
    },
    notified: () => sender.wake(),
    spec,
    warn,
    now,
    random,
    stopping,
  });
  const sources = new EventSources({
    book: state.events,
    box,
    runner,
    client: services.http,
    open: (source) => openPair(services, shared, source),
    place: (store) => placeOf(stores, store),
    fetchText: (url) => fetchText(client, url, stopping),
    tell: (name) =>
      void tellSource(state, hub, name).catch((error: unknown) => warn('an event source cannot be told of', { error })),
    warn,
    now,
    random,
    tmpdir: services.tmpdir,
    stopping,
  });
  const scheduler = new Scheduler({
    book: state.schedules,
    tasks: scheduledTasks(desk),
    tell: (id) =>
      void tellSchedule(state, hub, id).catch((error: unknown) => warn('a schedule cannot be told of', { error })),
    warn,
    now,
  });
  const clean = (): void =>
    void Promise.all([
      jobs.removeAbandoned(),
      jobs.forgetOld(),
      state.callbacks.forgetBefore(now() - DELIVERIES_KEPT),
    ]).catch((error: unknown) => warn('old jobs could not be forgotten', { error }));
  const timer = setInterval(clean, CLEAN_EVERY).unref();
  jobs.start();
  sender.wake();
  await sources.start();
  scheduler.start();
  clean();
  return {
    sinceProgress: () => sources.sinceProgress(),
    routes: [
      ...jobRoutes({ jobs, book: state.jobs, state: () => services.state() }),
      ...callbackRoutes({ book: state.callbacks, sender, now }),
      ...scheduleRoutes({
        book: state.schedules,
        scheduler,
        hasTask: async (name) => (await tasks.getTask(name)) !== undefined,
        now,
        random,
      }),
      ...eventRoutes({
        book: state.events,
        sources,
        hasStore: async (name) => (await stores.book.store(name)) !== undefined,
        now,
      }),
    ],
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await scheduler.stop();
      await sources.stopped();
      await jobs.stopped();
      await sender.stopped();
    },
  };
}

export interface Intake extends AsyncDisposable {
  readonly routes: readonly Route[];
  /** As `SystemContext.sinceProgress`. */
  readonly sinceProgress: () => number | undefined;
}

async function openPair(
  services: Services,
  shared: SharedLimits,
  { name, source, destination }: Parameters<OpenPair>[0],
): ReturnType<OpenPair> {
  const text = JSON.stringify({ type: 'copy', source: { store: source }, destination: { store: destination } });
  const { spec } = await services.parseTask(text, `events-${name}`);
  await using opened = new AsyncDisposableStack();
  const share = opened.use(shared.join(weightOf(USUAL_PRIORITY)));
  const { source: from, destination: to } = opened.use(await openEnds(services, spec));
  share.bind({ source: from, destination: to });
  const kept = opened.move();
  return { source: from, destination: to, spec, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function placeOf({ book }: RegisteredStores, name: string): Promise<StorePlace> {
  const store = await book.store(name);
  if (store === undefined) throw new FerryError('configuration', { message: `there is no registered store "${name}"` });
  const bucket = store.options['bucket_name'];
  if (typeof bucket !== 'string') return { bucket: undefined, prefix: '' };
  const path = store.path.replace(/^\/+/, '');
  return { bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/` };
}

async function tellSchedule(state: ControlState, hub: LiveHub, id: string): Promise<void> {
  const schedule = await state.schedules.schedule(id);
  if (schedule) hub.publish('schedule', id, scheduleJson(schedule));
}

async function tellSource(state: ControlState, hub: LiveHub, name: string): Promise<void> {
  const record = await state.events.source(name);
  if (record) hub.publish('event-source', name, await sourceJson(record, state.events));
}

/** Rejects with `unavailable` where the answer is not 200. */
async function fetchText(client: HttpClient, url: URL, signal: AbortSignal): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? 443 : Number(url.port);
  const origin = { secure: true, host, port, timeouts: { connect: PATIENCE, read: PATIENCE } };
  const request = { method: 'GET', target: url.pathname + url.search, headers: ['Accept', '*/*'] };
  const { status, body } = await client.request(origin, request, signal);
  const text = (await body.bytes(SHORT)).toString('utf8');
  if (status === 200) return text;
  // Whoever sent us there may try again.
  throw new FerryError('unavailable', { message: `${url.host} answers ${status}` });
}

/** Of this server: made when first asked for, in a file for its owner only, from which whoever runs it can read it. */
async function callbackSecret(home: string): Promise<string> {
  const file = join(home, 'callback.secret');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
  }
  const made = randomBytes(32).toString('base64url');
  try {
    await writeFile(file, `${made}\n`, { flag: 'wx', mode: 0o600 });
    return made;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return await callbackSecret(home);
    // Cut off it would stay so.
    await rm(file, { force: true });
    throw thrown;
  }
}
