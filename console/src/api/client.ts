/** The API as the console uses it. */
import { PATHS, type Operation, type Operations } from './operations.ts';
import { ApiProblem, Unreachable, type ProblemDocument } from './problem.ts';

export interface CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** ETag of what is changed, as it was read. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

export interface Tagged<T> {
  readonly value: T;
  /** For `ifMatch`. */
  readonly etag: string | undefined;
}

export class ApiClient {
  /** Of the session; sent with whatever changes something. */
  csrf: string | undefined;
  /** Told when the session has ended. */
  onUnauthenticated: () => void = () => undefined;

  /** Rejects with `ApiProblem`, or `Unreachable`. */
  async call<Name extends Operation>(name: Name, options: CallOptions = {}): Promise<Operations[Name]> {
    return (await this.tagged(name, options)).value;
  }

  async tagged<Name extends Operation>(name: Name, options: CallOptions = {}): Promise<Tagged<Operations[Name]>> {
    const response = await this.#fetch(name, options);
    const text = await response.text();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server's declarations; test/console/contract checks them.
    const value = (text === '' ? undefined : parsed(response, text)) as Operations[Name];
    return { value, etag: response.headers.get('etag') ?? undefined };
  }

  async #fetch(name: Operation, { params, query, body, ifMatch, signal }: CallOptions): Promise<Response> {
    const [method, path] = PATHS[name];
    const headers = new Headers({ accept: 'application/json' });
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (ifMatch !== undefined) headers.set('if-match', ifMatch);
    if (method !== 'GET' && this.csrf !== undefined) headers.set('x-ferry-csrf', this.csrf);
    const response = await fetch(addressOf(path, params, query), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      throw new Unreachable('the server does not answer', { cause: error });
    });
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (response.status === 401 && name !== 'createSession') this.onUnauthenticated();
    throw problem;
  }
}

/** `/v1/tasks/{name}` with its places filled in. */
export function addressOf(path: string, params: CallOptions['params'] = {}, query: CallOptions['query'] = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, place: string) => encodeURIComponent(params[place] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(key, String(value));
  }
  return search.size === 0 ? filled : `${filled}?${search.toString()}`;
}

function parsed(response: Response, text: string): unknown {
  return (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : text;
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text();
  if ((response.headers.get('content-type') ?? '').includes('json')) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every answer that is no success is such a document.
    return new ApiProblem(JSON.parse(text) as ProblemDocument);
  }
  return new ApiProblem({ title: `HTTP ${response.status}`, status: response.status, code: 'http' });
}
