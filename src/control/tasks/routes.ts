import * as z from 'zod';
import type { CheckResult } from '../../engine/progress.ts';
import type { QueuedTask } from '../../state/queue-book.ts';
import type { StateStore } from '../../state/state-store.ts';
import type { TaskServices } from '../../tasks/services.ts';
import { cursorOf, PAGE, pageOf, positionOf } from '../api/page.ts';
import { Problem } from '../api/problem.ts';
import { NOTHING, ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import type { TaskDesk } from './desk.ts';
import type { KnownFiles } from './known-files.ts';
import { LIMITS_PATCH } from './limits.ts';
import { SHOWN_STATES, stateOf, TASK, toldOf } from './resource.ts';
import type { ReportPlaces } from './reports.ts';
import type { TaskRunner } from './runner.ts';
import { PRIORITY, WANTED } from './wanted.ts';
import type { Work } from './work.ts';

export interface TaskRoutesContext {
  readonly desk: TaskDesk;
  readonly runner: TaskRunner;
  readonly state: StateStore;
  readonly services: TaskServices;
  readonly files: KnownFiles;
  readonly reports: ReportPlaces;
  /** The log file, JSON lines. */
  readonly logFile: string;
}

const NAMED = z.object({ name: z.string() });
const LOOK = WANTED.extend({ name: WANTED.shape.name.default('new') });

const CHECK = z.object({
  endpoint: z.enum(['source', 'destination']),
  name: z.string(),
  ok: z.union([z.boolean(), z.literal('skipped')]),
  detail: z.string(),
  remedy: z.string().optional(),
  code: z.string().optional(),
  milliseconds: z.number(),
});

export const CHECKS = z.object({ items: z.array(CHECK) });

const SUM = z.object({ objects: z.number(), bytes: z.number() });
export const PLAN = z.looseObject({ listed: SUM, copy: SUM, overwrite: SUM, skip: SUM, remove: SUM, fail: SUM });

export function taskRoutes(context: TaskRoutesContext): readonly Route[] {
  const { desk } = context;
  return [
    route({
      method: 'GET',
      path: '/v1/tasks',
      id: 'listTasks',
      tag: 'tasks',
      summary: 'Tasks, the newest first.',
      about: 'Of a search a page may be empty and others follow: go on while there is a `next`.',
      role: 'viewer',
      query: PAGE.extend({
        state: z.string().max(200).optional().describe('Only those in one of these states, with commas between.'),
        search: z.string().max(200).optional().describe('Only those with this in their name or stores, in any case.'),
      }),
      answers: { 200: { about: 'A page.', schema: pageOf(TASK, 'Tasks.') } },
      handle: async ({ query }) => ok(await listed(context, query)),
    }),
    route({
      method: 'POST',
      path: '/v1/tasks',
      id: 'createTask',
      tag: 'tasks',
      summary: 'Make a task, and queue it where `start` says so.',
      about: 'It is kept when this is answered. Secrets in options are kept encrypted; better name a registered store.',
      role: 'operator',
      body: WANTED,
      answers: { 201: { about: 'It is made.', schema: TASK } },
      problems: [409, 502],
      async handle({ body }) {
        const task = await desk.create(body);
        return { status: 201, json: told(context, task), headers: ['Location', `/v1/tasks/${body.name}`] };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/tasks/plan',
      id: 'planTask',
      heavy: true,
      tag: 'tasks',
      summary: 'What a run of such a task would do. Both sides are listed; nothing is written or kept.',
      role: 'operator',
      secret: true,
      body: LOOK,
      answers: { 200: { about: 'What it would copy, skip and delete, lose and take.', schema: PLAN } },
      problems: [502],
      handle: async ({ body, signal }) => ok(await desk.plan(body, signal)),
    }),
    route({
      method: 'POST',
      path: '/v1/tasks/{name}/plan',
      id: 'planNamedTask',
      heavy: true,
      tag: 'tasks',
      summary: 'What the next run of a task would do. Both sides are listed; nothing is written or kept.',
      role: 'operator',
      secret: true,
      params: NAMED,
      answers: { 200: { about: 'What it would copy, skip and delete, lose and take.', schema: PLAN } },
      problems: [404, 502],
      handle: async ({ params: { name }, signal }) => ok(await desk.planOf(name, signal)),
    }),
    route({
      method: 'POST',
      path: '/v1/tasks/check',
      id: 'checkTask',
      heavy: true,
      tag: 'tasks',
      summary: 'Try both ends of such a task. At the destination a scratch object is written and removed.',
      role: 'operator',
      secret: true,
      body: LOOK,
      answers: { 200: { about: 'One thing after the other.', schema: CHECKS } },
      problems: [502],
      handle: async ({ body, signal }) => ok(toldChecks(await desk.check(body, signal))),
    }),
    route({
      method: 'POST',
      path: '/v1/tasks/{name}/check',
      id: 'checkNamedTask',
      heavy: true,
      tag: 'tasks',
      summary: 'Try both ends of a task. At the destination a scratch object is written and removed.',
      role: 'operator',
      secret: true,
      params: NAMED,
      answers: { 200: { about: 'One thing after the other.', schema: CHECKS } },
      problems: [404, 502],
      handle: async ({ params: { name }, signal }) => ok(toldChecks(await desk.checkOf(name, signal))),
    }),
    route({
      method: 'GET',
      path: '/v1/tasks/{name}',
      id: 'getTask',
      tag: 'tasks',
      summary: 'A task.',
      role: 'viewer',
      params: NAMED,
      answers: { 200: { about: 'As it is now.', schema: TASK } },
      problems: [404],
      async handle({ params: { name } }) {
        const task = await desk.find(name);
        const file = await context.files.of(task.record);
        return ok(toldOf(task, context.runner.active(name), file?.limits));
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/tasks/{name}',
      id: 'changeTask',
      tag: 'tasks',
      summary: 'Change its priority.',
      role: 'operator',
      params: NAMED,
      body: z.strictObject({ priority: PRIORITY }),
      answers: { 200: { about: 'It is changed.', schema: TASK } },
      problems: [404],
      handle: async ({ params: { name }, body: { priority } }) =>
        ok(told(context, await desk.setPriority(name, priority))),
    }),
    route({
      method: 'PATCH',
      path: '/v1/tasks/{name}/limits',
      id: 'changeTaskLimits',
      tag: 'tasks',
      summary: 'Change its limits, at once where it runs here. They stay for later runs.',
      role: 'operator',
      params: NAMED,
      body: LIMITS_PATCH,
      answers: { 200: { about: 'They hold.', schema: TASK } },
      problems: [404],
      handle: async ({ params: { name }, body }) => ok(told(context, await desk.setLimits(name, body))),
    }),
    route({
      method: 'DELETE',
      path: '/v1/tasks/{name}',
      id: 'deleteTask',
      tag: 'tasks',
      summary: 'Forget a task that does not run, and abort its unfinished uploads. Objects and reports stay.',
      role: 'operator',
      params: NAMED,
      answers: { 204: { about: 'It is forgotten.' } },
      problems: [404, 409],
      async handle({ params: { name }, signal }) {
        await desk.remove(name, signal);
        return NOTHING;
      },
    }),
    ...verbs(context),
  ];
}

function verbs(context: TaskRoutesContext): readonly Route[] {
  const { desk } = context;
  const verb = <Body>(
    of: {
      readonly word: string;
      readonly id: string;
      readonly summary: string;
      readonly body?: z.ZodType<Body>;
    },
    act: (name: string, body: Body) => Promise<QueuedTask>,
  ): Route =>
    route<{ name: string }, undefined, Body>({
      method: 'POST',
      path: `/v1/tasks/{name}/${of.word}`,
      id: of.id,
      tag: 'tasks',
      summary: of.summary,
      role: 'operator',
      params: NAMED,
      ...(of.body && { body: of.body, optionalBody: true }),
      answers: { 202: { about: 'It is written down and will be done.', schema: TASK } },
      problems: [404, 409],
      async handle({ params: { name }, body }): Promise<ApiAnswer> {
        const task = await act(name, body);
        return { status: 202, json: told(context, task), headers: ['Location', `/v1/tasks/${name}`] };
      },
    });
  return [
    verb(
      {
        word: 'run',
        id: 'runTask',
        summary: 'Run it, or go on with it, when its turn comes.',
        body: z.strictObject({
          withoutGuard: z
            .boolean()
            .default(false)
            .describe('Delete what `delete_extraneous` finds, however much it is, this once.'),
        }),
      },
      (name, { withoutGuard }) => desk.order(name, { what: 'run', ...(withoutGuard && { withoutGuard }) }),
    ),
    verb({ word: 'pause', id: 'pauseTask', summary: 'Stop it at a safe point, until it is resumed.' }, (name) =>
      desk.pause(name),
    ),
    verb({ word: 'resume', id: 'resumeTask', summary: 'Let it go on when its turn comes.' }, (name) =>
      desk.resume(name),
    ),
    verb({ word: 'stop', id: 'stopTask', summary: 'Stop it at a safe point, or take it out of the queue.' }, (name) =>
      desk.stop(name),
    ),
    verb(
      {
        word: 'retry-failures',
        id: 'retryFailures',
        summary: 'Try failed objects again, and nothing else: all, or those with these codes or keys.',
        body: z.strictObject({
          codes: z.array(z.string()).max(1000).optional(),
          keys: z.array(z.string()).max(10_000).optional(),
        }),
      },
      (name, { codes, keys }) =>
        desk.order(name, { what: 'retry', ...(codes && { codes }), ...(keys && { keys }) } satisfies Work),
    ),
    verb(
      {
        word: 'verify',
        id: 'verifyTask',
        summary: 'Compare both sides and write a report.',
        body: z.strictObject({
          mode: z.enum(['size', 'checksum', 'full']).default('checksum'),
          repair: z.boolean().default(false).describe('Copy again what is missing or differs.'),
        }),
      },
      (name, { mode, repair }) => desk.order(name, { what: 'verify', mode, repair }),
    ),
  ];
}

function toldChecks(results: readonly CheckResult[]): z.output<typeof CHECKS> {
  return { items: results.map(({ error, ...result }) => ({ ...result, remedy: error?.remedy, code: error?.code })) };
}

function told({ runner }: TaskRoutesContext, task: QueuedTask): ReturnType<typeof toldOf> {
  return toldOf(task, runner.active(task.record.name));
}

async function listed(
  context: TaskRoutesContext,
  query: {
    readonly cursor?: string | undefined;
    readonly limit: number;
    readonly state?: string | undefined;
    readonly search?: string | undefined;
  },
): Promise<{ items: ReturnType<typeof toldOf>[]; next?: string | undefined }> {
  const { limit, search } = query;
  const wanted = query.state?.split(',').map((state) => {
    const known = SHOWN_STATES.find((each) => each === state);
    if (known === undefined)
      throw new Problem('invalid-request', {
        faults: [{ pointer: 'state', detail: `"${state}" is none of ${SHOWN_STATES.join(', ')}` }],
      });
    return known;
  });
  // A task whose process was killed is kept as running, and is shown as interrupted.
  const states = wanted && [
    ...new Set(wanted.flatMap((state) => (state === 'interrupted' ? [state, 'running'] : [state]))),
  ];
  const position = positionOf(query.cursor);
  if (position !== undefined && !/^\d{1,15}$/.test(position))
    throw new Problem('invalid-request', { faults: [{ pointer: 'cursor', detail: 'is no cursor of this list' }] });
  const before = position === undefined ? undefined : Number(position);
  const page = await context.state.queue.page({ limit, before, states, search });
  return {
    items: page.tasks.filter((task) => wanted?.includes(stateOf(task)) ?? true).map((task) => told(context, task)),
    next: page.before === undefined ? undefined : cursorOf(String(page.before)),
  };
}
