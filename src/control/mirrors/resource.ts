/** A mirrored bucket, as the API tells of it. Origins are told by their names: addresses without credentials. */
import * as z from 'zod';
import type { MirroredBucket } from '../../gateway/mirror/mirrors.ts';
import { NO_COUNTS, type MirrorCounters, type RuleCounters } from '../../state/mirror-book.ts';

const COUNTERS = z.object({
  hits: z.number().describe('Reads answered from the bucket’s own store.'),
  misses: z.number().describe('Reads of what was not there.'),
  absent: z.number().describe('Misses for which the origins had nothing either.'),
  stored: z.number().describe('Objects stored.'),
  bytes: z.number().describe('Bytes that came from origins.'),
  failures: z.number().describe('Fetches that origins failed, or that could not be stored.'),
  lastUse: z.number().optional().describe('When an origin was last asked.'),
});

export const POINT = z.object({
  at: z.number(),
  hits: z.number(),
  misses: z.number(),
  absent: z.number(),
  stored: z.number(),
  bytes: z.number(),
  failures: z.number(),
});

const RULE = z.object({
  name: z.string(),
  match: z.object({ prefix: z.string(), suffix: z.string(), statuses: z.array(z.int()) }),
  origins: z.array(z.string()),
  mode: z.enum(['stream', 'redirect']),
  store: z.boolean(),
  head: z.enum(['fetch', 'ask']),
  deletes: z.enum(['refetch', 'remember']),
  limits: z.object({
    bandwidth: z.number().optional(),
    requestsPerSecond: z.number().optional(),
    concurrency: z.number(),
  }),
  counters: COUNTERS,
  series: z
    .object({ step: z.number().describe('Milliseconds between two points.'), points: z.array(POINT) })
    .optional()
    .describe('Per second, of about the last hour; only where one mirror is asked for.'),
});

export const MIRROR = z.object({ bucket: z.string(), tenant: z.string(), rules: z.array(RULE) });

export type Mirror = z.output<typeof MIRROR>;
export type Point = z.output<typeof POINT>;

export function mirrorOf({ spec, rules }: MirroredBucket, counters: readonly RuleCounters[]): Mirror {
  const { name: bucket, tenant } = spec;
  return {
    bucket,
    tenant,
    rules: rules.map(({ spec: rule, origins }) => ({
      name: rule.name,
      match: { prefix: rule.match.prefix, suffix: rule.match.suffix, statuses: [...rule.match.statuses] },
      origins: [...origins],
      mode: rule.mode,
      store: rule.store,
      head: rule.head,
      deletes: rule.deletes,
      limits: {
        bandwidth: rule.limits.bandwidth,
        requestsPerSecond: rule.limits.requestsPerSecond,
        concurrency: rule.limits.concurrency,
      },
      counters: told(counters.find((each) => each.bucket === bucket && each.rule === rule.name) ?? NO_COUNTS),
    })),
  };
}

function told({ hits, misses, absent, stored, bytes, failures, lastUse }: MirrorCounters): z.output<typeof COUNTERS> {
  return { hits, misses, absent, stored, bytes, failures, lastUse: lastUse ?? undefined };
}
