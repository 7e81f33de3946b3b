/** `ferry plan`: what a run would do, without doing it. */
import type { Foreseen, PlanSummary } from '../../engine/progress.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { TASK_FILE, taskName } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { hanging, titledRows } from '../output/layout.ts';
import { counted, fit, formatCount, harmless, pad } from '../output/text.ts';
import type { Style } from '../output/terminal-io.ts';
import type { Services } from '../services.ts';
import { findTask } from '../task-call.ts';
import { baselineOf, engineContext, openEnds, recognised, type FoundTask } from '../../tasks/task.ts';

const EXAMPLES = 5;
/** Columns of a key at most. */
const LONGEST_KEY = 100;
/** Windows as wide as this have room for whole sentences. */
const WIDE = 60;
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
  run: planOf,
};

async function planOf(context: CommandContext, call: Call): Promise<ExitName> {
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
  const { stdout } = context.io;
  if (context.globals.json) stdout.write(jsonLine('plan', { task: task.name, ...summary }));
  else
    stdout.write(
      planText(
        { task: task.name, source: stores.source.info.name, destination: stores.destination.info.name },
        summary,
        context.style.out,
        context.columns.out,
      ),
    );
  return context.signal.aborted ? 'interrupted' : 'ok';
}

interface Heading {
  readonly task: string;
  readonly source: string;
  readonly destination: string;
}

function planText({ task, source, destination }: Heading, plan: PlanSummary, style: Style, columns: number): string {
  const lines = titledRows(
    [
      { title: 'from', text: harmless(source) },
      { title: 'to', text: harmless(destination) },
    ],
    5,
    columns,
    style,
  );
  lines.unshift(style.bold(`Plan for ${harmless(task)}`));
  lines.push('', ...actions(plan, style, columns));
  lines.push(...examplesOf(plan, style, columns));
  if (plan.failures.length > 0) lines.push(...foreseen('Would fail', plan.failures, style, columns));
  if (plan.losses.length > 0) lines.push(...foreseen('Would be lost on the way', plan.losses, style, columns));
  else if (plan.failures.length === 0) lines.push('', 'Nothing would be lost on the way.');
  const time = timeOf(plan);
  if (time !== undefined) lines.push('', ...hanging(`${style.bold('Time')}  `, time, columns));
  lines.push('', style.dim('Nothing was written.'));
  return `${lines.join('\n')}\n`;
}

function actions(plan: PlanSummary, style: Style, columns: number): string[] {
  const lines: string[] = [];
  const wide = columns >= WIDE;
  const action = (sign: string, verb: string, { objects, bytes }: { objects: number; bytes: number }): void => {
    const noun = wide ? (objects === 1 ? ' object ' : ' objects') : '';
    lines.push(
      `  ${sign} ${pad(verb, 10)} ${pad(formatCount(objects), wide ? 14 : 10, 'right')}${noun} ${pad(formatBytes(bytes), 11, 'right')}`,
    );
  };
  action(style.good('+'), 'copy', plan.copy);
  action(style.warn('~'), 'overwrite', plan.overwrite);
  action(style.bad('-'), 'delete', plan.remove);
  action(style.dim('='), 'skip', plan.skip);
  if (plan.fail.objects > 0) action(style.bad('!'), 'fail', plan.fail);
  if (plan.filtered > 0) action(style.dim('·'), 'left out', { objects: plan.filtered, bytes: 0 });
  if (plan.irregular > 0) action(style.dim('·'), 'irregular', { objects: plan.irregular, bytes: 0 });
  action(' ', 'listed', plan.listed);
  return lines;
}

function examplesOf({ examples }: PlanSummary, style: Style, columns: number): string[] {
  const signs = { copy: style.good('+'), overwrite: style.warn('~'), remove: style.bad('-') } as const;
  const lines = (['copy', 'overwrite', 'remove'] as const).flatMap((action) =>
    examples[action].slice(0, EXAMPLES).map((key) => `  ${signs[action]} ${keyText(key, columns - 4)}`),
  );
  return lines.length > 0 ? ['', style.bold('For example'), ...lines] : [];
}

function foreseen(title: string, entries: readonly Foreseen[], style: Style, columns: number): string[] {
  const lines = entries.flatMap(({ what, objects, reason, examples }) => [
    ...hanging(
      `  ${style.warn('!')} `,
      `${harmless(what)}: ${counted(objects, 'object')}; ${harmless(reason)}`,
      columns,
    ),
    ...examples.slice(0, EXAMPLES).map((key) => style.dim(`      ${keyText(key, columns - 6)}`)),
  ]);
  return ['', style.bold(title), ...lines];
}

function keyText(key: string, width: number): string {
  return fit(harmless(key), Math.min(LONGEST_KEY, width));
}

/** Undefined where there is nothing to copy. */
function timeOf({ estimate: e, copy, overwrite }: PlanSummary): string | undefined {
  if (copy.objects + overwrite.objects === 0) return undefined;
  const basis = `(${harmless(e.basis)})`;
  if (e.milliseconds === undefined) return `not known ${basis}`;
  const rate = `${formatBytes(e.bytesPerSecond)}/s, ${formatCount(e.objectsPerSecond)} objects/s`;
  const time = `${e.atLeast ? 'at least' : 'about'} ${formatDuration(e.milliseconds)}`;
  const unsized = e.atLeast ? ', longer where objects are large: their sizes are not known' : '';
  return `${time} at ${rate}${unsized} ${basis}`;
}
