/** `ferry check`: can this task work at all? */
import type { CheckResult } from '../../engine/progress.ts';
import type { FerryError } from '../../model/errors.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { exitOfError, type ExitName } from '../exit-codes.ts';
import { TASK_FILE, taskName } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { hanging } from '../output/layout.ts';
import { counted, harmless, pad } from '../output/text.ts';
import type { Style } from '../output/terminal-io.ts';
import { checksThere } from '../remote/check-there.ts';
import { endsOf } from '../remote/plan-there.ts';
import { remoteTask } from '../remote/remote-tasks.ts';
import { taskThere } from '../remote/wanted-task.ts';
import { findTask } from '../task-call.ts';
import { engineContext, openEnds } from '../../tasks/task.ts';

/** Attempts of a request: what fails is to be seen soon, and nothing is lost by it. */
const ATTEMPTS = 2;
/** Columns of a line before what was found. */
const NAME = 15;

export const checkCommand: Command = {
  name: 'check',
  argument: taskName(false, 'A task that was run before, instead of a file.'),
  summary:
    'Try both ends of a task: names, TLS, credentials, listing, reading, writing, clock, what the stores can do.',
  about: ['At the destination a scratch object is written, read and removed. Every failure comes with its remedy.'],
  options: [TASK_FILE],
  examples: [{ line: 'ferry check -t photos.yaml', does: 'before the first run' }],
  exits: ['ok', 'temporary', 'interrupted'],
  remote: true,
  run: check,
};

async function check(context: CommandContext, call: Call): Promise<ExitName> {
  const server = await context.server();
  if (server !== undefined) {
    const { name, task } = await taskThere(context, call);
    const { source, destination } = endsOf(task === undefined ? await remoteTask(server, name) : undefined, task);
    return await show(context, await checksThere(server, name, task, context.signal), { source, destination });
  }
  const services = await context.services();
  const task = await findTask(services, call);
  await using stores = await openEnds(services, task.spec, { attempts: ATTEMPTS });
  const { task: _, ...checked } = engineContext(services, task, stores, {
    signal: context.signal,
    emit: () => undefined,
  });
  const names = { source: stores.source.info.name, destination: stores.destination.info.name };
  return await show(context, services.engine.check(checked), names);
}

async function show(
  context: CommandContext,
  results: AsyncIterable<CheckResult> | Iterable<CheckResult>,
  names: Readonly<Record<CheckResult['endpoint'], string>>,
): Promise<ExitName> {
  const { io, globals, style, columns } = context;
  const failed: FerryError[] = [];
  let endpoint: string | undefined;
  for await (const result of results) {
    if (result.error) failed.push(result.error);
    if (globals.json) {
      io.stdout.write(jsonLine('check', result));
      continue;
    }
    if (result.endpoint !== endpoint) {
      endpoint = result.endpoint;
      io.stdout.write(`${style.out.bold(result.endpoint)} ${harmless(names[result.endpoint])}\n`);
    }
    io.stdout.write(resultText(result, style.out, columns.out));
  }
  if (!globals.json)
    io.stderr.write(failed.length === 0 ? 'Both ends work.\n' : `${counted(failed.length, 'check')} failed.\n`);
  return context.signal.aborted ? 'interrupted' : exitOf(failed);
}

/** What time heals, or a correction of the task file, only where that is all there is. */
function exitOf(errors: readonly FerryError[]): ExitName {
  const [first = 'ok', ...others] = new Set(errors.map(exitOfError));
  return others.length === 0 ? first : 'failed';
}

function resultText(result: CheckResult, style: Style, columns: number): string {
  const { ok, name, detail, error, milliseconds } = result;
  const mark = ok === true ? style.good('ok  ') : ok === false ? style.bad('FAIL') : style.dim('–   ');
  const found = `${harmless(detail)} (${Math.round(milliseconds)} ms)`;
  const lines = hanging(`  ${mark} ${pad(harmless(name), NAME)} `, found, columns);
  if (error) lines.push(...hanging(' '.repeat(8 + NAME), harmless(error.remedy), columns, style.warn));
  return `${lines.join('\n')}\n`;
}
