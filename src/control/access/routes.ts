/** Sessions of the console, and tokens. */
import * as z from 'zod';
import type { AccessBook, TokenRecord } from '../../state/control/access-book.ts';
import type { ServerRequest } from '../../wire/http/server/server.ts';
import { NOTHING, ok, route, type ApiAnswer, type Route } from '../api/route.ts';
import { Problem } from '../api/problem.ts';
import { SESSION_COOKIE, sessionOf, type Authenticator } from './authenticator.ts';
import type { FailureLimiter } from './failure-limiter.ts';
import type { LoginCodes } from './login-codes.ts';
import { ROLES, type Identity } from './role.ts';
import { digestOf, freshSecret, freshToken, isTokenName } from './token.ts';

export interface AccessContext {
  readonly book: AccessBook;
  readonly authenticator: Authenticator;
  readonly codes: LoginCodes;
  readonly failures: FailureLimiter;
  readonly now: () => number;
}

/** A session ends after so long, milliseconds. */
const SESSION_LIFE = 12 * 3_600_000;

const TOKEN = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: z.number().describe('Milliseconds since the epoch.'),
  expiresAt: z.number().optional(),
});

const SESSION = z.object({
  name: z.string().describe('Of the token it was begun with.'),
  role: z.enum(ROLES),
  csrf: z.string().optional().describe('To be sent as X-Ferry-CSRF with everything that changes something.'),
  expiresAt: z.number().optional(),
});

export function accessRoutes(context: AccessContext): readonly Route[] {
  const { book, now } = context;
  return [
    route({
      method: 'POST',
      path: '/v1/session',
      id: 'createSession',
      tag: 'access',
      summary: 'Begin a session of the console with a token, or with the code of a printed address.',
      role: 'anybody',
      secret: true,
      body: z.union([
        z.strictObject({ token: z.string().max(200) }),
        z.strictObject({ code: z.string().max(200).describe('Good once.') }),
      ]),
      answers: { 201: { about: 'It has begun; the answer sets its cookie.', schema: SESSION } },
      problems: [401, 429],
      handle: ({ body, http }) => createSession(context, body, http),
    }),
    route({
      method: 'GET',
      path: '/v1/session',
      id: 'getSession',
      tag: 'access',
      summary: 'Who asks, and what they may do.',
      role: 'viewer',
      answers: { 200: { about: 'The session, or the token.', schema: SESSION } },
      handle: async ({ who: { name, role, csrf } }) => ok({ name, role, csrf }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/session',
      id: 'endSession',
      tag: 'access',
      summary: 'End the session.',
      role: 'viewer',
      answers: { 204: { about: 'It has ended.' } },
      async handle({ http }) {
        const secret = sessionOf(http);
        if (secret !== undefined) await book.removeSession(digestOf(secret));
        return { status: 204, headers: ['Set-Cookie', cookie('', 0, http)] };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tokens',
      id: 'listTokens',
      tag: 'access',
      summary: 'The tokens there are.',
      role: 'admin',
      answers: {
        200: { about: 'In order of name, without their secrets.', schema: z.object({ items: z.array(TOKEN) }) },
      },
      handle: async () => ok({ items: (await book.tokens()).map(told) }),
    }),
    route({
      method: 'POST',
      path: '/v1/tokens',
      id: 'createToken',
      tag: 'access',
      summary: 'Make a token.',
      role: 'admin',
      secret: true,
      body: z.strictObject({
        name: z.string().refine(isTokenName, 'has 1 to 64 letters, digits and . _ - @ or blanks'),
        role: z.enum(ROLES),
        days: z.int().min(1).max(3650).optional().describe('It lives so long; until it is removed where absent.'),
      }),
      answers: {
        201: { about: 'It is shown this once.', schema: TOKEN.extend({ token: z.string().describe('The secret.') }) },
      },
      problems: [409],
      async handle({ body: { name, role, days } }) {
        const { id, text, digest } = freshToken();
        const expiresAt = days === undefined ? undefined : now() + days * 86_400_000;
        const token = await book.addToken({ id, name, role, digest, createdAt: now(), expiresAt });
        return { status: 201, json: { ...told(token), token: text }, headers: ['Location', `/v1/tokens/${id}`] };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/tokens/{id}',
      id: 'removeToken',
      tag: 'access',
      summary: 'Remove a token and end its sessions.',
      role: 'admin',
      params: z.object({ id: z.string() }),
      answers: { 204: { about: 'It is gone.' } },
      problems: [404, 409],
      async handle({ params: { id }, who }) {
        if (id === who.token)
          throw new Problem('conflict', { detail: 'A token cannot remove itself: use another of the role admin' });
        if ((await book.token(id)) === undefined) throw new Problem('no-such-resource');
        await book.removeToken(id);
        return NOTHING;
      },
    }),
  ];
}

async function createSession(
  { book, authenticator, codes, failures, now }: AccessContext,
  shown: { readonly token: string } | { readonly code: string },
  http: ServerRequest,
): Promise<ApiAnswer> {
  const wait = failures.wait(http.from);
  if (wait > 0) throw new Problem('too-many-failures', { headers: ['Retry-After', String(Math.ceil(wait / 1000))] });
  const who =
    'token' in shown ? await authenticator.byToken(`Bearer ${shown.token}`) : await byCode(book, codes, shown.code);
  if (who === undefined) {
    failures.failed(http.from);
    throw new Problem('unauthenticated', { detail: 'It is unknown, was used before, or has expired' });
  }
  const [secret, csrf] = [freshSecret(), freshSecret()];
  const expiresAt = now() + SESSION_LIFE;
  await book.forgetSessionsBefore(now());
  await book.addSession({ digest: digestOf(secret), token: who.token, csrf, expiresAt });
  return {
    status: 201,
    json: { name: who.name, role: who.role, csrf, expiresAt },
    headers: ['Set-Cookie', cookie(secret, SESSION_LIFE / 1000, http)],
    who,
  };
}

async function byCode(book: AccessBook, codes: LoginCodes, code: string): Promise<Identity | undefined> {
  const id = codes.redeem(code);
  const token = id === undefined ? undefined : await book.token(id);
  return token && { token: token.id, name: token.name, role: token.role };
}

function cookie(value: string, seconds: number, { secure }: ServerRequest): string {
  return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`;
}

function told({ id, name, role, createdAt, expiresAt }: TokenRecord): z.output<typeof TOKEN> {
  return { id, name, role, createdAt, expiresAt };
}
