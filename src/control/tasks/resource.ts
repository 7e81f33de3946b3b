/** A task as the API tells of it. */
import * as z from 'zod';
import { ERROR_CATALOGUE } from '../../model/errors.ts';
import type { Limits } from '../../model/task.ts';
import type { QueuedTask } from '../../state/queue-book.ts';
import type { Activity } from './activity.ts';
import { keptLimits, withKept } from './limits.ts';
import { resultOf, workOf } from './work.ts';

const COUNT = z.number();
const COUNTERS = z.object({
  listed: COUNT,
  listedBytes: COUNT,
  destinationListed: COUNT,
  compared: COUNT,
  copied: COUNT,
  copiedBytes: COUNT,
  skipped: COUNT,
  skippedBytes: COUNT,
  deleted: COUNT,
  failed: COUNT,
  filtered: COUNT,
  irregular: COUNT,
  retried: COUNT,
});

const TOLD_ERROR = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() });

export const SHOWN_STATES = ['created', 'queued', 'running', 'paused', 'interrupted', 'finished', 'failed'] as const;

export const TASK = z.object({
  name: z.string(),
  type: z.string(),
  state: z.enum(SHOWN_STATES),
  source: z.string().describe('For people.'),
  destination: z.string(),
  priority: z.number().describe('0 to 9; 9 is first.'),
  createdAt: z.number(),
  startedAt: z.number().optional(),
  endedAt: z.number().optional(),
  passes: z.number().describe('Passes finished.'),
  counters: COUNTERS.describe('Of the current or last pass.'),
  failed: z.number().describe('Objects that failed.'),
  work: z.enum(['run', 'retry', 'verify']).optional().describe('What is queued, running or paused.'),
  holder: z.string().optional().describe('Who works on it.'),
  here: z.boolean().optional().describe('Whether that is this server.'),
  progress: z
    .looseObject({
      phase: z.string(),
      bytesMoved: z.number(),
      rate: z.object({ bytes: z.number(), objects: z.number(), listed: z.number() }).describe('Per second.'),
      eta: z.number().optional().describe('Milliseconds.'),
      inFlight: z.number(),
      concurrency: z.number(),
      throttledBy: z.array(z.looseObject({ what: z.string() })),
      active: z.array(z.looseObject({ key: z.string(), size: z.number(), done: z.number() })),
      ranges: z.object({ total: z.number(), done: z.number(), active: z.number() }),
      listingDone: z.boolean(),
      elapsed: z.number().describe('Milliseconds.'),
    })
    .optional()
    .describe('While it runs here.'),
  limits: z
    .object({
      concurrency: z.number().nullable().optional(),
      bandwidth: z.array(z.looseObject({ minute: z.number(), bytesPerSecond: z.number().optional() })).optional(),
      objectsPerSecond: z.number().nullable().optional(),
    })
    .describe('Where it runs or one task is asked for: all; else those set by request. Null and absent: none.'),
  error: TOLD_ERROR.optional(),
  last: z
    .object({ what: z.string(), outcome: z.string(), at: z.number(), error: TOLD_ERROR.optional() })
    .optional()
    .describe('How the last work here ended.'),
});

export type ToldTask = z.output<typeof TASK>;

/** `file`: the limits its file has, where they are known. */
export function toldOf(task: QueuedTask, activity: Activity | undefined, file?: Limits): ToldTask {
  const { record, priority } = task;
  const [type = '', source = '', destination = ''] = record.identity.split('\n');
  const result = resultOf(task.result);
  const counters =
    activity?.work.what === 'verify' ? record.counters : (activity?.progress?.counters ?? record.counters);
  const state = stateOf(task);
  const kept = keptLimits(task.limits);
  return {
    name: record.name,
    type,
    state,
    source,
    destination,
    priority,
    createdAt: record.createdAt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    passes: record.passes,
    counters: { ...counters },
    failed: counters.failed,
    work: task.state === 'idle' || task.state === 'failed' ? undefined : workOf(task.work).what,
    holder: record.holder,
    here: state === 'running' ? activity !== undefined : undefined,
    progress: activity?.progress && progressOf(activity.progress),
    limits: limitsOf(activity?.limits ?? (file && withKept(file, kept)) ?? kept),
    error: withRemedy(task.state === 'failed' ? result?.error : state === 'failed' ? record.error : undefined),
    last: result,
  };
}

/** What to do about an error of this code; an older state may have codes nobody knows any more. */
function withRemedy<E extends { readonly code: string }>(
  error: E | undefined,
): (E & { remedy?: string | undefined }) | undefined {
  const known: Readonly<Record<string, { readonly remedy: string } | undefined>> = ERROR_CATALOGUE;
  return error && { ...error, remedy: known[error.code]?.remedy };
}

/** Who else works on it may be another process. */
export function stateOf({ state, record }: QueuedTask): ToldTask['state'] {
  if (state === 'idle' || (state === 'failed' && record.holder !== undefined))
    return record.holder === undefined ? record.state : 'running';
  return state;
}

function progressOf(progress: NonNullable<Activity['progress']>): NonNullable<ToldTask['progress']> {
  const { task: _, counters: __, averageRate: ___, throttledBy, active, ...rest } = progress;
  return {
    ...rest,
    throttledBy: throttledBy.map((reason) => ({ ...reason })),
    active: active.map(({ key, size, done, parts, since }) => ({ key, size, done, parts, since })),
  };
}

function limitsOf({
  concurrency,
  bandwidth,
  objectsPerSecond,
}: Partial<Limits> | ReturnType<typeof keptLimits>): ToldTask['limits'] {
  return { concurrency, objectsPerSecond, bandwidth: bandwidth?.map((entry) => ({ ...entry })) };
}
