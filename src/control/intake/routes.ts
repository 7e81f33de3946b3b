import * as z from 'zod';
import type { EventBook, EventSourceRecord, NewEventSource } from '../../state/control/event-book.ts';
import { entityTag, expectSeen } from '../api/entity-tag.ts';
import { Problem } from '../api/problem.ts';
import { NOTHING, ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import type { EventSources } from './event-sources.ts';
import { NEW_SOURCE_BODY, SOURCE_BODY } from './settings.ts';

const SOURCE = z
  .object({
    name: z.string(),
    kind: z.enum(['http', 'sns', 'sqs']),
    source: z.string(),
    destination: z.string(),
    prefix: z.string(),
    deletes: z.enum(['ignore', 'apply']),
    reconcile: z.number().describe('Minutes; 0 for never.'),
    settings: z.record(z.string(), z.unknown()),
    createdAt: z.number(),
    url: z.string().optional().describe('Where events are posted to; of `http` and `sns`.'),
    totals: z.object({
      received: z.int(),
      outdated: z.int().describe('Doubles, and older than what came before.'),
      malformed: z.int(),
      transferred: z.int(),
      deleted: z.int(),
      passed: z.int().describe('Nothing had to be done.'),
    }),
    lag: z.object({
      waiting: z.int().describe('Keys that wait to be carried out.'),
      oldest: z.number().optional().describe('When the oldest of them came.'),
      failed: z.int().describe('Keys that were given up; a comparison finds them again.'),
    }),
    lastAt: z.number().optional().describe('When something came last.'),
    reconciledAt: z.number().optional(),
    reconcileError: z.string().optional(),
  })
  .describe('Where change events come from, and what becomes of them.');

const NAMED = z.object({ name: z.string().describe('Name of the event source.') });

export interface EventRoutesContext {
  readonly book: EventBook;
  readonly sources: EventSources;
  /** Whether there is a registered store of this name. */
  readonly hasStore: (name: string) => Promise<boolean>;
  readonly now: () => number;
}

/** The resource of an event source. */
export async function sourceJson(record: EventSourceRecord, book: EventBook): Promise<z.output<typeof SOURCE>> {
  const { name, kind, source, destination, prefix, deletes, reconcile, settings, createdAt, totals } = record;
  const { lastAt, reconciledAt, reconcileError } = record;
  const url = kind === 'sqs' ? undefined : `/v1/events/${encodeURIComponent(name)}`;
  return {
    name,
    kind,
    source,
    destination,
    prefix,
    deletes,
    reconcile,
    settings,
    createdAt,
    url,
    totals: { ...totals },
    lag: await book.counts(name),
    lastAt,
    reconciledAt,
    reconcileError,
  };
}

export function eventRoutes(context: EventRoutesContext): readonly Route[] {
  const { book, sources, hasStore, now } = context;
  const found = async (name: string): Promise<EventSourceRecord> => {
    const record = await book.source(name);
    if (record) return record;
    throw new Problem('no-such-resource', { detail: `There is no event source ${JSON.stringify(name)}` });
  };
  const answer = async (name: string, status: 200 | 201): Promise<ApiAnswer> => {
    const record = await found(name);
    const location = status === 201 ? ['Location', `/v1/event-sources/${encodeURIComponent(name)}`] : [];
    const headers = ['ETag', entityTag(changeable(record)), ...location];
    return { status, json: await sourceJson(record, book), headers };
  };
  const checkStores = async (body: { readonly source: string; readonly destination: string }): Promise<void> => {
    const missing = [];
    for (const side of ['source', 'destination'] as const)
      if (!(await hasStore(body[side])))
        missing.push({ pointer: `#/${side}`, detail: `there is no registered store ${JSON.stringify(body[side])}` });
    if (body.source === body.destination) missing.push({ pointer: '#/destination', detail: 'is the source itself' });
    if (missing.length > 0) throw new Problem('invalid-request', { faults: missing });
  };
  return [
    route({
      method: 'POST',
      path: '/v1/events/{name}',
      id: 'postEvents',
      tag: 'events',
      summary: 'Tell of changes to objects: S3 event notifications, or messages of Amazon SNS.',
      about:
        'For `http`: the document as AWS, MinIO and Ceph post it, with the secret of the source as bearer token or as password of basic authentication. For `sns`: its messages, which prove themselves by their signature.',
      role: 'anybody',
      ownCredentials: true,
      streamed: true,
      params: NAMED,
      body: z.record(z.string(), z.unknown()),
      answers: { 200: { about: 'Everything is kept, and will be carried out.' } },
      problems: [401, 413],
      async handle({ params, http }) {
        await sources.receive(params.name, http);
        return { status: 200 };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/event-sources',
      id: 'listEventSources',
      tag: 'events',
      summary: 'Event sources, in order of name.',
      role: 'viewer',
      answers: { 200: { about: 'All of them.', schema: z.object({ items: z.array(SOURCE) }) } },
      handle: async () =>
        ok({ items: await Promise.all((await book.sources()).map((record) => sourceJson(record, book))) }),
    }),
    route({
      method: 'POST',
      path: '/v1/event-sources',
      id: 'createEventSource',
      tag: 'events',
      summary: 'Have changes of one store carried out at another as they are told.',
      role: 'admin',
      body: NEW_SOURCE_BODY,
      answers: { 201: { about: 'It is at work.', schema: SOURCE } },
      problems: [409],
      async handle({ body }) {
        await checkStores(body);
        await book.addSource({ ...recordOf(sources, body.name, body, {}), createdAt: now() });
        await sources.restart(body.name);
        return await answer(body.name, 201);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/event-sources/{name}',
      id: 'getEventSource',
      tag: 'events',
      summary: 'An event source, its lag and its counts.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'The source.', schema: SOURCE } },
      problems: [404],
      handle: ({ params }) => answer(params.name, 200),
    }),
    route({
      method: 'PUT',
      path: '/v1/event-sources/{name}',
      id: 'replaceEventSource',
      tag: 'events',
      summary: 'Change an event source. A secret that is left out stays. What waits is carried out by the new rules.',
      role: 'admin',
      params: NAMED,
      body: SOURCE_BODY,
      answers: { 200: { about: 'It is changed.', schema: SOURCE } },
      problems: [404, 412, 428],
      async handle({ params: { name }, body, http }) {
        const old = await found(name);
        expectSeen(http, changeable(old));
        await checkStores(body);
        const secrets = old.kind === body.kind ? old.secrets : {};
        if (!(await book.replaceSource(recordOf(sources, name, body, secrets), old.version)))
          throw new Problem('changed-meanwhile');
        await sources.restart(name);
        return await answer(name, 200);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/event-sources/{name}',
      id: 'deleteEventSource',
      tag: 'events',
      summary: 'End an event source, and forget what waits.',
      role: 'admin',
      params: NAMED,
      answers: { 204: { about: 'It is gone.' } },
      problems: [404, 412, 428],
      async handle({ params: { name }, http }) {
        const old = await found(name);
        expectSeen(http, changeable(old));
        if (!(await book.removeSource(name, old.version))) throw new Problem('changed-meanwhile');
        await sources.restart(name);
        return NOTHING;
      },
    }),
    route({
      method: 'POST',
      path: '/v1/event-sources/{name}/reconcile',
      id: 'reconcileEventSource',
      tag: 'events',
      summary: 'Compare both sides now, and carry out what events missed.',
      role: 'operator',
      params: NAMED,
      answers: { 202: { about: 'It has begun.', schema: SOURCE } },
      problems: [404, 409],
      async handle({ params: { name } }) {
        const record = await found(name);
        sources.reconcile(name);
        return { status: 202, json: await sourceJson(record, book) };
      },
    }),
  ];
}

/** What a change has to have seen. */
function changeable({ name, version }: EventSourceRecord): unknown {
  return { name, version };
}

function recordOf(
  sources: EventSources,
  name: string,
  body: z.output<typeof SOURCE_BODY>,
  kept: Readonly<Record<string, string>>,
): Omit<NewEventSource, 'createdAt'> {
  const { kind, source, destination, prefix, deletes, reconcile } = body;
  const secrets = { ...kept };
  if (body.kind === 'http' && body.secret !== undefined) secrets['secret'] = sources.seal(name, 'secret', body.secret);
  if (body.kind === 'sqs' && body.secret_access_key !== undefined)
    secrets['secret_access_key'] = sources.seal(name, 'secret_access_key', body.secret_access_key);
  if (kind !== 'sns' && Object.keys(secrets).length === 0)
    throw new Problem('invalid-request', { faults: [{ pointer: '#', detail: 'lacks its secret' }] });
  const settings = body.kind === 'http' ? {} : body.settings;
  return { name, kind, source, destination, prefix, deletes, reconcile, settings, secrets };
}
