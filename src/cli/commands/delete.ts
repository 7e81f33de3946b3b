/** `ferry delete`: forgets a task. */
import { FerryError } from '../../model/errors.ts';
import type { Call, Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { abortUploads } from '../leftovers.ts';
import { taskName } from '../options.ts';
import { counted } from '../output/text.ts';
import { storedTask } from '../task-call.ts';

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
  run: remove,
};

async function remove(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const state = await services.state();
  const { name, counters, holder } = await storedTask(services, call.argument!);
  if (holder !== undefined) throw new FerryError('task-running', { message: `task "${name}" is running on ${holder}` });
  const question = `Forget task "${name}" (${counted(counters.listed, 'object')} listed so far)? Objects stay where they are.`;
  if (!call.flag('yes') && !(await confirm(context, question))) return 'ok';
  await using lease = await state.lease(name, services.holder);
  if (!call.flag('keep-uploads')) await abortUploads(context, services, name, await state.journal(lease));
  await state.deleteTask(lease);
  context.io.stderr.write(`Task ${name} is forgotten.\n`);
  return 'ok';
}
