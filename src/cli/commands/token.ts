/** `ferry token`: who may use the API and the console. */
import { ROLES, type Role } from '../../control/access/role.ts';
import { freshToken, isTokenName } from '../../control/access/token.ts';
import { FerryError } from '../../model/errors.ts';
import type { TokenRecord } from '../../state/control/access-book.ts';
import type { ControlState } from '../../state/control/control-state.ts';
import type { Call, Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { jsonLine } from '../output/json.ts';
import { table } from '../output/table.ts';

const ACTIONS = ['create', 'list', 'remove'] as const;
const DAY = 86_400_000;
const LONGEST = 3650;

export const tokenCommand: Command = {
  name: 'token',
  argument: { name: 'ACTION', required: true, description: `${ACTIONS.join(', ')}.`, completes: ACTIONS },
  subject: {
    name: 'NAME',
    required: false,
    description: 'Of the token: 1 to 64 letters, digits, blanks and . _ - @.',
    completes: [],
  },
  summary: 'Make, list and remove the tokens that the API of `ferry serve` and its console ask for.',
  about: [
    'A token is printed once, and kept nowhere: only its SHA-256 is. The role `viewer` looks; `operator` runs tasks and moves buckets; `admin` does everything, also what cannot be undone, and makes tokens. A server that runs knows of the change at once.',
    'It works on the state of this machine (`$FERRY_HOME`), so whoever may write there needs no token.',
  ],
  options: [
    {
      long: 'role',
      value: 'ROLE',
      description: `Of a new token: ${ROLES.join(', ')}; viewer where absent.`,
      completes: ROLES,
      parse: readRole,
    },
    {
      long: 'days',
      value: 'N',
      description: 'A new token lives so long; until it is removed where absent.',
      parse: readDays,
    },
  ],
  examples: [
    { line: 'ferry token create ci --role operator --days 90', does: 'for a program, for three months' },
    { line: 'ferry token create looks > looks.token', does: 'into a file' },
    { line: 'ferry token list', does: 'who may do what' },
    { line: 'ferry token remove ci', does: 'its sessions end as well' },
  ],
  exits: ['ok'],
  run: token,
};

async function token(context: CommandContext, call: Call): Promise<ExitName> {
  const services = await context.services();
  const state = await services.control();
  const action = ACTIONS.find((each) => each === call.argument);
  switch (action) {
    case 'create':
      return await create(context, state, services.now(), named(call), call);
    case 'list':
      return list(context, await state.access.tokens(), services.now());
    case 'remove':
      return await remove(context, state, services.now(), named(call));
    case undefined:
      throw new FerryError('configuration', {
        message: `there is no action ${JSON.stringify(call.argument)}`,
        remedy: `One of ${ACTIONS.join(', ')}.`,
      });
  }
}

function named({ subject, argument }: Call): string {
  if (subject !== undefined && isTokenName(subject)) return subject;
  throw new FerryError('configuration', {
    message: subject === undefined ? 'no token is named' : `${JSON.stringify(subject)} is no name of a token`,
    remedy: `Write \`ferry token ${argument} NAME\`: 1 to 64 letters, digits, blanks and . _ - @.`,
  });
}

async function create(
  { io, globals }: CommandContext,
  state: ControlState,
  now: number,
  name: string,
  call: Call,
): Promise<ExitName> {
  const days = call.number('days');
  const role = ROLES.find((each) => each === call.text('role')) ?? 'viewer';
  const { id, text, digest } = freshToken();
  const expiresAt = days === undefined ? undefined : now + days * DAY;
  const made = await state.access.addToken({ id, name, role, digest, createdAt: now, expiresAt });
  await written(state, now, 'createToken', name);
  if (globals.json) io.stdout.write(jsonLine('token', { ...told(made), token: text }));
  else {
    io.stdout.write(`${text}\n`);
    io.stderr.write(`The token "${name}" (${role}) is shown this once.\n`);
  }
  return 'ok';
}

function list({ io, globals, style, columns }: CommandContext, tokens: readonly TokenRecord[], now: number): ExitName {
  if (globals.json) for (const each of tokens) io.stdout.write(jsonLine('token', told(each)));
  else if (tokens.length === 0) io.stderr.write('There are no tokens yet. `ferry token create NAME` makes one.\n');
  else
    io.stdout.write(
      table(
        [
          { title: 'NAME', cells: tokens.map(({ name }) => name) },
          { title: 'ROLE', cells: tokens.map(({ role }) => role) },
          { title: 'MADE', spare: 1, cells: tokens.map(({ createdAt }) => day(createdAt)) },
          { title: 'ENDS', cells: tokens.map(({ expiresAt }) => ends(expiresAt, now)) },
        ],
        columns.out,
        style.out,
      ),
    );
  return 'ok';
}

async function remove(
  { io, globals }: CommandContext,
  state: ControlState,
  now: number,
  name: string,
): Promise<ExitName> {
  const known = (await state.access.tokens()).find((each) => each.name === name);
  if (known === undefined)
    throw new FerryError('configuration', {
      message: `there is no token "${name}"`,
      remedy: '`ferry token list` shows those there are.',
    });
  await state.access.removeToken(known.id);
  await written(state, now, 'removeToken', name);
  if (!globals.json) io.stderr.write(`The token "${name}" is gone, and its sessions have ended.\n`);
  return 'ok';
}

/** Into the audit log, as the API writes it. */
async function written(state: ControlState, at: number, action: string, subject: string): Promise<void> {
  await state.audit.add({
    at,
    who: 'ferry token',
    role: 'admin',
    from: 'command line',
    action,
    subject,
    outcome: 'done',
  });
}

function told({ id, name, role, createdAt, expiresAt }: TokenRecord): object {
  return { id, name, role, createdAt: iso(createdAt), expiresAt: expiresAt === undefined ? undefined : iso(expiresAt) };
}

function ends(expiresAt: number | undefined, now: number): string {
  if (expiresAt === undefined) return 'never';
  return expiresAt <= now ? `ended ${day(expiresAt)}` : day(expiresAt);
}

function day(at: number): string {
  return iso(at).slice(0, 10);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function readRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new Error(`write one of ${ROLES.join(', ')}`);
  return role;
}

function readDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > LONGEST)
    throw new Error(`write a whole number from 1 to ${LONGEST}`);
  return days;
}
