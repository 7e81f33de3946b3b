/** `ferry clean`: forgets the tasks that are done with, and takes away what crashes left. */
import { isFerryError } from '../../model/errors.ts';
import type { Call, Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { abortUploads, dropOrphans } from '../leftovers.ts';
import { counted } from '../output/text.ts';

export const cleanCommand: Command = {
  name: 'clean',
  summary: 'Forget every finished task that left no failures. Objects and reports stay.',
  about: [
    'What crashes left goes, too, of every task that is not running: empty uploads in parts that nobody can go on with, and temporary files.',
  ],
  options: [{ short: 'y', long: 'yes', description: 'Do not ask.' }],
  examples: [{ line: 'ferry clean --yes', does: 'without asking' }],
  exits: ['ok'],
  run: clean,
};

async function clean(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const state = await services.state();
  const { stderr } = context.io;
  const idle = (await state.listTasks()).filter(({ holder }) => holder === undefined);
  const finished = idle.filter((task) => task.state === 'finished' && task.counters.failed === 0);
  // One that is queued in a server is not done with.
  const queue = await Promise.all(finished.map(async ({ name }) => await state.queue.get(name)));
  const done = finished.filter((_, i) => queue[i]?.state === 'idle');
  const names = done.map(({ name }) => name).join(', ');
  const forgets =
    done.length > 0 &&
    (call.flag('yes') || (await confirm(context, `Forget ${counted(done.length, 'finished task')} (${names})?`)));
  if (done.length === 0) stderr.write('No finished task to forget.\n');
  const abandoned = services.removeAbandoned();
  if (abandoned > 0)
    stderr.write(`Temporary files of ${counted(abandoned, 'process', 'processes')} that were killed are removed.\n`);
  for (const { name } of idle) {
    const forget = forgets && done.some((task) => task.name === name);
    try {
      await using lease = await state.lease(name, services.holder);
      const journal = await state.journal(lease);
      if (!forget) await dropOrphans(context, services, name, journal);
      else {
        await abortUploads(context, services, name, journal);
        const gone = await state.deleteTask(lease, ['idle']);
        stderr.write(gone ? `Task ${name} is forgotten.\n` : `Task ${name} was left alone: a server has it queued\n`);
      }
    } catch (error) {
      // Started meanwhile, or forgotten by somebody else: either way not ours to clean.
      if (!isFerryError(error, 'task-running') && !isFerryError(error, 'task-not-found')) throw error;
      stderr.write(`Task ${name} was left alone: ${error.message}\n`);
    }
  }
  return 'ok';
}
