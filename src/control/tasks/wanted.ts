/** A task as a request has it: the keys of a task file, and what is of the queue. */
import { stringify } from 'yaml';
import * as z from 'zod';
import { ProblemList } from '../../config/problems.ts';
import type { LoadedTask } from '../../config/task-file.ts';
import { FerryError } from '../../model/errors.ts';
import { USUAL_PRIORITY } from '../../state/queue-book.ts';
import { Problem } from '../api/problem.ts';

const ENDPOINT = z
  .looseObject({
    store: z.string().optional().describe('A registered store; `path` is below its own.'),
    type: z.string().optional().describe('Or a store type, with its options.'),
    path: z.string().optional(),
    options: z.record(z.string(), z.unknown()).optional(),
  })
  .describe('`{store, path}` or `{type, path, options}`.');

export const PRIORITY = z.int().min(0).max(9).describe('9 is first.');

/** Addresses of their own, below the list of tasks. */
const TAKEN = new Set(['plan', 'check']);

/** Without a name for a look at what would be. */
export const WANTED = z
  .looseObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,128}$/, 'has 1 to 128 of the characters A-Z a-z 0-9 . _ -')
      .refine((name) => !TAKEN.has(name) && !/^\.+$/.test(name), 'means something else here'),
    type: z.string().describe('copy, fetch or delete.'),
    source: ENDPOINT,
    destination: ENDPOINT,
    priority: PRIORITY.default(USUAL_PRIORITY),
    start: z.boolean().default(false).describe('Queue it at once.'),
  })
  .describe('Beside these, the keys of a task file (schema/task.schema.json). `${` stands for itself.');

export type Wanted = z.output<typeof WANTED>;

/** The text of a task file that says the same. */
export function textOf(wanted: Omit<Wanted, 'name' | 'priority' | 'start'>): string {
  const { name: _, priority: __, start: ___, ...file } = wanted;
  return stringify(literal(file), { lineWidth: 0 });
}

/** Reads the text, with problems told at their places in the request. */
export async function reading(read: () => Promise<LoadedTask>): Promise<LoadedTask> {
  try {
    return await read();
  } catch (thrown) {
    if (!(thrown instanceof FerryError) || !(thrown.cause instanceof ProblemList)) throw thrown;
    const faults = thrown.cause.problems.map(({ path, message }) => ({
      pointer: ['#', ...path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/'),
      detail: message,
    }));
    throw new Problem('invalid-request', { faults, cause: thrown });
  }
}

/** Nothing of this machine is read into what somebody sent. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, literal(each)]));
}
