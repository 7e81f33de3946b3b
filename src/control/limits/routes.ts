import * as z from 'zod';
import type { ServerLimitsSpec } from '../../model/control.ts';
import { entityTag, expectSeen } from '../api/entity-tag.ts';
import { ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import type { LiveHub } from '../live/hub.ts';
import { BANDWIDTH_ENTRY, wantedBandwidth } from '../tasks/limits.ts';
import type { ServerLimits } from './server-limits.ts';

const PER_SECOND = z.union([z.int().min(1).max(1_000_000), z.null()]).optional();

const WANTED = z
  .strictObject({
    bandwidth: wantedBandwidth()
      .optional()
      .describe('Bytes read per second, or a timetable as in a task file or as this tells it; null, 0 or `off`: none.'),
    requestsPerSecond: PER_SECOND.describe('Requests to stores; null: no limit.'),
    objectsPerSecond: PER_SECOND.describe('Objects begun; null: no limit.'),
    // Who sends back what was read sends these.
    from: z.string().optional(),
    now: z.unknown().optional(),
  })
  .describe('All of them: what is absent has no limit.');

const LIMITS = z.object({
  bandwidth: z
    .array(BANDWIDTH_ENTRY)
    .describe('Each holds until the next; without `bytesPerSecond` there is no limit.'),
  requestsPerSecond: z.number().optional(),
  objectsPerSecond: z.number().optional(),
  from: z.enum(['configuration', 'api']).describe('Who said so.'),
  now: z.object({ bytesPerSecond: z.number().optional() }).describe('What the timetable says at this moment.'),
});

export function limitRoutes(limits: ServerLimits, hub: LiveHub): readonly Route[] {
  const changed = (): ApiAnswer => {
    hub.publish('limits', 'server', told(limits));
    return answer(limits);
  };
  return [
    route({
      method: 'GET',
      path: '/v1/limits',
      id: 'getLimits',
      tag: 'limits',
      summary: 'Limits for all tasks, jobs and events of this server together.',
      about: 'Each gets at least its part by priority, and what others leave. Limits of a task hold beside them.',
      role: 'viewer',
      answers: { 200: { about: 'With their ETag.', schema: LIMITS } },
      handle: async () => answer(limits),
    }),
    route({
      method: 'PUT',
      path: '/v1/limits',
      id: 'setLimits',
      tag: 'limits',
      summary: 'Set them, at once for what runs. They hold over restarts.',
      role: 'operator',
      body: WANTED,
      answers: { 200: { about: 'They hold.', schema: LIMITS } },
      problems: [412, 428],
      async handle({ body: { bandwidth, requestsPerSecond, objectsPerSecond }, http }) {
        expectSeen(http, seen(limits));
        const wanted: ServerLimitsSpec = {
          bandwidth: bandwidth ?? [],
          requestsPerSecond: requestsPerSecond ?? undefined,
          objectsPerSecond: objectsPerSecond ?? undefined,
        };
        await limits.set(wanted);
        return changed();
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/limits',
      id: 'resetLimits',
      tag: 'limits',
      summary: 'Go back to those of the configuration.',
      role: 'operator',
      answers: { 200: { about: 'As they are now.', schema: LIMITS } },
      problems: [412, 428],
      async handle({ http }) {
        expectSeen(http, seen(limits));
        await limits.reset();
        return changed();
      },
    }),
  ];
}

function answer(limits: ServerLimits): ApiAnswer {
  return ok(told(limits), ['ETag', entityTag(seen(limits))]);
}

function told(limits: ServerLimits): z.output<typeof LIMITS> {
  return { ...seen(limits), now: { bytesPerSecond: limits.shared.bandwidth.perSecond } };
}

/** Without what time changes. */
function seen(limits: ServerLimits): Omit<z.output<typeof LIMITS>, 'now'> {
  const { bandwidth, requestsPerSecond, objectsPerSecond } = limits.current;
  return {
    bandwidth: bandwidth.map(({ days, ...entry }) => ({ ...entry, days: days && [...days] })),
    requestsPerSecond,
    objectsPerSecond,
    from: limits.areSet ? 'api' : 'configuration',
  };
}
