/** Limits that were set while a task ran, over those of its file. */
import * as z from 'zod';
import { BANDWIDTH, bandwidth } from '../../config/values.ts';
import type { BandwidthEntry, Limits } from '../../model/task.ts';

/** Of a timetable, as it is told and kept. */
export const BANDWIDTH_ENTRY = z.object({
  days: z.array(z.int().min(0).max(6)).optional().describe('0 is Sunday; every day where absent.'),
  minute: z.int().min(0).max(1439).describe('After local midnight.'),
  bytesPerSecond: z.number().min(1).optional().describe('Absent: no limit.'),
});

/** As a request has it: a number, a text or texts as a task file has them, entries as they are told, or null for none. */
export function wantedBandwidth(): z.ZodType<readonly BandwidthEntry[] | null> {
  return z.union([bandwidth(), z.array(BANDWIDTH_ENTRY.strict()).max(100), z.null()], { error: BANDWIDTH });
}

const CONCURRENCY = 'must be a whole number from 1 to 10000, or auto';
const PACE = 'must be a whole number from 1 to 1000000';

function whole(most: number, error: string): z.ZodInt {
  return z.int({ error }).min(1, { error }).max(most, { error });
}

/** As a request has them: null goes back to no limit, `auto` finds the best by itself. */
export const LIMITS_PATCH = z.strictObject({
  concurrency: z
    .union([whole(10_000, CONCURRENCY), z.literal('auto'), z.null()], { error: CONCURRENCY })
    .optional()
    .describe('Objects in flight at once; `auto` or null finds the best by itself.'),
  bandwidth: wantedBandwidth()
    .optional()
    .describe('Bytes per second, or a timetable as in a task file; null, 0 or `off` for no limit.'),
  objectsPerSecond: z
    .union([whole(1_000_000, PACE), z.null()], { error: PACE })
    .optional()
    .describe('Objects started per second; null for no limit.'),
});

const KEPT = z.object({
  concurrency: z.number().nullable().optional(),
  objectsPerSecond: z.number().nullable().optional(),
  bandwidth: z.array(BANDWIDTH_ENTRY).optional(),
});

/** As the state keeps them; null stands for no limit, absent for the file's. */
export type KeptLimits = z.output<typeof KEPT>;

export function keptLimits(kept: unknown): KeptLimits {
  return KEPT.safeParse(kept).data ?? {};
}

export function patched(kept: KeptLimits, patch: z.output<typeof LIMITS_PATCH>): KeptLimits {
  const { concurrency, bandwidth: timetable, objectsPerSecond } = patch;
  return {
    ...kept,
    ...(concurrency === undefined ? {} : { concurrency: concurrency === 'auto' ? null : concurrency }),
    ...(objectsPerSecond === undefined ? {} : { objectsPerSecond }),
    ...(timetable === undefined
      ? {}
      : { bandwidth: (timetable ?? []).map(({ days, ...entry }) => ({ ...entry, days: days && [...days] })) }),
  };
}

export function withKept(limits: Limits, { concurrency, bandwidth: timetable, objectsPerSecond }: KeptLimits): Limits {
  return {
    concurrency: concurrency === undefined ? limits.concurrency : (concurrency ?? undefined),
    objectsPerSecond: objectsPerSecond === undefined ? limits.objectsPerSecond : (objectsPerSecond ?? undefined),
    bandwidth: timetable ?? limits.bandwidth,
  };
}
