/** A web server that does to its clients whatever a test wants, and counts how often it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Behaviour = (request: IncomingMessage, response: ServerResponse) => unknown;

export class HostileOrigin implements AsyncDisposable {
  /** By path; others are 404. May be changed at any time. */
  readonly paths = new Map<string, Behaviour>();
  /** Method and path of every request, in order. */
  readonly requests: string[] = [];
  readonly heads: IncomingMessage['headers'][] = [];
  readonly #server = createServer((request, response) => this.#serve(request, response));

  static async start(): Promise<HostileOrigin> {
    const origin = new HostileOrigin();
    await new Promise<void>((resolve) => {
      origin.#server.listen(0, '127.0.0.1', resolve);
    });
    return origin;
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How often an object was asked for by GET. */
  gets(path: string): number {
    return this.requests.filter((line) => line === `GET ${path}`).length;
  }

  /** Connections under way are cut. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.split('?')[0]!;
    this.requests.push(`${request.method} ${path}`);
    this.heads.push(request.headers);
    response.on('error', () => undefined);
    const behaviour = this.paths.get(path);
    if (behaviour === undefined) response.writeHead(404).end('no such thing');
    else behaviour(request, response);
  }
}

/** Bytes as good servers give them: ranges, ETags, conditions. */
export function object(bytes: Uint8Array, { etag = '"v1"', ...headers }: Record<string, string> = {}): Behaviour {
  return (request, response) => {
    response.setHeader('ETag', etag);
    response.setHeader('Last-Modified', 'Sat, 03 Feb 2001 04:05:06 GMT');
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const { range, 'if-match': ifMatch } = request.headers;
    if (ifMatch !== undefined && ifMatch !== etag) return response.writeHead(412).end();
    const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
    if (match === null) {
      response.setHeader('Content-Length', bytes.byteLength);
      return response.end(request.method === 'HEAD' ? undefined : bytes);
    }
    const from = Number(match[1]);
    const to = Math.min(match[2] === '' ? Infinity : Number(match[2]), bytes.byteLength - 1);
    if (from > to) return response.writeHead(416, { 'Content-Range': `bytes */${bytes.byteLength}` }).end();
    response.setHeader('Content-Range', `bytes ${from}-${to}/${bytes.byteLength}`);
    return response.writeHead(206, { 'Content-Length': to - from + 1 }).end(bytes.subarray(from, to + 1));
  };
}

/** An answer whose body a test sends as it likes. */
export class Held {
  readonly #begun = Promise.withResolvers<ServerResponse>();
  readonly #head: Record<string, string | number>;

  constructor(head: Record<string, string | number> = {}) {
    this.#head = head;
  }

  readonly behaviour: Behaviour = (request, response) => {
    response.writeHead(200, this.#head);
    response.flushHeaders();
    if (request.method === 'HEAD') response.end();
    else this.#begun.resolve(response);
  };

  /** Resolves once somebody asked. */
  get response(): Promise<ServerResponse> {
    return this.#begun.promise;
  }

  async send(bytes: Uint8Array): Promise<void> {
    (await this.response).write(bytes);
  }

  async end(bytes?: Uint8Array): Promise<void> {
    (await this.response).end(bytes);
  }

  async cut(): Promise<void> {
    (await this.response).destroy();
  }
}
