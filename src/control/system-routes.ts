/** What tells of the server itself. */
import * as z from 'zod';
import { ok, route, type Route } from './api/route.ts';

export interface SystemContext {
  readonly version: string;
  readonly holder: string;
  readonly startedAt: number;
  readonly now: () => number;
  /** False while the server ends. */
  readonly ready: () => boolean;
  /** Milliseconds since something last went forward, of all that should; undefined where nothing is under way. */
  readonly sinceProgress: () => number | undefined;
  readonly document: () => unknown;
}

export function systemRoutes(context: SystemContext): readonly Route[] {
  const { version, holder, startedAt, now, ready, sinceProgress, document } = context;
  return [
    route({
      method: 'GET',
      path: '/healthz',
      id: 'getHealth',
      tag: 'system',
      summary: 'Whether the process lives, and how long ago work went forward.',
      role: 'anybody',
      answers: {
        200: {
          about: 'It lives.',
          schema: z.object({
            sinceProgress: z.number().optional().describe('Milliseconds; absent where no work is under way.'),
          }),
        },
      },
      handle: async () => ok({ sinceProgress: sinceProgress() }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      id: 'getReadiness',
      tag: 'system',
      summary: 'Whether it takes requests: 503 while it ends.',
      role: 'anybody',
      answers: { 200: { about: 'It does.' }, 503: { about: 'It ends; go elsewhere.' } },
      handle: async () => ({ status: ready() ? 200 : 503 }),
    }),
    route({
      method: 'GET',
      path: '/v1/openapi.json',
      id: 'getDocument',
      tag: 'system',
      summary: 'This document.',
      role: 'anybody',
      answers: { 200: { about: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
      handle: async () => ok(document()),
    }),
    route({
      method: 'GET',
      path: '/v1/nodes',
      id: 'listNodes',
      tag: 'system',
      summary: 'The processes that work here.',
      role: 'viewer',
      answers: {
        200: {
          about: 'In embedded use it is this one.',
          schema: z.object({
            items: z.array(
              z.object({
                name: z.string(),
                version: z.string(),
                startedAt: z.number(),
                uptime: z.number().describe('Milliseconds.'),
                memory: z.number().describe('Bytes resident.'),
                cpu: z.number().describe('Seconds of processor time so far.'),
                ready: z.boolean(),
              }),
            ),
          }),
        },
      },
      async handle() {
        const { user, system } = process.cpuUsage();
        const memory = process.memoryUsage.rss();
        const uptime = now() - startedAt;
        const node = { name: holder, version, startedAt, uptime, memory, cpu: (user + system) / 1e6, ready: ready() };
        return ok({ items: [node] });
      },
    }),
  ];
}
