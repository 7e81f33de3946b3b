/** What one looks at of a task: where it is, how fast it went, what failed and why, each object, log and reports. */
import * as z from 'zod';
import { cursorOf, PAGE, pageOf, positionOf } from '../api/page.ts';
import { Problem } from '../api/problem.ts';
import { ok, route, type Route } from '../api/route.ts';
import { FAILURE, FAILURE_GROUP } from './failure-shapes.ts';
import { keptSeries } from './kept-series.ts';
import { linesFrom, tailOf } from './lines.ts';
import { rangeMap } from './range-map.ts';
import { contentsOf, coveredBy, evidenceOf, reportsOf } from './reports.ts';
import type { TaskRoutesContext } from './routes.ts';

const NAMED = z.object({ name: z.string() });
const WHICH = z.object({ name: z.string(), report: z.string() });

const RANGE = z.object({
  after: z.string().nullable(),
  through: z.string().nullable(),
  position: z.string().nullable(),
  state: z.enum(['done', 'active', 'waiting', 'failed']),
});
const POINT = z.object({ at: z.number(), bytes: z.number(), objects: z.number(), failed: z.number() });
const FILE = z.looseObject({ key: z.string(), result: z.string(), method: z.string(), size: z.number().optional() });
const COVERED = z.object({
  evidence: z.enum(['all', 'differences', 'none']).optional().describe('Which objects a run writes down.'),
  since: z.number().optional().describe('When the run began that they are of; absent where there are none.'),
  wholePass: z.boolean().describe('False: what earlier runs of the pass dealt with is not among them.'),
});
const LINE = z.looseObject({ time: z.string(), level: z.string(), message: z.string() });
const REPORT = z.object({
  id: z.string(),
  kind: z.enum(['run', 'verification']),
  at: z.number(),
  json: z.string().describe('Address.'),
  html: z.string(),
});

/** Of the log so much is looked through, bytes. */
const LOG_LOOK = 4 * 1024 * 1024;
/** Buffers read for one answer; where none of their lines is of the task, the next page goes on. */
const LOOKS = 16;

/** A report is a page with styles of its own and nothing else: no script, no request, no place in this origin. */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

