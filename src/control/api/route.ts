/**
 * One operation of the API, declared once: the router checks requests by it, and the OpenAPI document is made of it.
 */
import type * as z from 'zod';
import type { ServerRequest } from '../../wire/http/server/server.ts';
import type { Identity, Role } from '../access/role.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly who: Identity;
  readonly http: ServerRequest;
  readonly requestId: string;
  /** Aborts when the client is gone or the server stops. */
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it comes; chunks are valid until the next is asked for. */
  readonly stream?: { readonly type: string; readonly chunks: AsyncIterable<Uint8Array> } | undefined;
  /** Names and values in turn. */
  readonly headers?: readonly string[] | undefined;
  /** Who it turned out to be, where nobody was known before. */
  readonly who?: Pick<Identity, 'name' | 'role'> | undefined;
}

export interface AnswerDeclaration {
  readonly about: string;
  readonly schema?: z.ZodType | undefined;
  /** Of what is not JSON. */
  readonly type?: string | undefined;
}

export interface RouteDeclaration<Params, Query, Body> {
  readonly method: Method;
  /** `/v1/tasks/{name}`. */
  readonly path: string;
  /** Name in generated clients, and in the audit log. */
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly about?: string | undefined;
  /** Least role; `anybody` needs no credentials. */
  readonly role: Role | 'anybody';
  readonly params?: z.ZodType<Params> | undefined;
  readonly query?: z.ZodType<Query> | undefined;
  readonly body?: z.ZodType<Body> | undefined;
  /** The handler looks at credentials of another kind itself: the router neither does, nor writes down who asked. */
  readonly ownCredentials?: boolean | undefined;
  /** The handler reads the body itself, from `http.body`, and it may be long; `body` then only documents it. */
  readonly streamed?: boolean | undefined;
  /** No body is the same as an empty object. */
  readonly optionalBody?: boolean | undefined;
  /** Its answer holds a secret: it is kept for nobody, and the idempotency key counts for nothing. */
  readonly secret?: boolean | undefined;
  readonly answers: Readonly<Record<number, AnswerDeclaration>>;
  /** It takes long and asks much of stores: only some are carried out at once, others wait for a while. */
  readonly heavy?: boolean | undefined;
  /** Problems it may answer besides those all routes may. */
  readonly problems?: readonly number[] | undefined;
  handle(call: ApiCall<Params, Query, Body>): Promise<ApiAnswer>;
}

/** A route whose parts are checked by its own declaration, so that a list can hold any. */
export type Route = RouteDeclaration<unknown, unknown, unknown>;

export function route<Params = undefined, Query = undefined, Body = undefined>(
  declaration: RouteDeclaration<Params, Query, Body>,
): Route {
  return declaration;
}

export function ok(json: unknown, headers?: readonly string[]): ApiAnswer {
  return { status: 200, json, headers };
}

export const NOTHING: ApiAnswer = { status: 204 };
