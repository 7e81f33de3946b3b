/** `ferry run` at a server: the task is made and queued there, and shown here as if it ran here. */
import * as z from 'zod';
import { TASK, type ToldTask } from '../../control/tasks/resource.ts';
import type { Progress, RunEvent, RunSummary } from '../../engine/progress.ts';
import type { Call } from '../command.ts';
import { expectSame } from './same-task.ts';
import { ERROR_CATALOGUE, FerryError, isFerryError, type ErrorCode } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { exitOfSummary, type ExitName } from '../exit-codes.ts';
import type { ApiClient } from './api-client.ts';
import { planThere } from './plan-there.ts';
import { remoteTask, taskPath } from './remote-tasks.ts';
import { wantedTask } from './wanted-task.ts';

/**
 * Makes the task where a file is given and there is none of its name; runs it and shows how it goes. Rejects with
 * `task-mismatch` where there is one that is another.
 */
export async function runThere(context: CommandContext, server: ApiClient, call: Call): Promise<ExitName> {
  const name = call.argument!;
  const file = call.text('task');
  const task = file === undefined ? undefined : await wantedTask(file, context);
  const isThere = task === undefined || (await exists(server, name));
  if (task !== undefined && isThere) await expectSame(server, name, task);
  if (call.flag('dry-run')) {
    return await planThere(context, server, name, isThere ? undefined : task);
  }
  if (!isThere) await server.post('/v1/tasks', { ...task, name }, TASK);
  const [bandwidth, concurrency] = [call.number('bandwidth'), call.number('concurrency')];
  if (bandwidth !== undefined || concurrency !== undefined)
    await server.patch(`${taskPath(name)}/limits`, { bandwidth, concurrency }, TASK);
  const withoutGuard = call.flag('without-guard');
  return await follow(context, server, name, () => server.post(`${taskPath(name)}/run`, { withoutGuard }, TASK));
}

export async function retryThere(context: CommandContext, server: ApiClient, name: string): Promise<ExitName> {
  return await follow(context, server, name, () => server.post(`${taskPath(name)}/retry-failures`, {}, TASK));
}

async function exists(server: ApiClient, name: string): Promise<boolean> {
  try {
    await remoteTask(server, name);
    return true;
  } catch (thrown) {
    if (isFerryError(thrown, 'task-not-found')) return false;
    throw thrown;
  }
}

const EVENT = TASK.or(z.object({ state: z.literal('deleted') }));

/** How work is shown that is no run. */
export interface Shown {
  /** Told at its end; what else there is to say goes to `emit`. */
  summaryOf(task: ToldTask, emit: (event: RunEvent) => void): Promise<RunSummary>;
}

/** Shows work on a task from its beginning to its end; a run where nothing else is said. */
export async function follow(
  context: CommandContext,
  server: ApiClient,
  name: string,
  begin: () => Promise<ToldTask>,
  shown?: Shown,
): Promise<ExitName> {
  const printer = context.printer();
  const done = new AbortController();
  const signal = AbortSignal.any([context.signal, done.signal]);
  let began: ToldTask | undefined;
  try {
    for await (const data of server.events('task', name, signal)) {
      // Listened to before it begins, so that nothing is missed.
      const event = EVENT.safeParse(data ?? (began === undefined ? await begin() : await remoteTask(server, name)));
      if (!event.success) continue;
      if (event.data.state === 'deleted')
        throw new FerryError('task-not-found', { message: `the task "${name}" was deleted meanwhile` });
      const task = event.data;
      if (began === undefined) {
        began = task;
        const { source, destination, passes } = task;
        if (shown === undefined)
          printer.event({ type: 'started', task: name, resumed: passes > 0, pass: passes + 1, source, destination });
      }
      if (task.progress !== undefined) printer.event({ type: 'progress', progress: progressOf(task, task.progress) });
      if (task.state === 'queued' || task.state === 'running') continue;
      const emit = printer.event.bind(printer);
      const summary = await (shown?.summaryOf(task, emit) ?? summaryOfRun(task));
      printer.event({ type: 'summary', summary });
      if (summary.error) throw summary.error;
      return exitOfSummary(summary);
    }
  } finally {
    done.abort();
  }
  return 'interrupted';
}

/** What a server of another version may say besides is left out. */
const PHASE = z.enum(['preparing', 'moving', 'deleting', 'retrying', 'verifying', 'finishing', 'done']).catch('moving');
const ACTIVE = z.array(
  z.object({
    key: z.string(),
    size: z.number(),
    done: z.number(),
    since: z.number().default(0),
    parts: z.object({ total: z.number(), done: z.number() }).optional(),
  }),
);
const SHARED = z.literal(true);

const THROTTLED = z.discriminatedUnion('what', [
  z.object({ what: z.literal('bandwidth'), bytesPerSecond: z.number(), shared: SHARED.optional() }),
  z.object({ what: z.literal('objects-per-second'), limit: z.number(), shared: SHARED.optional() }),
  z.object({ what: z.literal('requests-per-second'), limit: z.number(), shared: SHARED }),
  z.object({ what: z.literal('slow-down'), store: z.string() }),
  z.object({
    what: z.literal('retrying'),
    store: z.string(),
    waiting: z.number(),
    cause: z.string(),
    next: z.number(),
  }),
  z.object({ what: z.literal('listing') }),
]);

function progressOf(task: ToldTask, told: NonNullable<ToldTask['progress']>): Progress {
  const seconds = Math.max(0.001, told.elapsed / 1000);
  const averageRate = { bytes: told.bytesMoved / seconds, objects: task.counters.copied / seconds };
  const { bytesMoved, rate, eta, inFlight, concurrency, ranges, listingDone, elapsed } = told;
  return {
    task: task.name,
    counters: task.counters,
    averageRate,
    phase: PHASE.parse(told.phase),
    active: ACTIVE.parse(told.active),
    throttledBy: told.throttledBy.flatMap((reason) => THROTTLED.safeParse(reason).data ?? []),
    bytesMoved,
    rate,
    eta,
    inFlight,
    concurrency,
    ranges,
    listingDone,
    elapsed,
  };
}

const OUTCOME = z.enum(['finished', 'finished-with-failures', 'differences', 'interrupted', 'failed']);

export function summaryOfRun(task: ToldTask): RunSummary {
  const { name, counters, state, last, progress, startedAt, endedAt } = task;
  const elapsed = progress?.elapsed ?? (startedAt === undefined || endedAt === undefined ? 0 : endedAt - startedAt);
  const error = task.error ?? last?.error;
  const code = Object.keys(ERROR_CATALOGUE).find((each): each is ErrorCode => each === error?.code);
  const told = OUTCOME.safeParse(last?.outcome).data;
  const outcome = told ?? (state === 'finished' ? 'finished' : state === 'failed' ? 'failed' : 'interrupted');
  return {
    task: name,
    outcome,
    counters,
    elapsed,
    bytesMoved: progress?.bytesMoved ?? counters.copiedBytes,
    losses: {},
    error:
      outcome === 'failed'
        ? new FerryError(code ?? 'internal', { message: error?.message ?? 'the server says no more' })
        : undefined,
  };
}
