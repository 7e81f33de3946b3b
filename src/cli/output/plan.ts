/** A plan as a person reads it. */
import type { Foreseen, PlanSummary } from '../../engine/progress.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { jsonLine } from './json.ts';
import { hanging, titledRows } from './layout.ts';
import { counted, fit, formatCount, harmless, pad } from './text.ts';
import type { Style } from './terminal-io.ts';

const EXAMPLES = 5;
/** Columns of a key at most. */
const LONGEST_KEY = 100;
/** Windows as wide as this have room for whole sentences. */
const WIDE = 60;

/** As JSON where that is asked for. */
export function showPlan(context: CommandContext, heading: Heading, summary: PlanSummary): ExitName {
  const { io, globals, style, columns } = context;
  if (globals.json) io.stdout.write(jsonLine('plan', { task: heading.task, ...summary }));
  else io.stdout.write(planText(heading, summary, style.out, columns.out));
  return context.signal.aborted ? 'interrupted' : 'ok';
}

export interface Heading {
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
