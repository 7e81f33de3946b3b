/** Options that several verbs have, and how their values are read. */
import { parseBytes } from '../model/units.ts';
import type { Argument, Option } from './command.ts';

export const TASK_FILE: Option = {
  short: 't',
  long: 'task',
  value: 'FILE',
  description: 'Task file in YAML; see `ferry help task-file`.',
  completes: 'file',
};

export const BANDWIDTH: Option = {
  long: 'bandwidth',
  value: 'RATE',
  description:
    'Bytes per second for this call, such as 20MiB; 0 for no limit. Replaces the timetable of the task file.',
  parse: readRate,
};

export const CONCURRENCY: Option = {
  long: 'concurrency',
  value: 'N',
  description: 'Objects in flight at once for this call, instead of finding the best by itself.',
  parse: readPositive,
};

export const WITHOUT_GUARD: Option = {
  long: 'without-guard',
  description: 'Delete what `delete_extraneous` finds, however much it is, this once.',
};

export function taskName(required: boolean, description: string): Argument {
  return { name: 'NAME', required, description, completes: 'task' };
}

function readRate(text: string): number {
  const bytes = parseBytes(text.replace(/\/s$/i, ''));
  if (bytes === undefined) throw new Error('write it as 500k, 20MiB or 1.5GiB');
  return bytes;
}

function readPositive(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 10_000) throw new Error('write a whole number from 1 to 10000');
  return n;
}
