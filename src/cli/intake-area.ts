/** Work that comes from outside: jobs, and callbacks about them. */
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callbackRoutes } from '../control/callbacks/routes.ts';
import { CallbackSender } from '../control/callbacks/sender.ts';
import type { Route } from '../control/api/route.ts';
import { fetchList } from '../control/jobs/fetch-list.ts';
import { jobNotice } from '../control/jobs/notice.ts';
import { Jobs } from '../control/jobs/jobs.ts';
import { jobJson, jobRoutes } from '../control/jobs/routes.ts';
import { storeTargets } from '../control/jobs/store-targets.ts';
import type { LiveHub } from '../control/live/hub.ts';
import type { RegisteredStores } from '../control/stores/registered-stores.ts';
import type { JobsSpec } from '../model/control.ts';
import { PublicOnlyClient } from '../wire/http/public-only-client.ts';
import type { ControlState } from '../state/control/control-state.ts';
import { QueuedRunner } from './bulk-runner.ts';
import type { Services } from './services.ts';

export interface IntakeParts {
  readonly services: Services;
  readonly state: ControlState;
  readonly hub: LiveHub;
  readonly stores: RegisteredStores;
  readonly spec: JobsSpec;
}

/** Old jobs and messages are looked for so often, milliseconds. */
const CLEAN_EVERY = 3_600_000;
/** Messages that arrived, or were given up, are remembered for so long, milliseconds. */
const DELIVERIES_KEPT = 30 * 86_400_000;

export function openIntake({ services, state, hub, stores, spec }: IntakeParts): Intake {
  const { now, random, version, log } = services;
  const stop = new AbortController();
  const stopping = stop.signal;
  const client = spec.allowPrivateOrigins ? services.http : new PublicOnlyClient(services.http, { now });
  const warn = (message: string, about: Readonly<Record<string, unknown>>): void => log.warn(message, about);
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
    runner: new QueuedRunner(services, stopping),
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
  const clean = (): void =>
    void Promise.all([jobs.forgetOld(), state.callbacks.forgetBefore(now() - DELIVERIES_KEPT)]).catch(
      (error: unknown) => warn('old jobs could not be forgotten', { error }),
    );
  const timer = setInterval(clean, CLEAN_EVERY).unref();
  jobs.start();
  sender.wake();
  clean();
  return {
    routes: [
      ...jobRoutes({ jobs, book: state.jobs, state: () => services.state() }),
      ...callbackRoutes({ book: state.callbacks, sender, now }),
    ],
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await jobs.stopped();
      await sender.stopped();
    },
  };
}

export interface Intake extends AsyncDisposable {
  readonly routes: readonly Route[];
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
