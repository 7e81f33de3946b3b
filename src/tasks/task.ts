/** A task that is to be worked on, its stores, and the context of the engine. */
import type { LoadedTask } from '../config/task-file.ts';
import type { EngineContext } from '../engine/engine.ts';
import type { LiveLimits } from '../engine/pace/live-limits.ts';
import type { RunEvent } from '../engine/progress.ts';
import type { TaskSpec } from '../model/task.ts';
import type { TaskRecord } from '../state/state-store.ts';
import { refuseOverlap } from '../store/overlap.ts';
import type { Store, StoreInfo } from '../store/store.ts';
import { identityOf, isUntouched, otherTask } from './identity.ts';
import { expectedBaseline, selectionOf } from './selection.ts';
import type { Patience, Stores, TaskServices } from './services.ts';

export interface FoundTask extends LoadedTask {
  readonly name: string;
  /** In the state; absent where it was never run. */
  readonly record: TaskRecord | undefined;
}

/** Who asked for the work. */
export interface Caller {
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** Where they can be changed while it goes on. */
  readonly limits?: LiveLimits | undefined;
}

/** Opens both ends of a task that is to be worked on; rejects with `configuration` where one lies in the other. */
export async function openEnds(services: TaskServices, spec: TaskSpec, patience?: Patience): Promise<Stores> {
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
export async function recognised(services: TaskServices, task: FoundTask, stores: Stores): Promise<FoundTask> {
  if (task.record) return task;
  const record = await (await services.state()).getTask(task.name);
  return record?.identity === identityOf(task.spec, stores) ? { ...task, record } : task;
}

/** What reports tell of an end. */
export function sideOf({ info: { type, name, identity } }: Store): Omit<StoreInfo, 'place'> {
  return { type, name, identity };
}

export function engineContext(
  services: TaskServices,
  task: FoundTask,
  stores: Stores,
  { signal, emit, limits }: Caller,
): EngineContext {
  return {
    task: task.name,
    spec: task.spec,
    source: stores.source,
    destination: stores.destination,
    signal,
    emit,
    limits,
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
export async function baselineOf(services: TaskServices, task: FoundTask, stores: Stores): Promise<number | undefined> {
  const { record, spec } = task;
  if (!record) return undefined;
  const state = await services.state();
  const identity = identityOf(spec, stores);
  if (record.identity === identity) return await expectedBaseline(state, record, selectionOf(spec, stores));
  if (await isUntouched(state, record)) return undefined;
  throw otherTask(record, identity);
}
