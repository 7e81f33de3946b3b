/** What makes a task the one it is: its kind and its two ends. */
import { FerryError } from '../model/errors.ts';
import type { TaskSpec } from '../model/task.ts';
import type { NewTask, StateStore, TaskLease, TaskRecord } from '../state/state-store.ts';
import type { Stores } from './services.ts';

const PARTS = ['type', 'source', 'destination'] as const;

/** A name is never reused for another, once anything was done under it. */
export function identityOf(spec: TaskSpec, { source, destination }: Pick<Stores, 'source' | 'destination'>): string {
  return [spec.type, source.info.identity, destination.info.identity].join('\n');
}

/** The task under its lease, made where there was none; rejects with `task-mismatch` where it is another one. */
export async function takeUp(state: StateStore, wanted: NewTask, holder: string): Promise<TaskLease> {
  const { name } = wanted;
  if (!(await state.getTask(name))) await state.createTask(wanted);
  await using held = new AsyncDisposableStack();
  const lease = held.use(await state.lease(name, holder));
  const record = await state.getTask(name);
  if (record && record.identity !== wanted.identity) {
    if (!(await isUntouched(state, record))) throw otherTask(record, wanted.identity);
    // Its first run did not get anywhere: what was wrong with it has been corrected since.
    await state.deleteTask(lease);
    await held.disposeAsync();
    return await takeUp(state, wanted, holder);
  }
  // The file of a task that exists is replaced only by who may work on it.
  await state.createTask(wanted);
  held.move();
  return lease;
}

/** Nothing was met, moved or begun: no progress is lost where it becomes another task. */
export async function isUntouched(
  state: StateStore,
  { name, passes, baseline, counters }: TaskRecord,
): Promise<boolean> {
  const nothing = passes === 0 && baseline === undefined && counters.listed === 0 && counters.failed === 0;
  return nothing && (await state.uploads(name)).length === 0;
}

export function otherTask({ name, identity }: TaskRecord, wanted: string): FerryError {
  const [stored, given] = [identity.split('\n'), wanted.split('\n')];
  const differing = PARTS.flatMap((part, i) =>
    stored[i] === given[i] ? [] : [`its ${part} is ${stored[i]}, not ${given[i]}`],
  );
  return new FerryError('task-mismatch', {
    message: `task "${name}" exists and is another one: ${differing.join('; ')}`,
    remedy: `Use another name; or, if the old task is not needed any more, \`ferry delete ${name}\` first.`,
  });
}
