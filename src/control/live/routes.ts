import * as z from 'zod';
import { Problem } from '../api/problem.ts';
import { route, type Route } from '../api/route.ts';
import { eventStream } from './event-stream.ts';
import type { LiveHub } from './hub.ts';

export function liveRoutes(hub: LiveHub): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/live',
      id: 'listen',
      tag: 'live',
      summary: 'What happens, as server-sent events.',
      about:
        'Each event has an id; a client that connects again sends the last one as Last-Event-ID and goes on from there. ' +
        'Where too much happened since, an event `missed` says so: read the resources anew.',
      role: 'viewer',
      query: z.strictObject({
        types: z.string().max(500).optional().describe('Only events of these types, with commas between.'),
        subject: z.string().max(300).optional().describe('Only events about this.'),
      }),
      answers: { 200: { about: 'Events until the connection ends.', type: 'text/event-stream' } },
      async handle({ query: { types, subject }, http, signal }) {
        const last = http.headers.get('last-event-id');
        if (last !== undefined && !/^\d{1,15}$/.test(last))
          throw new Problem('invalid-request', {
            faults: [{ pointer: 'Last-Event-ID', detail: 'is no id of an event' }],
          });
        const wanted = types === undefined ? undefined : new Set(types.split(','));
        const chunks = eventStream(
          hub,
          last === undefined ? undefined : Number(last),
          (event) => (wanted?.has(event.type) ?? true) && (subject === undefined || event.subject === subject),
          signal,
        );
        return { status: 200, stream: { type: 'text/event-stream', chunks } };
      },
    }),
  ];
}
