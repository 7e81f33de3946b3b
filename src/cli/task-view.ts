/** What verbs show of tasks, wherever these are: in the state of this machine, or at a server. */
import type { FailureGroup, FailureRecord, TaskRecord, TaskState, UploadRecord } from '../state/state-store.ts';
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
    tasks: async () => (await state.listTasks()).map(withoutFile),
    task: async (name) => withoutFile(await storedTask(services, name)),
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

function withoutFile({ file: _file, ...task }: TaskRecord): ShownTask {
  return task;
}
