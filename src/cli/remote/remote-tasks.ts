/** Tasks of a server. */
import * as z from 'zod';
import { FAILURE, FAILURE_GROUP } from '../../control/tasks/failure-shapes.ts';
import { TASK, type ToldTask } from '../../control/tasks/resource.ts';
import type { ShownTask, TaskView } from '../task-view.ts';
import type { ApiClient } from './api-client.ts';

const GROUPS = z.object({ items: z.array(FAILURE_GROUP) });

export function remoteTasks(server: ApiClient): TaskView {
  return {
    async tasks() {
      const found: ShownTask[] = [];
      for await (const task of server.all('/v1/tasks?limit=1000', TASK)) found.push(shown(task, server));
      return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    },
    task: async (name) => shown(await remoteTask(server, name), server),
    failureGroups: async (name) => (await server.get(`${taskPath(name)}/failure-groups`, GROUPS)).items,
    failures: (name) => server.all(`${taskPath(name)}/failures?limit=1000`, FAILURE),
    // They are the server's to go on with.
    uploads: async () => [],
  };
}

/** Rejects with `task-not-found`. */
export async function remoteTask(server: ApiClient, name: string): Promise<ToldTask> {
  return await server.get(taskPath(name), TASK);
}

export function taskPath(name: string): string {
  return `/v1/tasks/${encodeURIComponent(name)}`;
}

function shown(task: ToldTask, { url }: ApiClient): ShownTask {
  const { name, type, source, destination, state, passes, createdAt, startedAt, endedAt, counters, error } = task;
  return {
    name,
    identity: [type, source, destination].join('\n'),
    state,
    passes,
    createdAt,
    startedAt,
    endedAt,
    counters,
    error,
    holder: state === 'running' ? (task.holder ?? url) : undefined,
  };
}
