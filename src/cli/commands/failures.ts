/** `ferry failures`: what failed in a task, by cause, and another try. */
import { ERROR_CATALOGUE } from '../../model/errors.ts';
import type { FailureGroup } from '../../state/state-store.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitOfSummary, type ExitName } from '../exit-codes.ts';
import { taskName } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { counted, fit, harmless } from '../output/text.ts';
import type { Style } from '../output/terminal-io.ts';
import type { Services } from '../services.ts';
import { findTask, storedTask } from '../task-call.ts';
import { runStored } from './run.ts';

const PAGE = 1000;

export const failuresCommand: Command = {
  name: 'failures',
  argument: taskName(true, 'The task.'),
  summary: 'Show what failed, grouped by cause, each with its remedy; or try it again.',
  options: [
    { long: 'list', description: 'Every failed key, one a line, for `keys_file` of a task or for scripts.' },
    { long: 'retry', description: 'Try the failed objects again, and nothing else.' },
  ],
  examples: [
    { line: 'ferry failures photos', does: 'causes and remedies' },
    { line: 'ferry failures photos --retry', does: 'once the cause is removed' },
    { line: 'ferry failures photos --list > keys.txt', does: 'the keys' },
    { line: 'ferry failures photos --json', does: 'every failure with all that is known' },
  ],
  exits: ['ok', 'objects', 'temporary', 'interrupted'],
  run: failures,
};

async function failures(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const { name } = await storedTask(services, call.argument!);
  if (call.flag('retry')) {
    const summary = await runStored(context, services, await findTask(services, call), 'retryFailures');
    return exitOfSummary(summary);
  }
  if (call.flag('list') || context.globals.json) await listAll(context, services, name);
  else {
    const groups = await (await services.state()).failureGroups(name);
    if (groups.length === 0) context.io.stderr.write(`Nothing failed in ${name}.\n`);
    for (const group of groups) context.io.stdout.write(groupText(group, context.style.out));
    if (groups.length > 0) context.io.stderr.write(`Try them again with \`ferry failures ${name} --retry\`.\n`);
  }
  return 'ok';
}

function groupText({ code, count, remedy, examples }: FailureGroup, style: Style): string {
  const entry = Object.entries(ERROR_CATALOGUE).find(([known]) => known === code)?.[1];
  const keys = examples.map((key) => `    ${fit(harmless(key), 100)}\n`).join('');
  const more =
    count > examples.length ? style.dim(`    and ${counted(count - examples.length, 'more', 'more')}\n`) : '';
  return (
    `${style.bold(counted(count, 'object'))} ${style.bad(`[${code}]`)} ${entry?.summary ?? ''}\n` +
    `  ${style.dim('cause ')}  ${entry?.cause ?? 'not known'}\n` +
    `  ${style.dim('remedy')}  ${harmless(remedy)}\n${keys}${more}\n`
  );
}

/** Pages through all of them; memory is one page. */
async function listAll({ io, globals }: CommandContext, services: Services, name: string): Promise<void> {
  const state = await services.state();
  let after: string | undefined;
  let broken = 0;
  for (;;) {
    const page = await state.failures(name, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const failure of page) {
      if (globals.json)
        io.stdout.write(jsonLine('failure', { task: name, ...failure, at: new Date(failure.at).toISOString() }));
      else if (/[\n\r]/.test(failure.key)) broken++;
      else io.stdout.write(`${failure.key}\n`);
    }
    if (page.length === 0) break;
    after = page.at(-1)!.key;
  }
  if (broken > 0) io.stderr.write(`${counted(broken, 'key')} with line breaks left out; --json has them.\n`);
}
