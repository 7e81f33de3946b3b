/** Limits that were set while a task ran, over those of its file. */
import * as z from 'zod';
import { bandwidth } from '../../config/values.ts';
import type { Limits } from '../../model/task.ts';

/** As a request has them: null goes back to no limit, `auto` finds the best by itself. */
export const LIMITS_PATCH = z.strictObject({
  concurrency: z
    .union([z.int().min(1).max(10_000), z.literal('auto'), z.null()])
    .optional()
    .describe('Objects in flight at once; `auto` or null finds the best by itself.'),
  bandwidth: z
    .union([bandwidth(), z.null()])
    .optional()
    .describe('Bytes per second, or a timetable as in a task file; null, 0 or `off` for no limit.'),
  objectsPerSecond: z
    .union([z.int().min(1).max(1_000_000), z.null()])
    .optional()
    .describe('Objects started per second; null for no limit.'),
});

const KEPT = z.object({
  concurrency: z.number().nullable().optional(),
  objectsPerSecond: z.number().nullable().optional(),
  bandwidth: z
    .array(
      z.object({
        days: z.array(z.number()).optional(),
        minute: z.number(),
        bytesPerSecond: z.number().optional(),
      }),
    )
    .optional(),
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
