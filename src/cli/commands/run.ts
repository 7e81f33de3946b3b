/** `ferry run`: creates or resumes a task. */
import { runThere } from '../remote/follow.ts';
import type { RunEvent, RunSummary } from '../../engine/progress.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitOfSummary, type ExitName } from '../exit-codes.ts';
import { BANDWIDTH, CONCURRENCY, TASK_FILE, taskName, WITHOUT_GUARD } from '../options.ts';
import type { Services } from '../services.ts';
import { findTask } from '../task-call.ts';
import type { Printer } from '../output/printer.ts';
import { runStored, type RunWork } from '../../tasks/run.ts';
import type { FoundTask } from '../../tasks/task.ts';
import { printPlan } from './plan.ts';

export const runCommand: Command = {
  name: 'run',
  argument: taskName(true, 'Name of the task; letters, digits, `.`, `_` and `-`.'),
  summary: 'Start a task, or go on with it where it stopped.',
  about: [
    'The first time give the task file with -t; it is remembered. Ctrl-C and SIGTERM save and stop: the same command goes on. So it does after a crash, a power cut or kill -9.',
    'A task that has finished compares both sides again and copies what is new or changed.',
    'With `--server` the task is made, queued and run there; what is shown is the same, and Ctrl-C only looks away. Limits that are given stay with the task there; a file that says something else than the task of this name is refused.',
  ],
  options: [
    TASK_FILE,
    BANDWIDTH,
    CONCURRENCY,
    WITHOUT_GUARD,
    { long: 'dry-run', description: 'Show what would be done and write nothing, as `ferry plan` does.' },
  ],
  examples: [
    { line: 'ferry run photos -t photos.yaml', does: 'create the task and run it' },
    { line: 'ferry run photos', does: 'go on, or copy what changed since' },
    { line: 'ferry run photos --bandwidth 20MiB', does: 'with a limit this once' },
    { line: 'ferry run photos --json > run.jsonl', does: 'for machines' },
  ],
  exits: ['ok', 'objects', 'temporary', 'interrupted'],
  remote: true,
  run,
};

async function run(context: CommandContext, call: Call): Promise<ExitName> {
  const server = await context.server();
  if (server !== undefined) {
    return await runThere(context, server, call);
  }
  const services = await context.services();
  const task = await findTask(services, call);
  if (call.flag('dry-run')) return await printPlan(context, services, task);
  const summary = await runShown(context, services, task, { what: 'run' });
  return exitOfSummary(summary);
}

/** Runs the task, or tries only its failures again, and shows how it goes. */
export async function runShown(
  context: CommandContext,
  services: Services,
  task: FoundTask,
  work: RunWork,
): Promise<RunSummary> {
  let printer: Printer | undefined;
  const emit = (event: RunEvent): void => (printer ??= context.printer()).event(event);
  const summary = await runStored(services, task, work, { signal: context.signal, emit });
  if (summary.error) throw summary.error;
  return summary;
}
