/** Buckets that are being moved: where each is, and the steps an operator decides. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { STEPS, type Step } from '../../gateway/migrate/desk.ts';
import type { RunningMigration } from '../../gateway/serve.ts';
import { isFerryError } from '../../model/errors.ts';
import type { Role } from '../access/role.ts';
import { Problem } from '../api/problem.ts';
import { ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import { MIGRATION, toldOf, toldWithChecks } from './resource.ts';

export interface MigrationsContext {
  /** Of this process, in the order of the configuration. */
  readonly migrations: readonly RunningMigration[];
  /** Told of a step that was accepted and then failed: nobody waits for it any more. */
  readonly onTrouble: (bucket: string, error: unknown) => void;
}

/** Before the way back, and before the end, the copy comes to rest: nobody waits longer for that, milliseconds. */
const PATIENCE = 2000;

const NAME = z.object({ name: z.string().max(255).describe('The bucket.') });

/** What cannot be undone is an admin's. */
const ROLE: Readonly<Record<Step, Role>> = {
  start: 'operator',
  switch: 'operator',
  verify: 'operator',
  rollback: 'admin',
  finalise: 'admin',
};

const SUMMARY: Readonly<Record<Step, string>> = {
  start: 'Begin to count what is in flight; requests go to the old side as before.',
  switch: 'From now on every change goes to the new side, and the copy begins.',
  verify: 'Compare both sides; where they are equal, only the new one is read.',
  rollback: 'Go back to the old side.',
  finalise: 'Forget the old side. There is no way back.',
};

export function migrationRoutes(context: MigrationsContext): readonly Route[] {
  const { migrations } = context;
  return [
    route({
      method: 'GET',
      path: '/v1/migrations',
      id: 'listMigrations',
      tag: 'migrations',
      summary: 'The buckets that are being moved.',
      about: 'Those of the configuration with `migrate`. The checklists of the next steps are with each one alone.',
      role: 'viewer',
      answers: {
        200: { about: 'In the order of the configuration.', schema: z.object({ items: z.array(MIGRATION) }) },
      },
      handle: async () => ok({ items: await Promise.all(migrations.map((each) => toldOf(each))) }),
    }),
    route({
      method: 'GET',
      path: '/v1/migrations/{name}',
      id: 'getMigration',
      tag: 'migrations',
      summary: 'One of them, with the checklist of every next step.',
      role: 'viewer',
      params: NAME,
      answers: { 200: { about: 'Both sides were asked for the checklists.', schema: MIGRATION } },
      problems: [404],
      handle: async ({ params: { name } }) => ok(await toldWithChecks(found(migrations, name))),
    }),
    ...STEPS.map((step) => stepRoute(context, step)),
    restRoute(context, 'pause', 'The copy, the comparison and write-back rest; requests go where they went.'),
    restRoute(context, 'resume', 'They go on.'),
  ];
}

function stepRoute(context: MigrationsContext, step: Step): Route {
  return route({
    method: 'POST',
    path: `/v1/migrations/{name}/${step}`,
    id: `${step}Migration`,
    tag: 'migrations',
    summary: SUMMARY[step],
    about: 'The gateways carry it out; the phase tells how far they are.',
    role: ROLE[step],
    params: NAME,
    answers: { 202: { about: 'It was begun; what there is now.', schema: MIGRATION } },
    problems: [404, 409],
    async handle({ params: { name } }) {
      const running = found(context.migrations, name);
      const failing = (await running.desk.readiness(step)).filter((check) => !check.ok);
      if (failing.length > 0)
        throw new Problem('conflict', {
          detail: `${step} cannot be done now: ${failing.map(({ what }) => what).join('; ')}`,
          faults: failing.map(({ what, detail }) => ({ pointer: what, detail })),
        });
      await begun(context, running, step);
      return accepted(running, await toldOf(running));
    },
  });
}

/** Resolves when the step is taken, or is so long under way that nobody waits for it. */
async function begun({ onTrouble }: MigrationsContext, { name, desk }: RunningMigration, step: Step): Promise<void> {
  const late = new AbortController();
  const taking = desk.take(step);
  try {
    const taken = await Promise.race([
      taking.then(() => true),
      sleep(PATIENCE, false, { signal: late.signal, ref: false }),
    ]);
    if (!taken) taking.catch((thrown: unknown) => onTrouble(name, thrown));
  } catch (thrown) {
    // What held a moment ago does not any more.
    const early = isFerryError(thrown, 'configuration') || isFerryError(thrown, 'changed');
    if (!early && !isFerryError(thrown, 'unavailable')) throw thrown;
    throw new Problem('conflict', { detail: thrown.message, cause: thrown });
  } finally {
    late.abort();
  }
}

function restRoute({ migrations }: MigrationsContext, verb: 'pause' | 'resume', summary: string): Route {
  return route({
    method: 'POST',
    path: `/v1/migrations/{name}/${verb}`,
    id: `${verb}Migration`,
    tag: 'migrations',
    summary,
    role: 'operator',
    params: NAME,
    answers: { 202: { about: 'What there is now.', schema: MIGRATION } },
    problems: [404],
    async handle({ params: { name } }) {
      const running = found(migrations, name);
      await running.desk[verb]();
      return accepted(running, await toldOf(running));
    },
  });
}

function accepted({ name }: RunningMigration, json: unknown): ApiAnswer {
  return { status: 202, json, headers: ['Location', `/v1/migrations/${encodeURIComponent(name)}`] };
}

function found(migrations: readonly RunningMigration[], wanted: string): RunningMigration {
  const running = migrations.find(({ name }) => name === wanted);
  if (running === undefined)
    throw new Problem('no-such-resource', { detail: 'No bucket of this name is being moved here' });
  return running;
}
