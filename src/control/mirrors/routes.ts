/** Mirrored buckets: their rules, what they did, and warming them. */
import * as z from 'zod';
import type { MirroredBucket } from '../../gateway/mirror/mirrors.ts';
import type { MirrorBook } from '../../state/mirror-book.ts';
import { Problem } from '../api/problem.ts';
import { NOTHING, ok, route, type Route } from '../api/route.ts';
import { STEP, type MirrorHistory } from './history.ts';
import { MIRROR, mirrorOf } from './resource.ts';
import type { Warming } from './warming.ts';

export interface MirrorsContext {
  readonly mirrors: readonly MirroredBucket[];
  readonly book: Pick<MirrorBook, 'counters'>;
  readonly history: MirrorHistory;
  readonly warming: Warming;
}

const MOST_KEYS = 10_000;
const AT_ONCE = 16;

const BUCKET = z.object({ bucket: z.string().max(255) });

export const WARM = z.object({
  state: z.enum(['running', 'finished', 'stopped', 'failed']),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  dryRun: z.boolean(),
  counts: z.object({
    keys: z.number(),
    there: z.number().describe('Stored before.'),
    stored: z.number().describe('Stored now.'),
    missing: z.number().describe('Of a dry run: not stored.'),
    absent: z.number().describe('The origins have no such object.'),
    failed: z.number(),
  }),
  failures: z.array(z.object({ key: z.string(), reason: z.string() })).describe('The first hundred.'),
  error: z.object({ code: z.string(), message: z.string() }).optional().describe('Why it failed as a whole.'),
});

export function mirrorRoutes(context: MirrorsContext): readonly Route[] {
  const { mirrors, book, history } = context;
  return [
    route({
      method: 'GET',
      path: '/v1/mirrors',
      id: 'listMirrors',
      tag: 'mirrors',
      summary: 'The mirrored buckets, their rules and what these counted.',
      role: 'viewer',
      answers: { 200: { about: 'In the order of the configuration.', schema: z.object({ items: z.array(MIRROR) }) } },
      async handle() {
        const counters = await book.counters();
        return ok({ items: mirrors.map((each) => mirrorOf(each, counters)) });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/mirrors/{bucket}',
      id: 'getMirror',
      tag: 'mirrors',
      summary: 'One of them, with what its rules counted over time.',
      role: 'viewer',
      params: BUCKET,
      query: z.strictObject({
        since: z.coerce.number().min(0).optional().describe('Only points after this, milliseconds since the epoch.'),
      }),
      answers: { 200: { about: 'Counters are at most five seconds old.', schema: MIRROR } },
      problems: [404],
      async handle({ params: { bucket }, query: { since } }) {
        const mirror = mirrorOf(found(mirrors, bucket), await book.counters());
        const rules = mirror.rules.map((rule) => {
          const points = [...history.points(bucket, rule.name, since)];
          return { ...rule, series: { step: STEP, points } };
        });
        return ok({ ...mirror, rules });
      },
    }),
    ...warmRoutes(context),
  ];
}

function warmRoutes({ mirrors, warming }: MirrorsContext): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/mirrors/{bucket}/warm',
      id: 'warmMirror',
      tag: 'mirrors',
      summary: 'Fetch what nobody has asked for yet.',
      about:
        'Asks the gateway for every key of a list, or of the listings of the origins, and waits until each is stored. ' +
        'Stopped or interrupted, begin it again: what is stored is only looked at.',
      role: 'operator',
      params: BUCKET,
      body: z.strictObject({
        keys: z
          .array(z.string().min(1).max(1024))
          .min(1)
          .max(MOST_KEYS)
          .optional()
          .describe('All that the origins list, where absent.'),
        dryRun: z.boolean().default(false).describe('Only look what is missing.'),
        concurrency: z.int().min(1).max(256).default(AT_ONCE).describe('Objects asked for at once.'),
      }),
      answers: { 202: { about: 'It has begun; Location tells how far it is.', schema: WARM } },
      problems: [404, 409],
      async handle({ params: { bucket }, body }) {
        const { spec } = found(mirrors, bucket);
        const state = await warming.start(spec, body);
        if (state === undefined)
          throw new Problem('conflict', { detail: 'The bucket is being warmed already; stop that first' });
        return { status: 202, json: state, headers: ['Location', `/v1/mirrors/${encodeURIComponent(bucket)}/warm`] };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/mirrors/{bucket}/warm',
      id: 'getWarming',
      tag: 'mirrors',
      summary: 'How far warming is, or how it ended.',
      role: 'viewer',
      params: BUCKET,
      answers: { 200: { about: 'The last one of this process.', schema: WARM } },
      problems: [404],
      async handle({ params: { bucket } }) {
        const state = warming.state(found(mirrors, bucket).spec.name);
        if (state === undefined) throw new Problem('no-such-resource', { detail: 'It was not warmed by this process' });
        return ok(state);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/mirrors/{bucket}/warm',
      id: 'stopWarming',
      tag: 'mirrors',
      summary: 'Stop warming.',
      role: 'operator',
      params: BUCKET,
      answers: { 204: { about: 'It has stopped, or had ended before.' } },
      problems: [404],
      async handle({ params: { bucket } }) {
        await warming.stop(found(mirrors, bucket).spec.name);
        return NOTHING;
      },
    }),
  ];
}

function found(mirrors: readonly MirroredBucket[], bucket: string): MirroredBucket {
  const mirror = mirrors.find(({ spec }) => spec.name === bucket);
  if (mirror === undefined)
    throw new Problem('no-such-resource', { detail: 'No bucket of this name is a mirror here' });
  return mirror;
}