export function insightRoutes(context: TaskRoutesContext): readonly Route[] {
  const { desk, state, runner, services, files } = context;
  return [
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/file',
      id: 'getTaskFile',
      tag: 'tasks',
      summary: 'Its task file, without secrets.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'YAML.', type: 'application/yaml' } },
      problems: [404],
      async handle({ params: { name } }) {
        const { record } = await desk.find(name);
        // Sealed values are whole ones. Without quotes asterisks would be an alias of YAML.
        const text = record.file.replaceAll(/(["']?)\$\{sealed:[^}]*\}\1/g, '"***"');
        return { status: 200, stream: { type: 'application/yaml; charset=utf-8', chunks: once(text) } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/ranges',
      id: 'getTaskRanges',
      tag: 'tasks',
      summary: 'The pass as a map of its key ranges.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'In order of keys, at most 1,000.', schema: z.object({ items: z.array(RANGE) }) } },
      problems: [404],
      async handle({ params: { name } }) {
        const { record } = await desk.find(name);
        const over = record.endedAt !== undefined && record.startedAt !== undefined;
        return ok({ items: await rangeMap(state, name, record.holder !== undefined, over) });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/series',
      id: 'getTaskSeries',
      tag: 'tasks',
      summary: 'How fast its run goes, or the last one here went.',
      role: 'viewer',
      params: NAMED,
      query: z.strictObject({ since: z.coerce.number().default(0).describe('Only points after this time.') }),
      answers: {
        200: {
          about: 'Rates per second; a point each `step` milliseconds, which grows as the run does. At most 720.',
          schema: z.object({ step: z.number(), points: z.array(POINT) }),
        },
      },
      problems: [404],
      async handle({ params: { name }, query: { since } }) {
        await desk.find(name);
        const series = runner.lately(name)?.series;
        if (series) return ok({ step: series.step, points: series.after(since) });
        const { step, points } = (await keptSeries(services.home, name)) ?? { step: 1000, points: [] };
        return ok({ step, points: points.filter(({ at }) => at > since) });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/failures',
      id: 'listTaskFailures',
      tag: 'tasks',
      summary: 'Objects that failed, in order of key.',
      role: 'viewer',
      params: NAMED,
      query: PAGE.extend({ code: z.string().max(100).optional().describe('Only those with this code.') }),
      answers: { 200: { about: 'A page.', schema: pageOf(FAILURE, 'Failures.') } },
      problems: [404],
      async handle({ params: { name }, query: { cursor, limit, code } }) {
        const page = await state.failures(name, { after: positionOf(cursor), limit: limit + 1, code });
        const items = page.slice(0, limit);
        return ok({ items, next: page.length > limit ? cursorOf(items.at(-1)!.key) : undefined });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/failure-groups',
      id: 'listTaskFailureGroups',
      tag: 'tasks',
      summary: 'What failed by cause, most frequent first, with examples.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'A group for each code.', schema: z.object({ items: z.array(FAILURE_GROUP) }) } },
      problems: [404],
      handle: async ({ params: { name } }) => ok({ items: await state.failureGroups(name) }),
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/files',
      id: 'listTaskFiles',
      tag: 'tasks',
      summary: 'Objects of the last run with what came of each, as its evidence has them; while it runs, so far.',
      about:
        'Which those are `report.evidence` of the task file says. A run that goes on with a pass has only what it dealt with itself: `covers` tells.',
      role: 'viewer',
      params: NAMED,
      query: PAGE,
      answers: {
        200: {
          about: 'A page, in the order they were dealt with.',
          schema: pageOf(FILE, 'Objects.').extend({ covers: COVERED }),
        },
      },
      problems: [404],
      async handle({ params: { name }, query: { cursor, limit } }) {
        const task = await desk.find(name);
        const file = await evidenceOf(context.reports, task);
        const covers = await coveredBy(file, task.record, (await files.of(task.record))?.report.evidence);
        const page = await linesFrom(file, offsetOf(cursor), limit, (line) => line.includes('"record":{"key":'));
        const items = (page?.lines ?? []).flatMap((line) => recordOf(line));
        const next = page === undefined || page.last ? undefined : cursorOf(String(page.next));
        return ok({ items, next, covers });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/log',
      id: 'getTaskLog',
      tag: 'tasks',
      summary: 'What the log says of it, oldest first; the last few MiB of the log are looked through.',
      about: 'There is always a `next`: later lines come after it.',
      role: 'viewer',
      params: NAMED,
      query: PAGE,
      answers: { 200: { about: 'A page; it may be empty before the end.', schema: pageOf(LINE, 'Lines.') } },
      problems: [404],
      async handle({ params: { name }, query: { cursor, limit } }) {
        await desk.find(name);
        const { logFile } = context;
        const mark = `"task":${JSON.stringify(name)}`;
        let at = cursor === undefined ? await tailOf(logFile, LOG_LOOK) : offsetOf(cursor);
        const items: unknown[] = [];
        for (let looks = 0; looks < LOOKS && items.length < limit; looks++) {
          const page = await linesFrom(logFile, at, limit - items.length, (line) => line.includes(mark));
          if (page === undefined) break;
          at = page.next;
          items.push(...page.lines.flatMap(parsedLine));
          if (page.last) break;
        }
        return ok({ items, next: cursorOf(String(at)) });
      },
    }),
    ...reportRoutes(context),
  ];
}

function reportRoutes({ desk, reports }: TaskRoutesContext): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/reports',
      id: 'listTaskReports',
      tag: 'tasks',
      summary: 'Reports of its runs and verifications, the newest first.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'The last 200.', schema: z.object({ items: z.array(REPORT) }) } },
      problems: [404],
      async handle({ params: { name } }) {
        const found = await reportsOf(reports, await desk.find(name));
        const at = (id: string): string => `/v1/tasks/${name}/reports/${id}`;
        return ok({
          items: found.map(({ id, kind, at: written }) => ({
            id,
            kind,
            at: written,
            json: `${at(id)}.json`,
            html: `${at(id)}.html`,
          })),
        });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}/reports/{report}',
      id: 'getTaskReport',
      tag: 'tasks',
      summary: 'A report: ID.json, or ID.html as a page to read.',
      role: 'viewer',
      params: WHICH,
      answers: { 200: { about: 'As it was written.', type: 'application/json' } },
      problems: [404],
      async handle({ params: { name, report } }) {
        const [, id, extension = ''] = /^([\w-]+)\.(json|html)$/.exec(report) ?? [];
        const found = (await reportsOf(reports, await desk.find(name))).find((each) => each.id === id);
        if (found === undefined) throw new Problem('no-such-resource');
        const type = extension === 'json' ? 'application/json' : 'text/html; charset=utf-8';
        const chunks = contentsOf(found, extension);
        return { status: 200, headers: ['Content-Security-Policy', SANDBOX], stream: { type, chunks } };
      },
    }),
  ];
}

function offsetOf(cursor: string | undefined): number {
  const position = positionOf(cursor) ?? '0';
  if (/^\d{1,15}$/.test(position)) return Number(position);
  throw new Problem('invalid-request', { faults: [{ pointer: 'cursor', detail: 'is no cursor of this list' }] });
}

function recordOf(line: string): unknown[] {
  const parsed = parsedLine(line)[0];
  return typeof parsed === 'object' && parsed !== null && 'record' in parsed ? [parsed.record] : [];
}

/** A cursor that somebody made up may lead into the middle of a line. */
function parsedLine(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}
