/** From a request to its route, checked by what the route declares, and from what the route does to an answer. */
import { hash } from 'node:crypto';
import type * as z from 'zod';
import { isFerryError, toFerryError } from '../../model/errors.ts';
import { MiB } from '../../model/units.ts';
import { REQUEST_CHANNEL, traceIdOf, Tracer, type RequestTrace } from '../../observe/tracing.ts';
import type { AnswerBook } from '../../state/control/answer-book.ts';
import type { AuditBook } from '../../state/control/audit-book.ts';
import type { HttpAnswer, ServerRequest } from '../../wire/http/server/server.ts';
import { NOBODY, type Authenticator } from '../access/authenticator.ts';
import { mayAct, type Identity } from '../access/role.ts';
import { fromClient } from './client-body.ts';
import { Turns } from './turns.ts';
import { isDefect, Problem, problemOf, type Fault } from './problem.ts';
import type { ApiAnswer, Route } from './route.ts';

/** Where it happened; goes into the log as it is. */
export interface DefectPlace {
  readonly requestId: string;
  readonly route: string;
  /** Of the client's `traceparent`. */
  readonly trace_id: string | undefined;
}

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly audit: AuditBook;
  readonly answers: AnswerBook;
  readonly now: () => number;
  /** Told of what went wrong on our side. */
  readonly onDefect: (error: unknown, about: DefectPlace) => void;
  /** Told of every answer: operation, status, milliseconds until it begins. */
  readonly onAnswer?: ((operation: string, status: number, milliseconds: number) => void) | undefined;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

/** Bytes of a body that is read as a whole. */
const LARGEST_BODY = MiB;
/** Of heavy requests. */
const HEAVY = { atOnce: 8, ofOne: 4, waiting: 64, patience: 20_000 };
/** Characters of an idempotency key. */
const LONGEST_KEY = 255;

