/** `ferry check`: can this task work at all? */
import type { CheckResult } from '../../engine/progress.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { TASK_FILE, taskName } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { counted, harmless, pad } from '../output/text.ts';
import type { Style } from '../output/terminal-io.ts';
import { engineContext, findTask, openEnds } from '../task-call.ts';

export const checkCommand: Command = {
  name: 'check',
  argument: taskName(false, 'A task that was run before, instead of a file.'),
  summary:
    'Try both ends of a task: names, TLS, credentials, listing, reading, writing, clock, what the stores can do.',
  about: ['At the destination a scratch object is written, read and removed. Every failure comes with its remedy.'],
  options: [TASK_FILE],
  examples: [{ line: 'ferry check -t photos.yaml', does: 'before the first run' }],
  exits: ['ok', 'temporary', 'interrupted'],
  run: check,
};

async function check(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const task = await findTask(services, call);
  const { io, globals, style } = context;
  await using stores = await openEnds(services, task.spec);
  const { task: _, ...checked } = engineContext(context, services, task, stores, () => undefined);
  let failed = 0;
  let endpoint: string | undefined;
  for await (const result of services.engine.check(checked)) {
    if (result.ok === false) failed++;
    if (globals.json) {
      io.stdout.write(jsonLine('check', result));
      continue;
    }
    if (result.endpoint !== endpoint) {
      endpoint = result.endpoint;
      io.stdout.write(`${style.out.bold(result.endpoint)} ${harmless(stores[result.endpoint].info.name)}\n`);
    }
    io.stdout.write(resultText(result, style.out));
  }
  if (!globals.json) io.stderr.write(failed === 0 ? 'Both ends work.\n' : `${counted(failed, 'check')} failed.\n`);
  return context.signal.aborted ? 'interrupted' : failed === 0 ? 'ok' : 'failed';
}

function resultText({ ok, name, detail, remedy, milliseconds }: CheckResult, style: Style): string {
  const mark = ok === true ? style.good('ok  ') : ok === false ? style.bad('FAIL') : style.dim('–   ');
  const took = style.dim(`${Math.round(milliseconds)} ms`);
  const help = ok === false && remedy ? `       ${pad('', 22)} ${style.warn(harmless(remedy))}\n` : '';
  return `  ${mark} ${pad(harmless(name), 22)} ${harmless(detail)} ${took}\n${help}`;
}
