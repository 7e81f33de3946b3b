/** `ferry migrate`: buckets that are moved while clients use them, step by step. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FerryError } from '../../model/errors.ts';
import type { BucketSpec } from '../../model/gateway.ts';
import type { MigrationPhase } from '../../model/migration-phase.ts';
import { Desk, type Check, type MigrationStatus, type Step } from '../../gateway/migrate/desk.ts';
import type { Call, Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { jsonLine } from '../output/json.ts';
import { migrationFields, migrationText } from '../output/migration-text.ts';
import type { ApiClient } from '../remote/api-client.ts';
import { remoteDesks, type AnyDesk } from '../remote/remote-desk.ts';
import type { Services } from '../services.ts';

const ACTIONS = ['create', 'start', 'status', 'pause', 'resume', 'switch', 'verify', 'rollback', 'finalise'] as const;

export const migrateCommand: Command = {
  name: 'migrate',
  argument: {
    name: 'ACTION',
    required: true,
    description: `${ACTIONS.join(', ')}.`,
    completes: ACTIONS,
  },
  subject: {
    name: 'NAME',
    required: false,
    description: 'The bucket, as the configuration names it; all of them where `status` is asked without one.',
    completes: [],
  },
  summary: 'Move a bucket to another store while clients go on using it through the gateway.',
  about: [
    'The bucket has `migrate` in its entry of the configuration file, and every `ferry serve` of this machine was started with it. `create` looks whether both sides are fit; `start` begins to count what is in flight; `switch` sends every change to the new side and has the copy begin; `verify` compares both sides and, where they are equal, has only the new one read; `finalise` forgets the old one. `rollback` goes back to the old side, at any time before that. `pause` and `resume` are for the copy: requests go where they went.',
    'Each step is checked before it is taken; `--check` shows the list and does nothing.',
  ],
  options: [
    { long: 'check', description: 'Only show what has to hold before the step, and whether it does.' },
    { long: 'watch', description: 'With `status`: again every second, until Ctrl-C.' },
    { short: 'y', long: 'yes', description: 'Do not ask.' },
  ],
  examples: [
    { line: 'ferry migrate create photos -c ferry.yaml', does: 'are both sides fit?' },
    { line: 'ferry migrate start photos -c ferry.yaml', does: 'count what is in flight' },
    { line: 'ferry migrate switch photos -c ferry.yaml', does: 'changes go to the new side from now on' },
    { line: 'ferry migrate status photos --watch -c ferry.yaml', does: 'how far it is' },
    { line: 'ferry migrate rollback photos -c ferry.yaml', does: 'back to the old side' },
  ],
  exits: ['ok', 'temporary', 'interrupted'],
  remote: true,
  run: migrate,
};

async function migrate(context: CommandContext, call: Call): Promise<ExitName> {
  const action = ACTIONS.find((each) => each === call.argument);
  if (action === undefined)
    throw new FerryError('configuration', {
      message: `there is no action ${JSON.stringify(call.argument)}`,
      remedy: `One of ${ACTIONS.join(', ')}.`,
    });
  const server = await context.server();
  await using opened = new AsyncDisposableStack();
  const desks =
    server === undefined ? await desksHere(context, call, action, opened) : await desksThere(server, call, action);
  if (action === 'status') return await showAll(context, desks, call.flag('watch'));
  const desk = desks[0]!;
  switch (action) {
    case 'create':
      return showChecks(context, await desk.readiness('start'));
    case 'pause':
      await desk.pause();
      return showStatus(context, await desk.status());
    case 'resume':
      await desk.resume();
      return showStatus(context, await desk.status());
    case 'start':
    case 'switch':
    case 'verify':
    case 'rollback':
    case 'finalise':
      return await step(context, desk, action, call);
  }
}

async function desksThere(server: ApiClient, { subject: name }: Call, action: string): Promise<readonly AnyDesk[]> {
  const desks = await remoteDesks(server, name);
  if (desks.length > 0 && (name !== undefined || action === 'status')) return desks;
  throw new FerryError('configuration', {
    message: name === undefined ? 'no bucket is named' : `${server.url} moves no bucket ${name}`,
    remedy: '`ferry migrate status` shows those there are.',
  });
}

async function desksHere(
  context: CommandContext,
  call: Call,
  action: string,
  opened: AsyncDisposableStack,
): Promise<readonly AnyDesk[]> {
  const services = await context.services();
  const buckets = (await services.gateway()).buckets.filter((bucket) => bucket.migrate !== undefined);
  const name = call.subject;
  const chosen = name === undefined ? buckets : buckets.filter((bucket) => bucket.name === name);
  if (chosen.length === 0 || (name === undefined && action !== 'status'))
    throw new FerryError('configuration', {
      message: name === undefined ? 'no bucket is named' : `the configuration has no bucket ${name} with \`migrate\``,
      remedy: `Buckets with it: ${buckets.map((bucket) => bucket.name).join(', ') || 'none'}.`,
    });
  const desks: AnyDesk[] = [];
  for (const bucket of chosen) desks.push(await openDesk(context, services, bucket, opened));
  return desks;
}

async function step(context: CommandContext, desk: AnyDesk, action: Step, call: Call): Promise<ExitName> {
  const checks = await desk.readiness(action);
  if (call.flag('check')) return showChecks(context, checks);
  if (checks.every(({ ok }) => ok)) {
    const question = QUESTIONS[action];
    if (question !== undefined && !call.flag('yes') && !(await confirm(context, question))) return 'ok';
    await desk.take(action);
    return await settled(context, desk, PASSING[action] ?? []);
  }
  showChecks(context, checks);
  throw new FerryError('configuration', {
    message: `${action} cannot be done now: ${checks
      .filter(({ ok }) => !ok)
      .map(({ what }) => what)
      .join('; ')}`,
    remedy: 'Nothing was changed. The list says what is missing.',
  });
}

/** Asked before steps that cannot be undone, or that clients may notice. */
const QUESTIONS: Readonly<Partial<Record<Step, string>>> = {
  switch: 'From now on every change goes to the new side. Switch?',
  rollback: 'Every request goes to the old side again; the new side is left as it is. Roll back?',
  finalise:
    'There is no way back after this: what was recorded of the move is forgotten, and the old side is never read again. Finalise?',
};