export class Router {
  readonly #options: RouterOptions;
  readonly #routes: readonly { readonly steps: readonly string[]; readonly route: Route }[];
  readonly #heavy = new Turns(HEAVY);
  readonly #tracer = new Tracer<RequestTrace>(REQUEST_CHANNEL);
  #requests = 0;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#routes = options.routes.map((route) => ({ steps: route.path.split('/'), route }));
  }

  /** Answers what is below `/v1` or any other path of a route; undefined where no route has this path. */
  async answer(http: ServerRequest): Promise<HttpAnswer | undefined> {
    const mark = http.target.indexOf('?');
    const path = mark < 0 ? http.target : http.target.slice(0, mark);
    const search = mark < 0 ? '' : http.target.slice(mark + 1);
    const found = this.#find(path);
    if (found.length === 0) return undefined;
    const match = found.find(({ route }) => route.method === http.method);
    // At an address that only takes something there may be a page of the console: `/jobs`.
    if (match === undefined && asksForPage(http, path)) return undefined;
    const requestId = `${this.#options.now().toString(36)}-${(++this.#requests).toString(36)}`;
    const sent = http.headers.get('traceparent');
    const traceId = sent === undefined ? undefined : traceIdOf(sent);
    const traceparent = traceId === undefined ? undefined : sent;
    const trace: RequestTrace = { server: 'api', method: http.method, traceparent, operation: match?.route.id };
    return await this.#tracer.run(trace, async () => {
      const began = performance.now();
      const answer = await this.#answered(match, found, search, http, { requestId, traceId });
      trace.status = answer.status;
      this.#options.onAnswer?.(match?.route.id ?? 'none', answer.status, performance.now() - began);
      return answer;
    });
  }

  async #answered(
    match: Found | undefined,
    found: readonly Found[],
    search: string,
    http: ServerRequest,
    { requestId, traceId }: { readonly requestId: string; readonly traceId: string | undefined },
  ): Promise<HttpAnswer> {
    try {
      if (match === undefined)
        throw new Problem('method-not-allowed', { headers: ['Allow', found.map(({ route }) => route.method).join()] });
      const answer = await this.#serve(match.route, match.values, search, http, requestId);
      return httpAnswer(answer, requestId);
    } catch (thrown) {
      if (isDefect(thrown))
        this.#options.onDefect(thrown, { requestId, route: match?.route.id ?? '', trace_id: traceId });
      return problemAnswer(thrown, requestId);
    }
  }

  #find(path: string): Found[] {
    const steps = path.split('/');
    const found = [];
    for (const { steps: wanted, route } of this.#routes) {
      const values = wanted.length === steps.length ? matched(wanted, steps) : undefined;
      if (values !== undefined) found.push({ route, values });
    }
    // A word is meant before a name.
    const fewest = Math.min(...found.map(({ values }) => Object.keys(values).length));
    return found.filter(({ values }) => Object.keys(values).length === fewest);
  }

  async #serve(
    route: Route,
    values: Readonly<Record<string, string>>,
    search: string,
    http: ServerRequest,
    requestId: string,
  ): Promise<ApiAnswer> {
    const { authenticator, stopping } = this.#options;
    const own = route.ownCredentials === true;
    const who = own ? NOBODY : await authenticator.identify(http, route.role === 'anybody');
    if (route.role !== 'anybody' && !mayAct(who.role, route.role))
      throw new Problem('forbidden', { detail: `This needs the role ${route.role}; "${who.name}" has ${who.role}` });
    const params = checked(route.params, values, '');
    const query = checked(route.query, queryOf(search, route.query === undefined), '');
    const raw =
      route.body === undefined || route.streamed === true
        ? undefined
        : await readBody(http, route.optionalBody === true);
    const body = raw === undefined ? undefined : checked(route.body, parsed(raw), '#');
    const signal = AbortSignal.any([http.signal(), stopping]);
    const run = async (): Promise<ApiAnswer> => {
      using _ = route.heavy === true ? await this.#heavy.take(who.token, signal) : undefined;
      return await route.handle({ params, query, body, who, http, requestId, signal });
    };
    if (route.method === 'GET' || own) return await run();
    const key = mayRepeat(route) ? idempotencyKey(http) : undefined;
    return await this.#audited(route, who, http, values, () =>
      key === undefined ? run() : this.#once(`${who.token} ${key}`, `${http.target}\n${raw ?? ''}`, run),
    );
  }

  /** Writes down who did what, however it ends. */
  async #audited(
    route: Route,
    who: Identity,
    http: ServerRequest,
    values: Readonly<Record<string, string>>,
    run: () => Promise<ApiAnswer>,
  ): Promise<ApiAnswer> {
    const { audit, now } = this.#options;
    const subject = Object.values(values).join('/');
    const entry = { at: now(), who: who.name, role: who.role, from: http.from, action: route.id, subject };
    let answer: ApiAnswer;
    try {
      answer = await run();
    } catch (thrown) {
      const code = thrown instanceof Problem ? thrown.code : toFerryError(thrown).code;
      // Why it was refused says more than that the disk is full as well.
      await audit.add({ ...entry, outcome: code }).catch(() => undefined);
      throw thrown;
    }
    const { name, role } = answer.who ?? who;
    const made = subject === '' ? madeAt(answer) : subject;
    await audit.add({ ...entry, who: name, role, subject: made, outcome: String(answer.status) });
    return answer;
  }

  /** Does it once for a key; what was answered then is answered again. */
  async #once(key: string, request: string, run: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
    const { answers, now } = this.#options;
    const claim = await answers.begin(hash('sha256', key), hash('sha256', request), now());
    if (claim.is === 'other') throw new Problem('other-request');
    if (claim.is === 'running')
      throw new Problem('conflict', { detail: 'The same request is being carried out at this moment' });
    if (claim.is === 'answered') {
      const { status, json } = claim.answer;
      return { status, json, headers: ['Idempotency-Replayed', 'true', ...claim.answer.headers] };
    }
    try {
      const answer = await run();
      const { status, json, headers = [] } = answer;
      await answers.end(hash('sha256', key), { status, json, headers });
      return answer;
    } catch (thrown) {
      // Nothing was done that the next attempt could not do.
      await answers.forget(hash('sha256', key));
      throw thrown;
    }
  }
}

interface Found {
  readonly route: Route;
  readonly values: Record<string, string>;
}

/** The last step of `Location`: the name of what was made. */
function madeAt({ headers = [] }: ApiAnswer): string {
  const place = headers.indexOf('Location');
  return place < 0 ? '' : decodeURIComponent(headers[place + 1]!.split('/').at(-1)!);
}

