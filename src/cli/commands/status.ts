/** `ferry status`: the tasks there are, or one of them in detail. */
import type { FailureGroup, UploadRecord } from '../../state/state-store.ts';
import { formatBytes, formatDuration } from '../../model/units.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { taskName } from '../options.ts';
import { jsonLine } from '../output/json.ts';
import { titledRows, type Row } from '../output/layout.ts';
import { table, type Column } from '../output/table.ts';
import { counted, fit, formatCount, harmless } from '../output/text.ts';
import type { Style } from '../output/terminal-io.ts';
import type { ShownTask } from '../task-view.ts';
import { tasksOf } from '../task-view.ts';

const UPLOADS_SHOWN = 5;
/** Columns of the titles. */
const TITLE = 9;

export const statusCommand: Command = {
  name: 'status',
  argument: taskName(false, 'One task, in detail.'),
  summary: 'List the tasks, or show one in detail: how far it is, where it runs, what failed, what to do next.',
  options: [{ long: 'names', description: 'Only the names, one a line, for scripts.' }],
  examples: [
    { line: 'ferry status', does: 'all tasks' },
    { line: 'ferry status photos', does: 'one in detail' },
    { line: 'ferry status --json', does: 'one JSON line for each task' },
  ],
  exits: ['ok'],
  remote: true,
  run: status,
};

async function status(context: CommandContext, call: Call): Promise<ExitName> {
  const view = await tasksOf(context);
  const now = context.now();
  const { io, globals, style, columns } = context;
  if (call.argument !== undefined) {
    const task = await view.task(call.argument);
    const [failures, uploads] = await Promise.all([view.failureGroups(task.name), view.uploads(task.name)]);
    if (globals.json)
      io.stdout.write(
        jsonLine('task', {
          ...taskFields(task),
          failures,
          uploads: uploads.map((each) => ({ ...each, startedAt: iso(each.startedAt) })),
        }),
      );
    else io.stdout.write(detail(task, failures, uploads, now, columns.out, style.out));
    return 'ok';
  }
  const tasks = await view.tasks();
  if (call.flag('names')) for (const { name } of tasks) io.stdout.write(`${name}\n`);
  else if (globals.json) for (const task of tasks) io.stdout.write(jsonLine('task', taskFields(task)));
  else if (tasks.length === 0) io.stderr.write('There are no tasks yet. `ferry run NAME -t TASK.yaml` makes one.\n');
  else io.stdout.write(overview(tasks, now, columns.out, style.out));
  return 'ok';
}

function overview(tasks: readonly ShownTask[], now: number, columns: number, style: Style): string {
  const of = (cell: (task: ShownTask) => string): readonly string[] => tasks.map(cell);
  const number = (name: 'listed' | 'copied' | 'skipped' | 'deleted' | 'failed', spare?: number): Column => ({
    title: name.toUpperCase(),
    right: true,
    spare,
    cells: of(({ counters }) => formatCount(counters[name])),
  });
  const deleted = tasks.some(({ counters }) => counters.deleted > 0);
  const running = tasks.some(({ holder }) => holder !== undefined);
  const shown: Column[] = [
    { title: 'NAME', cells: of(({ name }) => name) },
    { title: 'STATE', cells: of(({ state }) => state) },
    number('listed', 2),
    number('copied'),
    { title: 'BYTES', right: true, spare: 3, cells: of(({ counters }) => formatBytes(counters.copiedBytes)) },
    number('skipped', 1),
    ...(deleted ? [number('deleted')] : []),
    number('failed'),
    { title: 'PASSES', right: true, spare: 5, cells: of(({ passes }) => formatCount(passes)) },
    { title: 'LAST', spare: 4, cells: of(({ endedAt, startedAt }) => ago(endedAt ?? startedAt, now)) },
    ...(running ? [{ title: 'RUNS ON', spare: 6, cells: of(({ holder }) => holder ?? '') }] : []),
  ];
  return table(shown, columns, style);
}

function detail(
  task: ShownTask,
  failures: readonly FailureGroup[],
  uploads: readonly UploadRecord[],
  now: number,
  columns: number,
  style: Style,
): string {
  const c = task.counters;
  const rows: (readonly [string, string])[] = [['state', task.holder ? `${task.state} on ${task.holder}` : task.state]];
  const [kind, source, destination] = task.identity.split('\n');
  rows.push(['type', kind ?? '']);
  if (source !== undefined && destination !== undefined) rows.push(['source', source], ['to', destination]);
  rows.push(['passes', `${counted(task.passes, 'pass', 'passes')} finished`]);
  if (task.startedAt !== undefined) rows.push(['started', when(task.startedAt, now)]);
  if (task.endedAt !== undefined) rows.push(['ended', when(task.endedAt, now)]);
  rows.push(['listed', `${counted(c.listed, 'object')}, ${formatBytes(c.listedBytes)}`]);
  rows.push(['copied', `${counted(c.copied, 'object')}, ${formatBytes(c.copiedBytes)}`]);
  if (c.skipped > 0) rows.push(['skipped', `${counted(c.skipped, 'object')}, ${formatBytes(c.skippedBytes)}`]);
  if (c.deleted > 0) rows.push(['deleted', counted(c.deleted, 'object')]);
  if (c.filtered > 0) rows.push(['left out', `${counted(c.filtered, 'object')} by filters`]);
  if (c.irregular > 0) rows.push(['irregular', `${counted(c.irregular, 'object')}: links, sockets, pipes or devices`]);
  for (const { code, count } of failures) rows.push(['failed', `${counted(count, 'object')}: ${code}`]);
  if (uploads.length > 0) rows.push(['uploads', `${counted(uploads.length, 'upload')} in parts unfinished`]);
  for (const { key, size } of uploads.slice(0, UPLOADS_SHOWN))
    rows.push(['', `${fit(key, 70)} (${formatBytes(size)})`]);
  if (task.error) rows.push(['error', `${task.error.message} [${task.error.code}]`]);
  rows.push(['next', nextStep(task, failures)]);
  const harmlessRows = rows.map(([title, text]): Row => ({ title, text: harmless(text) }));
  const lines = titledRows(harmlessRows, TITLE, columns, style);
  return `${[style.bold(harmless(task.name)), ...lines].join('\n')}\n`;
}

function nextStep({ name, state, holder }: ShownTask, failures: readonly FailureGroup[]): string {
  if (holder !== undefined) return 'it is running; Ctrl-C there saves and stops it';
  if (failures.length > 0) return `ferry failures ${name}`;
  switch (state) {
    case 'created':
      return `ferry run ${name}`;
    case 'queued':
      return 'it waits for its turn';
    case 'paused':
      return 'it is resumed in the console, or over the API';
    case 'running':
    case 'interrupted':
      return `ferry run ${name}   (goes on where it stopped)`;
    case 'failed':
      return `remove the cause, then ferry run ${name}`;
    case 'finished':
      return `ferry verify ${name}   (or ferry run ${name} to copy what changed since)`;
  }
}

function taskFields({ identity, ...task }: ShownTask): object {
  const [kind, source, destination] = identity.split('\n');
  const times = { createdAt: iso(task.createdAt), startedAt: iso(task.startedAt), endedAt: iso(task.endedAt), baseline: iso(task.baseline) }; // prettier-ignore
  return { ...task, ...times, kind, source, destination };
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

function when(at: number, now: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC (${ago(at, now)})`;
}

function ago(at: number | undefined, now: number): string {
  return at === undefined ? '' : `${formatDuration(Math.max(0, now - at))} ago`;
}
