/** What the runner is told to do with a task, as the state keeps it. */
import * as z from 'zod';
import type { FailureRecord } from '../../state/state-store.ts';

const BEGUN = {
  /** When, and after how many passes, it was begun; absent while it waits. */
  begun: z.object({ at: z.number(), passes: z.number() }).optional(),
};

const WORK = z.discriminatedUnion('what', [
  z.object({
    what: z.literal('run'),
    /** Deletes what it finds, however much that is. */
    withoutGuard: z.literal(true).optional(),
    ...BEGUN,
  }),
  z.object({
    what: z.literal('retry'),
    /** Failures with one of these codes or keys; all where both are absent. */
    codes: z.array(z.string()).optional(),
    keys: z.array(z.string()).optional(),
    ...BEGUN,
  }),
  z.object({
    what: z.literal('verify'),
    mode: z.enum(['size', 'checksum', 'full']),
    repair: z.boolean(),
    ...BEGUN,
  }),
]);

export type Work = z.output<typeof WORK>;

/** Of what a newer version may have written nothing is known but that the task is to be run. */
export function workOf(kept: unknown): Work {
  return WORK.safeParse(kept).data ?? { what: 'run' };
}

export function wantedBy({ codes, keys }: Extract<Work, { what: 'retry' }>): (failure: FailureRecord) => boolean {
  if (codes === undefined && keys === undefined) return () => true;
  const [byCode, byKey] = [new Set(codes), new Set(keys)];
  return ({ code, key }) => byCode.has(code) || byKey.has(key);
}

const RESULT = z.object({
  what: z.enum(['run', 'retry', 'verify']),
  outcome: z.string(),
  at: z.number(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** How the last work ended. */
export type Result = z.output<typeof RESULT>;

export function resultOf(kept: unknown): Result | undefined {
  return RESULT.safeParse(kept).data;
}
