/** What a run at a server would do, asked of that server. */
import * as z from 'zod';
import type { ToldTask } from '../../control/tasks/resource.ts';
import { PLAN } from '../../control/tasks/routes.ts';
import type { PlanSummary } from '../../engine/progress.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { showPlan } from '../output/plan.ts';
import type { ApiClient } from './api-client.ts';
import { remoteTask, taskPath } from './remote-tasks.ts';

/** Of the task of that name there, or of one that is not made yet. */
export async function planThere(
  context: CommandContext,
  server: ApiClient,
  name: string,
  task: object | undefined,
): Promise<ExitName> {
  const [path, body] = task === undefined ? [`${taskPath(name)}/plan`, undefined] : ['/v1/tasks/plan', task];
  const plan = await server.post(path, body, PLAN_SUMMARY, context.signal);
  const told = task === undefined ? await remoteTask(server, name) : undefined;
  return showPlan(context, { task: name, ...endsOf(told, task) }, plan);
}

/** What the server of this version tells, whole. */
const PLAN_SUMMARY = z.custom<PlanSummary>((told) => PLAN.safeParse(told).success);

export function endsOf(told: ToldTask | undefined, task: object | undefined): { source: string; destination: string } {
  if (told !== undefined) return told;
  const named = (end: unknown): string => {
    const { store, type, path } = END.parse(end);
    return [store ?? type ?? '', path ?? ''].filter((part) => part !== '').join(':');
  };
  const { source, destination } = Object(task);
  return { source: named(source), destination: named(destination) };
}

const END = z
  .object({ store: z.string().optional(), type: z.string().optional(), path: z.string().optional() })
  .catch({});
