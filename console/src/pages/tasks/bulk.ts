import type { ApiClient } from '../../api/client.ts';
import type { Task } from '../../api/types.ts';
import { mayBeRemoved } from './task-state.tsx';

export type BulkVerb = 'pause' | 'resume' | 'remove';

export interface BulkOutcome {
  readonly done: number;
  /** Of the first that could not be done; the others were tried all the same. */
  readonly problem?: unknown;
}

const AT_ONCE = 6;

/** Does it to each where it makes sense; a few requests at once. */
export async function doInBulk(api: ApiClient, verb: BulkVerb, tasks: readonly Task[]): Promise<BulkOutcome> {
  const queue = tasks.filter((task) => fits(verb, task));
  let done = 0;
  let problem: unknown;
  const work = async (): Promise<void> => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      const params = { name: task.name };
      try {
        if (verb === 'pause') await api.call('pauseTask', { params });
        else if (verb === 'remove') await api.call('removeTask', { params });
        else await api.call(task.state === 'paused' ? 'resumeTask' : 'runTask', { params });
        done++;
      } catch (thrown) {
        problem ??= thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return problem === undefined ? { done } : { done, problem };
}

function fits(verb: BulkVerb, { state }: Task): boolean {
  if (verb === 'pause') return state === 'running' || state === 'queued';
  if (verb === 'remove') return mayBeRemoved(state);
  return state !== 'running' && state !== 'queued';
}
