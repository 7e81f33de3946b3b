/** Who asks, by the token or the session a request carries. */
import type { ServerRequest } from '../../wire/http/server/server.ts';
import type { AccessBook, TokenRecord } from '../../state/control/access-book.ts';
import { Problem } from '../api/problem.ts';
import type { FailureLimiter } from './failure-limiter.ts';
import type { Identity } from './role.ts';
import { digestOf, parseToken, sameDigest } from './token.ts';

export const SESSION_COOKIE = 'ferry_session';
/** What a page sends with whatever changes something: a page of another origin cannot know it. */
export const CSRF_HEADER = 'x-ferry-csrf';

export const NOBODY: Identity = { token: '', name: 'nobody', role: 'viewer' };

export class Authenticator {
  readonly #book: AccessBook;
  readonly #failures: FailureLimiter;
  readonly #now: () => number;

  constructor(book: AccessBook, failures: FailureLimiter, now: () => number) {
    this.#book = book;
    this.#failures = failures;
    this.#now = now;
  }

  /** Rejects with `unauthenticated`, `forbidden` (a session without its CSRF token) or `too-many-failures`. */
  async identify(http: ServerRequest, nobodyMay = false): Promise<Identity> {
    const authorization = http.headers.get('authorization');
    const cookie = sessionOf(http);
    if (authorization === undefined && cookie === undefined) {
      if (nobodyMay) return NOBODY;
      throw new Problem('unauthenticated', { detail: 'The request carries no token', headers: CHALLENGE });
    }
    const wait = this.#failures.wait(http.from);
    if (wait > 0) throw new Problem('too-many-failures', { headers: ['Retry-After', String(Math.ceil(wait / 1000))] });
    const identity =
      authorization === undefined ? await this.#bySession(cookie!, http) : await this.byToken(authorization);
    if (identity === undefined) {
      if (nobodyMay && authorization === undefined) return NOBODY;
      this.#failures.failed(http.from);
      throw new Problem('unauthenticated', { detail: 'It is unknown, or has expired', headers: CHALLENGE });
    }
    this.#failures.succeeded(http.from);
    return identity;
  }

  /** Of `Bearer TOKEN`. */
  async byToken(authorization: string): Promise<Identity | undefined> {
    const text = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const shown = text === undefined ? undefined : parseToken(text);
    const known = shown && (await this.#book.token(shown.id));
    if (shown === undefined || known === undefined || !sameDigest(shown.digest, known.digest)) return undefined;
    return this.#alive(known) ? { token: known.id, name: known.name, role: known.role } : undefined;
  }

  async #bySession(secret: string, http: ServerRequest): Promise<Identity | undefined> {
    const session = await this.#book.session(digestOf(secret));
    if (session === undefined || session.expiresAt <= this.#now()) return undefined;
    const token = await this.#book.token(session.token);
    if (token === undefined || !this.#alive(token)) return undefined;
    if (
      http.method !== 'GET' &&
      http.method !== 'HEAD' &&
      !sameDigest(http.headers.get(CSRF_HEADER) ?? '', session.csrf)
    )
      throw new Problem('forbidden', { detail: `A session changes something only with its ${CSRF_HEADER}` });
    return { token: token.id, name: token.name, role: token.role, csrf: session.csrf };
  }

  #alive({ expiresAt }: TokenRecord): boolean {
    return expiresAt === undefined || expiresAt > this.#now();
  }
}

const CHALLENGE = ['WWW-Authenticate', 'Bearer realm="ferry"'];

/** The secret in the cookie. */
export function sessionOf(http: ServerRequest): string | undefined {
  for (const pair of (http.headers.get('cookie') ?? '').split(';')) {
    const [name, value] = pair.split('=', 2);
    if (name!.trim() === SESSION_COOKIE && value !== undefined) return value.trim();
  }
  return undefined;
}
