import * as z from 'zod';
import { isFerryError } from '../../model/errors.ts';
import type { NewSchedule, ScheduleBook, ScheduleRecord } from '../../state/control/schedule-book.ts';
import { entityTag, expectSeen } from '../api/entity-tag.ts';
import { cursorOf, numberOf, PAGE, pageOf } from '../api/page.ts';
import { Problem } from '../api/problem.ts';
import { NOTHING, ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import { nextTime, parseCron } from './cron.ts';
import type { Scheduler } from './scheduler.ts';
import { checkZone } from './zoned.ts';

const TIME = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of the day, such as 22:00');

const BODY = z.strictObject({
  task: z.string().min(1).max(128).describe('Name of the task.'),
  cron: z.string().min(9).max(200).describe('Minute, hour, day of month, month, day of week: `30 2 * * MON-FRI`.'),
  timeZone: z.string().max(64).default('UTC').describe('Of the IANA database: `Europe/Berlin`.'),
  window: z
    .strictObject({ from: TIME, to: TIME })
    .optional()
    .describe('When the task may run; outside it is paused. It may go over midnight.'),
  enabled: z.boolean().default(true),
});

const SCHEDULE = z
  .object({
    id: z.string(),
    task: z.string(),
    cron: z.string(),
    timeZone: z.string(),
    window: z.object({ from: z.string(), to: z.string() }).optional(),
    enabled: z.boolean(),
    nextAt: z.number().optional(),
    lastAt: z.number().optional(),
    lastError: z.string().optional().describe('Why the last run could not be begun.'),
    held: z.boolean().describe('The task is paused because its window is closed.'),
  })
  .describe('When a task runs by itself. What was missed while nobody served runs once.');

const BY_ID = z.object({ id: z.string().describe('Id of the schedule.') });

export interface ScheduleRoutesContext {
  readonly book: ScheduleBook;
  readonly scheduler: Scheduler;
  readonly hasTask: (name: string) => Promise<boolean>;
  readonly now: () => number;
  readonly random: () => number;
}

export function scheduleRoutes(context: ScheduleRoutesContext): readonly Route[] {
  const { book, scheduler, now, random } = context;
  const found = async (id: string): Promise<ScheduleRecord> => {
    const schedule = await book.schedule(id);
    if (schedule) return schedule;
    throw new Problem('no-such-resource', { detail: `There is no schedule ${JSON.stringify(id)}` });
  };
  const answer = async (id: string, status: 200 | 201): Promise<ApiAnswer> => {
    const schedule = await found(id);
    const location = status === 201 ? ['Location', `/v1/schedules/${id}`] : [];
    return { status, json: scheduleJson(schedule), headers: ['ETag', entityTag(changeable(schedule)), ...location] };
  };
  return [
    route({
      method: 'GET',
      path: '/v1/schedules',
      id: 'listSchedules',
      tag: 'schedules',
      summary: 'Schedules, in the order of their making.',
      role: 'viewer',
      query: PAGE,
      answers: { 200: { about: 'A page of them.', schema: pageOf(SCHEDULE, 'Schedules.') } },
      async handle({ query: { cursor, limit } }) {
        const page = await book.schedules({ after: numberOf(cursor), limit: limit + 1 });
        const items = page.slice(0, limit);
        const next = page.length > limit ? cursorOf(String(items.at(-1)!.number)) : undefined;
        return ok({ items: items.map(scheduleJson), next });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/schedules',
      id: 'createSchedule',
      tag: 'schedules',
      summary: 'Have a task run by itself.',
      role: 'operator',
      body: BODY,
      answers: { 201: { about: 'It is on the disk.', schema: SCHEDULE } },
      async handle({ body }) {
        const id = `${now().toString(36)}${Math.floor(random() * 36 ** 6).toString(36).padStart(6, '0')}`; // prettier-ignore
        await book.add({ ...(await checked(context, id, body)), createdAt: now() });
        return await answer(id, 201);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/schedules/{id}',
      id: 'getSchedule',
      tag: 'schedules',
      summary: 'A schedule.',
      role: 'viewer',
      params: BY_ID,
      answers: { 200: { about: 'The schedule.', schema: SCHEDULE } },
      problems: [404],
      handle: ({ params }) => answer(params.id, 200),
    }),
    route({
      method: 'PUT',
      path: '/v1/schedules/{id}',
      id: 'replaceSchedule',
      tag: 'schedules',
      summary: 'Change a schedule.',
      role: 'operator',
      params: BY_ID,
      body: BODY,
      answers: { 200: { about: 'It is changed.', schema: SCHEDULE } },
      problems: [404, 412, 428],
      async handle({ params: { id }, body, http }) {
        const old = await found(id);
        expectSeen(http, changeable(old));
        if (!(await scheduler.replace(old, await checked(context, id, body)))) throw new Problem('changed-meanwhile');
        return await answer(id, 200);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/schedules/{id}',
      id: 'deleteSchedule',
      tag: 'schedules',
      summary: 'Forget a schedule; its task stays. One that it holds goes on.',
      role: 'operator',
      params: BY_ID,
      answers: { 204: { about: 'It is gone.' } },
      problems: [404, 412, 428],
      async handle({ params: { id }, http }) {
        const old = await found(id);
        expectSeen(http, changeable(old));
        if (!(await scheduler.remove(old))) throw new Problem('changed-meanwhile');
        return NOTHING;
      },
    }),
  ];
}

/** The resource of a schedule. */
export function scheduleJson(schedule: ScheduleRecord): z.output<typeof SCHEDULE> {
  const { id, task, cron, timeZone, window, enabled, nextAt, lastAt, lastError, held } = schedule;
  return {
    id,
    task,
    cron,
    timeZone,
    window: window && { from: timeText(window.from), to: timeText(window.to) },
    enabled,
    nextAt: enabled ? nextAt : undefined,
    lastAt,
    lastError,
    held,
  };
}

async function checked(
  { hasTask, now }: ScheduleRoutesContext,
  id: string,
  { task, cron, timeZone, window, enabled }: z.output<typeof BODY>,
): Promise<Omit<NewSchedule, 'createdAt'>> {
  const faults: { pointer: string; detail: string }[] = [];
  if (!(await hasTask(task))) faults.push({ pointer: '#/task', detail: `there is no task ${JSON.stringify(task)}` });
  const zone = said('#/timeZone', () => checkZone(timeZone), faults);
  const parsed = said('#/cron', () => parseCron(cron), faults);
  if (window !== undefined && window.from === window.to)
    faults.push({ pointer: '#/window/to', detail: 'is the time the window begins: it would never be open' });
  const nextAt = zone.ok && parsed.ok ? nextTime(parsed.value, timeZone, now()) : undefined;
  if (zone.ok && parsed.ok && nextAt === undefined)
    faults.push({ pointer: '#/cron', detail: 'names a day that never comes' });
  if (faults.length > 0) throw new Problem('invalid-request', { faults });
  const minutes = window && { from: minutesIn(window.from), to: minutesIn(window.to) };
  return { id, task, cron, timeZone, window: minutes, enabled, nextAt };
}

function said<T>(
  pointer: string,
  work: () => T,
  faults: { pointer: string; detail: string }[],
): { readonly ok: true; readonly value: T } | { readonly ok: false } {
  try {
    return { ok: true, value: work() };
  } catch (thrown) {
    if (!isFerryError(thrown, 'configuration')) throw thrown;
    faults.push({ pointer, detail: thrown.message });
    return { ok: false };
  }
}

function changeable({ id, version }: ScheduleRecord): unknown {
  return { id, version };
}

function minutesIn(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours! * 60 + minutes!;
}

function timeText(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
