/** `ferry delete`: forgets a task. */
import { FerryError } from '../../model/errors.ts';
import type { Call, Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { abortUploads } from '../leftovers.ts';
import { taskName } from '../options.ts';
import { counted } from '../output/text.ts';
import type { ApiClient } from '../remote/api-client.ts';
import { taskPath } from '../remote/remote-tasks.ts';
import { tasksOf } from '../task-view.ts';

export const deleteCommand: Command = {
  name: 'delete',
  argument: taskName(true, 'The task.'),
  summary: 'Forget a task: its progress, its failures, its unfinished uploads. Objects and reports stay.',
  about: ['Uploads in parts that were begun for it are aborted at the destination, so that they cost nothing.'],
  options: [
    { short: 'y', long: 'yes', description: 'Do not ask.' },
    { long: 'keep-uploads', description: 'Leave unfinished uploads at the destination.' },
  ],
  examples: [{ line: 'ferry delete photos', does: 'asks before it does' }],
  exits: ['ok', 'temporary'],
  remote: true,
  run: remove,
};

async function remove(context: CommandContext, call: Call): Promise<ExitName> {
  const { name, counters, holder } = await (await tasksOf(context)).task(call.argument!);
  if (holder !== undefined) throw new FerryError('task-running', { message: `task "${name}" is running on ${holder}` });
  const question = `Forget task "${name}" (${counted(counters.listed, 'object')} listed so far)? Objects stay where they are.`;
  if (!call.flag('yes') && !(await confirm(context, question))) return 'ok';
  const server = await context.server();
  if (server !== undefined) await removeThere(server, name, call);
  else await removeHere(context, name, call);
  context.io.stderr.write(`Task ${name} is forgotten.\n`);
  return 'ok';
}

async function removeThere(server: ApiClient, name: string, call: Call): Promise<void> {
  if (call.flag('keep-uploads'))
    throw new FerryError('configuration', {
      message: 'a server aborts the uploads of what it forgets',
      remedy: 'Leave out `--keep-uploads`.',
    });
  await server.remove(taskPath(name));
}

async function removeHere(context: CommandContext, name: string, call: Call): Promise<void> {
  const services = await context.services();
  const state = await services.state();
  await using lease = await state.lease(name, services.holder);
  if (!call.flag('keep-uploads')) await abortUploads(context, services, name, await state.journal(lease));
  await state.deleteTask(lease);
}
