/** `ferry failures`: what failed in a task, by cause, and another try. */
import { ERROR_CATALOGUE } from '../../model/errors.ts';
import type { FailureGroup } from '../../state/state-store.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitOfSummary, type ExitName } from '../exit-codes.ts';
import { taskName } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { hanging, titledRows, type Row } from '../output/layout.ts';
import { counted, formatCount, harmless } from '../output/text.ts';
import type { Style } from '../output/terminal-io.ts';
import { retryThere } from '../remote/follow.ts';
import { findTask } from '../task-call.ts';
import { tasksOf, type TaskView } from '../task-view.ts';
import { runShown } from './run.ts';

/** Columns of the titles. */
const TITLE = 7;
const BESIDE = ' '.repeat(TITLE + 3);

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
  remote: true,
  run: failures,
};

async function failures(context: CommandContext, call: Call): Promise<ExitName> {
  const view = await tasksOf(context);
  const { name } = await view.task(call.argument!);
  const groups = await view.failureGroups(name);
  const { io, globals } = context;
  if (groups.length === 0) {
    if (!globals.json) io.stderr.write(`Nothing failed in ${name}.\n`);
    return 'ok';
  }
  if (call.flag('retry')) {
    const server = await context.server();
    if (server !== undefined) return await retryThere(context, server, name);
    const services = await context.services();
    const summary = await runShown(context, services, await findTask(services, call), { what: 'retry' });
    return exitOfSummary(summary);
  }
  if (call.flag('list') || globals.json) await listAll(context, view, name);
  else {
    for (const group of groups) io.stdout.write(groupText(group, context.style.out, context.columns.out));
    const next = hanging('', `Try them again with \`ferry failures ${name} --retry\`.`, context.columns.err);
    io.stderr.write(`${next.join('\n')}\n`);
  }
  return 'ok';
}

/** What the catalogue says of the code, then what was recorded of the examples: once where several say the same. */
function groupText({ code, count, examples }: FailureGroup, style: Style, columns: number): string {
  const entry = Object.entries(ERROR_CATALOGUE).find(([known]) => known === code)?.[1];
  const head = `${counted(count, 'object')} [${code}] ${entry?.summary ?? 'A cause this version does not know.'}`;
  const rows = (row: Row): string[] => titledRows([row], TITLE, columns, style);
  const lines = hanging('', head, columns, style.bold);
  if (entry)
    lines.push(...rows({ title: 'cause', text: entry.cause }), ...rows({ title: 'remedy', text: entry.remedy }));
  for (const alike of Map.groupBy(examples, ({ message, remedy }) => `${message}\n${remedy}`).values()) {
    const { message, remedy } = alike[0]!;
    lines.push(...rows({ title: 'message', text: harmless(message) }));
    if (remedy !== entry?.remedy) lines.push(...rows({ title: 'remedy', text: harmless(remedy) }));
    for (const { key } of alike) lines.push(...hanging(`${BESIDE}- `, harmless(key), columns));
  }
  const more = count - examples.length;
  if (more > 0) lines.push(style.dim(`${BESIDE}and ${formatCount(more)} more`));
  return `${lines.join('\n')}\n\n`;
}

/** Pages through all of them; memory is one page. */
async function listAll({ io, globals }: CommandContext, view: TaskView, name: string): Promise<void> {
  let broken = 0;
  for await (const failure of view.failures(name)) {
    if (globals.json)
      io.stdout.write(jsonLine('failure', { task: name, ...failure, at: new Date(failure.at).toISOString() }));
    else if (/[\n\r]/.test(failure.key)) broken++;
    else io.stdout.write(`${failure.key}\n`);
  }
  if (broken > 0) io.stderr.write(`${counted(broken, 'key')} with line breaks left out; --json has them.\n`);
}
