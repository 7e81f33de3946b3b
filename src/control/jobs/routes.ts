/** `PUT /jobs`, and what became of it. */
import * as z from 'zod';
import type { JobBook, JobRecord } from '../../state/control/job-book.ts';
import { NO_COUNTERS, type StateStore } from '../../state/state-store.ts';
import { withoutQuery } from '../callbacks/routes.ts';
import { cursorOf, numberOf, PAGE, pageOf } from '../api/page.ts';
import { Problem } from '../api/problem.ts';
import { ok, route, type Route } from '../api/route.ts';
import { filesOf } from './files.ts';
import { JOB_BODY } from './job-reader.ts';
import type { Jobs } from './jobs.ts';

export interface JobRoutesContext {
  readonly jobs: Jobs;
  readonly book: JobBook;
  readonly state: () => Promise<StateStore>;
}

const JOB = z
  .object({
    id: z.string().describe('Also the name of its task.'),
    state: z.enum(['accepted', 'running', 'finished', 'failed']).describe('`failed`: it could not get to its end.'),
    complete: z.boolean().describe('Every object is at the target; false until the end.'),
    createdAt: z.number(),
    startedAt: z.number().optional(),
    endedAt: z.number().optional(),
    who: z.string().describe('Name of the token.'),
    target: z.object({ type: z.string(), bucket: z.string(), acl: z.string().optional() }),
    keys: z.enum(['path', 'host']),
    priority: z.int(),
    callback: z.string().optional().describe('Without its query.'),
    counts: z.object({
      files: z.int().describe('URLs in its list.'),
      objects: z.int().describe('Objects they stand for: a URL may be named twice.'),
      copied: z.int(),
      bytes: z.int().describe('Copied.'),
      failed: z.int(),
      waiting: z.int(),
    }),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .describe('A job.');

const FILE = z.object({
  url: z.string().describe('Without its query.'),
  key: z.string(),
  state: z.enum(['waiting', 'copied', 'failed']),
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).optional(),
  attempts: z.int().optional(),
});

const BY_ID = z.object({ id: z.string().describe('Id of the job.') });

/** The resource of a job. */
export async function jobJson(job: JobRecord, state: StateStore): Promise<z.output<typeof JOB>> {
  const counters = (await state.getTask(job.id))?.counters ?? NO_COUNTERS;
  const { copied, copiedBytes, skipped, failed } = counters;
  const there = copied + skipped;
  return {
    id: job.id,
    state: job.state,
    complete: job.complete,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    who: job.who,
    target: { type: job.targetType, bucket: job.targetBucket, acl: job.targetAcl },
    keys: job.keys,
    priority: job.priority,
    callback: job.callbackUrl === undefined ? undefined : withoutQuery(job.callbackUrl),
    counts: {
      files: job.files,
      objects: job.objects,
      copied: there,
      bytes: copiedBytes,
      failed,
      waiting: Math.max(0, job.objects - there - failed),
    },
    error: job.error,
  };
}

export function jobRoutes({ jobs, book, state }: JobRoutesContext): readonly Route[] {
  const found = async (id: string): Promise<JobRecord> => {
    const job = await book.job(id);
    if (job === undefined) throw new Problem('no-such-resource', { detail: `There is no job ${JSON.stringify(id)}` });
    return job;
  };
  return [
    route({
      method: 'PUT',
      path: '/jobs',
      id: 'putJob',
      tag: 'jobs',
      summary: 'Have a list of URLs copied into a bucket.',
      about: 'The list may have millions of URLs. The job is on the disk when it is answered, and survives any crash.',
      role: 'operator',
      query: z.strictObject({
        priority: z.coerce.number().int().min(0).max(9).default(5).describe('0 to 9; greater first.'),
      }),
      body: JOB_BODY,
      streamed: true,
      answers: { 200: { about: 'Accepted; it runs later.', schema: JOB } },
      problems: [408, 413],
      async handle({ http, who, query, signal }) {
        const job = await jobs.accept(http.body, { who: who.name, priority: query.priority }, signal);
        return ok(await jobJson(job, await state()), ['Location', `/v1/jobs/${job.id}`]);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/jobs',
      id: 'listJobs',
      tag: 'jobs',
      summary: 'Jobs, newest first.',
      role: 'viewer',
      query: PAGE.extend({
        state: z.enum(['accepted', 'running', 'finished', 'failed']).optional().describe('Only those in this state.'),
      }),
      answers: { 200: { about: 'A page of them.', schema: pageOf(JOB, 'Jobs.') } },
      async handle({ query: { cursor, limit, state: wanted } }) {
        const before = numberOf(cursor);
        const page = await book.jobs({ before, limit, state: wanted });
        const store = await state();
        const items = await Promise.all(page.map((job) => jobJson(job, store)));
        const last = page.length === limit ? page.at(-1) : undefined;
        return ok({ items, next: last && cursorOf(String(last.number)) });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/jobs/{id}',
      id: 'getJob',
      tag: 'jobs',
      summary: 'A job, and how far it is.',
      role: 'viewer',
      params: BY_ID,
      answers: { 200: { about: 'The job.', schema: JOB } },
      problems: [404],
      handle: async ({ params }) => ok(await jobJson(await found(params.id), await state())),
    }),
    route({
      method: 'GET',
      path: '/v1/jobs/{id}/files',
      id: 'listJobFiles',
      tag: 'jobs',
      summary: 'The files of a job, in the order of its list, and what became of each.',
      about: 'Where `state` is given a page may have fewer files than `limit` though more follow.',
      role: 'viewer',
      params: BY_ID,
      query: PAGE.extend({
        state: z.enum(['waiting', 'copied', 'failed']).optional().describe('Only those in this state.'),
      }),
      answers: { 200: { about: 'A page of them.', schema: pageOf(FILE, 'Files.') } },
      problems: [404],
      async handle({ params, query: { cursor, limit, state: wanted } }) {
        const job = await found(params.id);
        const offset = numberOf(cursor) ?? 0;
        const page = await filesOf(job, jobs.listFile(job.id), await state(), { wanted, offset, limit });
        return ok({ items: page.items, next: page.next === undefined ? undefined : cursorOf(String(page.next)) });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/jobs/{id}/retry',
      id: 'retryJob',
      tag: 'jobs',
      summary: 'Try again what failed, or go on with a job that could not get to its end.',
      role: 'operator',
      params: BY_ID,
      answers: { 202: { about: 'It is queued.', schema: JOB } },
      problems: [404, 409],
      async handle({ params }) {
        const job = await jobs.retry(params.id);
        return { status: 202, json: await jobJson(job, await state()), headers: ['Location', `/v1/jobs/${job.id}`] };
      },
    }),
  ];
}
