/** `ferry delete`: forgets a task. */
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { Call, Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { taskName } from '../options.ts';
import { counted, harmless } from '../output/text.ts';
import type { TaskJournal } from '../../state/state-store.ts';
import type { Services } from '../services.ts';
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

/** Best effort: a task whose stores are gone can still be forgotten, and is told so. */
async function abortUploads(
  context: CommandContext,
  services: Services,
  name: string,
  journal: TaskJournal,
): Promise<void> {
  const uploads = await journal.uploads();
  if (uploads.length === 0) return;
  try {
    const { spec } = services.parseTask(journal.task.file, name);
    await using stores = await services.openStores(spec);
    const aborted = await services.engine.cleanUploads({
      journal,
      destination: stores.destination,
      signal: context.signal,
    });
    context.io.stderr.write(`${counted(aborted, 'unfinished upload')} aborted at the destination.\n`);
  } catch (thrown) {
    const { message } = toFerryError(thrown);
    context.io.stderr.write(
      `${counted(uploads.length, 'unfinished upload')} could not be aborted: ${harmless(message)}\n` +
        'They may cost storage; a lifecycle rule of the bucket, or its provider, can remove them.\n',
    );
  }
}
