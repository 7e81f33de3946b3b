/** What verbs show of tasks, wherever these are: in the state of this machine, or at a server. */
import type { FailureGroup, FailureRecord, TaskRecord, TaskState, UploadRecord } from '../state/state-store.ts';
import { stateOf } from '../control/tasks/resource.ts';
import { resultOf } from '../control/tasks/work.ts';
import type { QueuedTask } from '../state/queue-book.ts';
import type { Services } from './services.ts';
import type { CommandContext } from './context.ts';
import { remoteTasks } from './remote/remote-tasks.ts';
import { storedTask } from './task-call.ts';

/** A server has tasks wait for their turn. */
export interface ShownTask extends Omit<TaskRecord, 'state' | 'file'> {
  readonly state: TaskState | 'queued' | 'paused';
}

export interface TaskView {
  tasks(): Promise<readonly ShownTask[]>;
  /** Rejects with `task-not-found`. */
  task(name: string): Promise<ShownTask>;
  failureGroups(name: string): Promise<readonly FailureGroup[]>;
  /** In order of key; memory is one page. */
  failures(name: string): AsyncIterable<FailureRecord>;
  uploads(name: string): Promise<readonly UploadRecord[]>;
}

const PAGE = 1000;

/** Those the call is about. */
export async function tasksOf(context: CommandContext): Promise<TaskView> {
  const server = await context.server();
  return server === undefined ? await localTasks(await context.services()) : remoteTasks(server);
}

async function localTasks(services: Services): Promise<TaskView> {
  const state = await services.state();
  return {
    async tasks() {
      const found: ShownTask[] = [];
      for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined;) {
        const page = await state.queue.page({ limit: PAGE, before });
        found.push(...page.tasks.map(shown));
        before = page.before;
      }
      return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    async task(name) {
      const task = await state.queue.get(name);
      return task ? shown(task) : withoutFile(await storedTask(services, name));
    },
    failureGroups: (name) => state.failureGroups(name),
    uploads: (name) => state.uploads(name),
    async *failures(name) {
      let after: string | undefined;
      for (;;) {
        const page = await state.failures(name, { limit: PAGE, ...(after === undefined ? {} : { after }) });
        yield* page;
        if (page.length === 0) break;
        after = page.at(-1)!.key;
      }
    },
  };
}

/** As a server would tell of it: what waits for its turn there does so here as well. */
function shown(task: QueuedTask): ShownTask {
  const error = task.state === 'failed' ? resultOf(task.result)?.error : undefined;
  return { ...withoutFile(task.record), state: stateOf(task), ...(error && { error }) };
}

function withoutFile({ file: _file, ...task }: TaskRecord): ShownTask {
  return task;
}