/** Phases that pass by themselves within seconds: it is waited for their end. */
const PASSING: Readonly<Partial<Record<Step, readonly MigrationPhase[]>>> = {
  switch: ['switching'],
  rollback: ['rolling-back', 'returning'],
};
const PATIENCE = 120_000;

async function settled(context: CommandContext, desk: AnyDesk, passing: readonly MigrationPhase[]): Promise<ExitName> {
  const { signal } = context;
  for (const end = performance.now() + PATIENCE; ;) {
    const now = await desk.status();
    if (!passing.includes(now.phase)) return showStatus(context, now);
    if (signal.aborted) return 'interrupted';
    if (performance.now() > end) {
      showStatus(context, now);
      return 'temporary';
    }
    await sleep(100, undefined, { signal }).catch(() => undefined);
  }
}

async function showAll(context: CommandContext, desks: readonly AnyDesk[], watch: boolean): Promise<ExitName> {
  const { io, globals, signal } = context;
  for (;;) {
    const all = await Promise.all(desks.map((desk) => desk.status()));
    if (watch && !globals.json && Number.isFinite(context.columns.out)) io.stdout.write('\x1b[H\x1b[2J');
    for (const each of all) showStatus(context, each);
    if (!watch || signal.aborted) return 'ok';
    await sleep(1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return 'ok';
  }
}

async function openDesk(
  { signal }: CommandContext,
  services: Services,
  { name, tenant, store, migrate: spec }: BucketSpec,
  opened: AsyncDisposableStack,
): Promise<Desk> {
  const [old, next] = [opened.use(await services.openServed(store)), opened.use(await services.openServed(spec!.to))];
  const bucket = await (await services.moving()).bucket(name, spec!);
  const { writeBack, notificationToken } = spec!;
  const listens = notificationToken !== undefined;
  return new Desk({ name, tenant, bucket, state: await services.state(), old, new: next, writeBack, listens, signal });
}

function showStatus({ io, globals, style, columns }: CommandContext, status: MigrationStatus): ExitName {
  const now = Date.now();
  if (globals.json) io.stdout.write(jsonLine('migration', migrationFields(status)));
  else io.stdout.write(migrationText(status, now, columns.out, style.out));
  return 'ok';
}

function showChecks({ io, globals, style }: CommandContext, checks: readonly Check[]): ExitName {
  for (const { what, ok, detail } of checks) {
    if (globals.json) io.stdout.write(jsonLine('readiness', { what, ok, detail }));
    else io.stdout.write(`${ok ? style.out.good('ok') : style.out.bad('no')}  ${what}: ${detail}\n`);
  }
  return checks.every(({ ok }) => ok) ? 'ok' : 'temporary';
}
