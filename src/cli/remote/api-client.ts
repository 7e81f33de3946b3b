/** The API of a server elsewhere, as the command line asks it. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ERROR_CATALOGUE, FerryError, type ErrorCode } from '../../model/errors.ts';

export interface ServerChoice {
  /** `--server`, or FERRY_SERVER. */
  readonly url: string;
  /** `--token-file`; else FERRY_TOKEN. */
  readonly tokenFile: string | undefined;
  readonly token: string | undefined;
}

/** A server that says nothing for so long is not there, milliseconds. */
const PATIENCE = 60_000;
/** Silence of a stream of events; it says something every 15 seconds. */
const SILENCE = 45_000;

const PROBLEM = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
  remedy: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});

/** What the API answers where the catalogue has another word for it. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  unauthenticated: 'bad-credentials',
  forbidden: 'access-denied',
  'no-such-resource': 'not-found',
  'too-many-failures': 'throttled',
};

export class ApiClient {
  readonly url: string;
  readonly #token: string;

  private constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Rejects with `configuration` where the address is none, or no token is given. */
  static async open({ url, tokenFile, token }: ServerChoice): Promise<ApiClient> {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new FerryError('configuration', {
        message: `${JSON.stringify(url)} is no address of a server`,
        remedy: 'Write it as http://127.0.0.1:7800, in `--server` or FERRY_SERVER.',
      });
    const shown = tokenFile === undefined ? token : await readToken(tokenFile);
    if (shown === undefined || !/^\S+$/.test(shown))
      throw new FerryError('no-credentials', {
        message: `no token for ${url} is given`,
        remedy: 'Put one into FERRY_TOKEN, or name its file with `--token-file`; `ferry token create` makes one there.',
      });
    return new ApiClient(new URL(url).origin, shown);
  }

  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return await this.#json('GET', path, undefined, schema);
  }

  /** Is answered within a minute; or, with a signal, whenever it is. */
  async post<T>(path: string, body: unknown, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
    return await this.#json('POST', path, body, schema, signal);
  }

  async patch<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    return await this.#json('PATCH', path, body, schema);
  }

  async text(path: string): Promise<string> {
    return await (await this.#send('GET', path, undefined, AbortSignal.timeout(PATIENCE))).text();
  }

  async remove(path: string): Promise<void> {
    await this.#send('DELETE', path, undefined, AbortSignal.timeout(PATIENCE));
  }

  /** Items of every page. Memory is one page. */
  async *all<T>(path: string, item: z.ZodType<T>): AsyncGenerator<T> {
    const page = z.object({ items: z.array(item), next: z.string().optional() });
    for (let next: string | undefined = ''; next !== undefined;) {
      const query: string = next === '' ? '' : `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`;
      const found = await this.get(path + query, page);
      yield* found.items;
      next = found.next;
    }
  }

  /**
   * What happens to one thing, as it is then; undefined where it is connected (again) and may have missed something. Ends
   * with the signal; connects again by itself.
   */
  async *events(types: string, subject: string, signal: AbortSignal): AsyncGenerator {
    const query = new URLSearchParams({ types, subject });
    while (!signal.aborted) {
      try {
        const silent = new AbortController();
        const heard = AbortSignal.any([signal, silent.signal]);
        const response = await this.#send('GET', `/v1/live?${query.toString()}`, undefined, heard);
        yield undefined;
        yield* eventsOf(response, () => silent.abort());
      } catch (thrown) {
        if (signal.aborted) return;
        if (thrown instanceof FerryError && thrown.kind !== 'network') throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  async #json<T>(
    method: string,
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal = AbortSignal.timeout(PATIENCE),
  ): Promise<T> {
    const response = await this.#send(method, path, body, signal);
    const found = schema.safeParse(await response.json().catch(() => undefined));
    if (found.success) return found.data;
    throw new FerryError('bad-response', {
      message: `${this.url} answers ${path} in a way this version does not know`,
      remedy: 'Use the version of the server here as well.',
    });
  }

  /** Rejects with what the server says where that is no success, and with `network` where it cannot be asked. */
  async #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal,
      });
    } catch (cause) {
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new FerryError('network', {
        message: `${this.url} cannot be asked: ${why}`,
        remedy: 'Look whether `ferry serve` runs there, and whether `--server` or FERRY_SERVER is right.',
        cause,
      });
    }
    if (response.ok) return response;
    throw problemOf(await response.json().catch(() => undefined), response.status, this.url);
  }
}

function problemOf(json: unknown, status: number, url: string): FerryError {
  const found = PROBLEM.safeParse(json);
  if (!found.success)
    return new FerryError('bad-response', { message: `${url} answers ${status}, and is no Ferry`, status });
  const { code, title, detail, remedy, errors = [] } = found.data;
  const places = errors.map(({ pointer, detail: each }) => `${pointer}: ${each}`);
  const message = [detail ?? title, ...places].join('\n');
  const known = Object.keys(ERROR_CATALOGUE).find((each): each is ErrorCode => each === code);
  return new FerryError(known ?? CODES[code] ?? 'configuration', { message, remedy, status });
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FerryError('configuration', { message: `the token cannot be read: ${why}`, cause });
  }
}

/** Data of the events of a stream (HTML standard, section 9.2), one line each as the server writes it. */
async function* eventsOf(response: Response, onSilence: () => void): AsyncGenerator {
  const decoder = new TextDecoder();
  let text = '';
  let timer = setTimeout(onSilence, SILENCE);
  try {
    for await (const chunk of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(onSilence, SILENCE);
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (/^event: missed$/m.test(block)) yield undefined;
        else if (data !== undefined) yield JSON.parse(data);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
