/** Failures of a task as the API tells of them. */
import * as z from 'zod';

export const FAILURE = z.object({
  key: z.string(),
  operation: z.string(),
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  size: z.number().optional(),
  at: z.number(),
  attempts: z.number(),
});

/** Those of one cause. */
export const FAILURE_GROUP = z.object({
  code: z.string(),
  count: z.number(),
  examples: z.array(z.object({ key: z.string(), message: z.string(), remedy: z.string() })),
});
