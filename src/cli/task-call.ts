/** What the verbs that work on a task share: finding it, opening its stores, and the context of the engine. */
import { basename, extname, resolve } from 'node:path';
import type { LoadedTask } from '../config/task-file.ts';
import type { EngineContext } from '../engine/engine.ts';
import type { RunEvent } from '../engine/progress.ts';
import { FerryError } from '../model/errors.ts';
import type { BandwidthEntry, TaskSpec } from '../model/task.ts';
import type { TaskRecord } from '../state/state-store.ts';
import { refuseOverlap } from '../store/overlap.ts';
import type { Store, StoreInfo } from '../store/store.ts';
import type { Call } from './command.ts';
import type { CommandContext } from './context.ts';
import { expectedBaseline, selectionOf } from './selection.ts';
import type { Patience, Services, Stores } from './services.ts';
import { identityOf, isUntouched, otherTask } from './task-identity.ts';

export interface FoundTask extends LoadedTask {
  readonly name: string;
  /** In the state; absent where it was never run. */
  readonly record: TaskRecord | undefined;
}

/** The task by its file, by its name, or both: then the file counts. Rejects with `task-not-found` or `configuration`. */
export async function findTask(services: Services, call: Call): Promise<FoundTask> {
  const file = call.text('task');
  const name = call.argument ?? (file === undefined ? undefined : nameOfFile(file));
  if (name === undefined) {
    throw new FerryError('configuration', {
      message: 'neither a task name nor a task file was given',
      remedy: 'Give the NAME of a task that was run before, or a task file with `-t TASK.yaml`.',
    });
  }
  const record = call.argument === undefined ? undefined : await (await services.state()).getTask(name);
  const loaded = await (file === undefined ? stored(services, name, record) : services.loadTask(file));
  return { ...loaded, name, record, spec: overridden(loaded.spec, call) };
}

/** The stored task of this name; rejects with `task-not-found`. */
export async function storedTask(services: Services, name: string): Promise<TaskRecord> {
  const record = await (await services.state()).getTask(name);
  if (!record) throw new FerryError('task-not-found', { message: `there is no task "${name}"` });
  return record;
}

/** Opens both ends of a task that is to be worked on; rejects with `configuration` where one lies in the other. */
export async function openEnds(services: Services, spec: TaskSpec, patience?: Patience): Promise<Stores> {
  await using opened = new AsyncDisposableStack();
  const stores = opened.use(await services.openStores(spec, patience));
  refuseOverlap(spec.type, stores.source.info, stores.destination.info);
  opened.move();
  return stores;
}

/**
 * A task given by its file alone is named after it. Where a task of that name was run and is this very one, what is
 * known of it counts.
 */
export async function recognised(services: Services, task: FoundTask, stores: Stores): Promise<FoundTask> {
  if (task.record) return task;
  const record = await (await services.state()).getTask(task.name);
  return record?.identity === identityOf(task.spec, stores) ? { ...task, record } : task;
}

/** What reports tell of an end. */
export function sideOf({ info: { type, name, identity } }: Store): Omit<StoreInfo, 'place'> {
  return { type, name, identity };
}

export function engineContext(
  context: Pick<CommandContext, 'signal'>,
  services: Services,
  task: FoundTask,
  stores: Stores,
  emit: (event: RunEvent) => void,
): EngineContext {
  return {
    task: task.name,
    spec: task.spec,
    source: stores.source,
    destination: stores.destination,
    signal: context.signal,
    emit,
    now: services.now,
    random: services.random,
    tmpdir: services.tmpdir,
    doubted: task.record && (async (page) => await (await services.state()).doubted(task.name, page)),
    recall: task.record && (async (fact) => await (await services.state()).getFact(task.name, fact)),
  };
}

/**
 * When the last pass began that judged all the coming one will; undefined where there is none. Rejects with
 * `task-mismatch` where the task of this name is another one.
 */
export async function baselineOf(services: Services, task: FoundTask, stores: Stores): Promise<number | undefined> {
  const { record, spec } = task;
  if (!record) return undefined;
  const state = await services.state();
  const identity = identityOf(spec, stores);
  if (record.identity === identity) return await expectedBaseline(state, record, selectionOf(spec, stores));
  if (await isUntouched(state, record)) return undefined;
  throw otherTask(record, identity);
}

function nameOfFile(file: string): string {
  return basename(resolve(file), extname(file));
}

async function stored(services: Services, name: string, record: TaskRecord | undefined): Promise<LoadedTask> {
  if (record) return await services.parseTask(record.file, name);
  throw new FerryError('task-not-found', {
    message: `there is no task "${name}"`,
    remedy: `Create it with \`ferry run ${name} -t TASK.yaml\`; \`ferry status\` lists the tasks there are.`,
  });
}

/** Flags that replace a value of the task file for one call. */
function overridden(spec: TaskSpec, call: Call): TaskSpec {
  const bandwidth = call.number('bandwidth');
  const concurrency = call.number('concurrency');
  const timetable: readonly BandwidthEntry[] = [{ minute: 0, bytesPerSecond: bandwidth === 0 ? undefined : bandwidth }];
  return {
    ...spec,
    deleteGuard: spec.deleteGuard && !call.flag('without-guard'),
    limits: {
      ...spec.limits,
      ...(bandwidth === undefined ? {} : { bandwidth: timetable }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
  };
}