function asksForPage({ method, headers }: ServerRequest, path: string): boolean {
  return method === 'GET' && !path.startsWith('/v1/') && (headers.get('accept') ?? '').includes('text/html');
}

function matched(wanted: readonly string[], steps: readonly string[]): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  for (const [i, want] of wanted.entries()) {
    const step = steps[i]!;
    if (!want.startsWith('{')) {
      if (want !== step) return undefined;
      continue;
    }
    const value = decoded(step);
    if (value === undefined || value === '') return undefined;
    values[want.slice(1, -1)] = value;
  }
  return values;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function queryOf(search: string, none: boolean): Record<string, string> {
  const values: Record<string, string> = {};
  const faults: Fault[] = [];
  for (const [name, value] of new URLSearchParams(search)) {
    if (none) faults.push({ pointer: name, detail: 'is not a parameter of this address' });
    else if (Object.hasOwn(values, name)) faults.push({ pointer: name, detail: 'is given twice' });
    else values[name] = value;
  }
  if (faults.length > 0) throw new Problem('invalid-request', { faults });
  return values;
}

async function readBody(http: ServerRequest, optional: boolean): Promise<string> {
  const chunked = http.headers.get('transfer-encoding') !== undefined;
  if (optional && !chunked && (http.headers.get('content-length') ?? '0') === '0') return '{}';
  const type = http.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    await http.body.discard();
    throw new Problem('wrong-content-type');
  }
  try {
    return (await http.body.bytes(LARGEST_BODY)).toString('utf8');
  } catch (thrown) {
    if (isFerryError(thrown, 'too-large'))
      throw new Problem('body-too-large', { detail: `More than ${LARGEST_BODY / MiB} MiB`, cause: thrown });
    throw fromClient(thrown);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Problem('invalid-request', { faults: [{ pointer: '#', detail: `is no JSON: ${detail}` }], cause });
  }
}

function checked(schema: z.ZodType | undefined, value: unknown, root: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, 50).map(({ path, message }) => {
    const steps = path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
    return { pointer: root === '' ? steps.join('/') : [root, ...steps].join('/'), detail: message };
  });
  // One number can be wrong in two ways that are told with the same words.
  const once = new Map(faults.map((fault) => [`${fault.pointer} ${fault.detail}`, fault]));
  throw new Problem('invalid-request', { faults: [...once.values()] });
}

/** Whether an idempotency key counts. */
export function mayRepeat({ method, streamed, secret, ownCredentials }: Route): boolean {
  return method === 'POST' && streamed !== true && secret !== true && ownCredentials !== true;
}

function idempotencyKey(http: ServerRequest): string | undefined {
  const key = http.headers.get('idempotency-key');
  if (key === undefined) return undefined;
  if (key.length > 0 && key.length <= LONGEST_KEY) return key;
  throw new Problem('invalid-request', {
    faults: [{ pointer: 'Idempotency-Key', detail: `has 1 to ${LONGEST_KEY} characters` }],
  });
}

/** Nothing of the API is to be kept by caches, guessed at by browsers, or shown in a frame. */
const COMMON = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff'];

function httpAnswer({ status, json, stream, headers = [] }: ApiAnswer, requestId: string): HttpAnswer {
  const common = [...COMMON, 'X-Request-Id', requestId, ...headers];
  if (stream !== undefined) return { status, headers: [...common, 'Content-Type', stream.type], body: stream.chunks };
  if (json === undefined) return { status, headers: common };
  const body = Buffer.from(`${JSON.stringify(json)}\n`, 'utf8');
  return { status, headers: [...common, 'Content-Type', 'application/json'], body };
}

export function problemAnswer(thrown: unknown, requestId: string): HttpAnswer {
  const document = problemOf(thrown, requestId);
  const headers = thrown instanceof Problem ? thrown.headers : [];
  return {
    status: document.status,
    headers: [...COMMON, 'X-Request-Id', requestId, 'Content-Type', 'application/problem+json', ...headers],
    body: Buffer.from(`${JSON.stringify(document)}\n`, 'utf8'),
  };
}
