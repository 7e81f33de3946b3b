/** `ferry plan`: what a run would do, without doing it. */
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { TASK_FILE, taskName } from '../options.ts';
import { showPlan } from '../output/plan.ts';
import { planThere } from '../remote/plan-there.ts';
import { taskThere } from '../remote/wanted-task.ts';
import type { Services } from '../services.ts';
import { findTask } from '../task-call.ts';
import { baselineOf, engineContext, openEnds, recognised, type FoundTask } from '../../tasks/task.ts';

/** Of a request while a store has never answered: somebody waits, and a long listing is not at stake yet. */
const ATTEMPTS_TO_REACH = 2;

export const planCommand: Command = {
  name: 'plan',
  argument: taskName(false, 'A task that was run before, instead of a file.'),
  summary:
    'Show what a run would copy, skip, overwrite and delete, what would be lost on the way, and how long it takes.',
  about: [
    'Both sides are listed and compared as `ferry run` would. No object is written or removed.',
    'What would fail is told apart: names and sizes the destination refuses, files below files where it is a tree, names of a list that are not there (the first 10,000 are asked after).',
    'The time is a second to begin and what the number of objects or their bytes take, whichever is longer, both measured by reading some; writing is supposed to be as fast.',
  ],
  options: [TASK_FILE],
  examples: [
    { line: 'ferry plan -t photos.yaml', does: 'before the first run' },
    { line: 'ferry plan photos --json', does: 'what the next pass would do, for machines' },
  ],
  exits: ['ok', 'temporary', 'interrupted'],
  remote: true,
  run: planOf,
};

async function planOf(context: CommandContext, call: Call): Promise<ExitName> {
  const server = await context.server();
  if (server !== undefined) {
    const { name, task } = await taskThere(context, call);
    return await planThere(context, server, name, task);
  }
  const services = await context.services();
  return await printPlan(context, services, await findTask(services, call));
}

export async function printPlan(context: CommandContext, services: Services, found: FoundTask): Promise<ExitName> {
  await using stores = await openEnds(services, found.spec, { unansweredAttempts: ATTEMPTS_TO_REACH });
  const task = await recognised(services, found, stores);
  const printer = context.printer();
  const emit = printer.event.bind(printer);
  const baseline = await baselineOf(services, task, stores);
  const summary = await services.engine.plan({
    ...engineContext(services, task, stores, { signal: context.signal, emit }),
    baseline,
  });
  printer.end();
  const { source, destination } = stores;
  return showPlan(context, { task: task.name, source: source.info.name, destination: destination.info.name }, summary);
}
