import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import type { HttpRequest, HttpResponse, Origin } from '../../../src/wire/http/client.ts';
import { SocketHttpClient, type SocketHttpClientOptions } from '../../../src/wire/http/socket-client.ts';
import type { Clock } from '../../../src/wire/http/ticker.ts';

export interface TestServer extends AsyncDisposable {
  readonly origin: Origin;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: Socket[];
}

/** Listens on an ephemeral port of `host`; closing it cuts its connections. */
export async function listen(server: Server, secure = false, host = '127.0.0.1'): Promise<TestServer> {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: { secure, host, port },
    port,
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A server that sees raw bytes. */
export function rawServer(onConnection: (socket: Socket, index: number) => void, host?: string): Promise<TestServer> {
  let count = 0;
  return listen(
    createServer({ noDelay: true }, (socket) => onConnection(socket, count++)),
    false,
    host,
  );
}

/** A server that answers each complete head (bodies are passed over) as `answer` says. */
export function scripted(
  answer: (head: string, socket: Socket, nth: number) => string | undefined,
): Promise<TestServer> {
  return rawServer((socket) => {
    let got = '';
    let nth = 0;
    let skip = 0;
    socket.on('data', (bytes) => {
      got += bytes.toString('latin1');
      for (;;) {
        const body = Math.min(skip, got.length);
        got = got.slice(body);
        skip -= body;
        const end = got.indexOf('\r\n\r\n');
        if (end < 0 || skip > 0) return;
        const head = got.slice(0, end);
        got = got.slice(end + 4);
        skip = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        const reply = answer(head, socket, nth++);
        if (reply !== undefined) socket.write(reply, 'latin1');
      }
    });
  });
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export function get(target = '/', more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', target, headers: [], ...more };
}

export async function text(response: HttpResponse, limit = 1 << 24): Promise<string> {
  return (await response.body.bytes(limit)).toString('latin1');
}

/** Every chunk copied, as the contract asks of those who keep them. */
export async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

export function client(options: SocketHttpClientOptions = {}): SocketHttpClient {
  return new SocketHttpClient(options);
}

/** A clock that stands until `advance` is called. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #ticks = new Set<() => void>();

  now(): number {
    return this.#now;
  }

  every(_ms: number, tick: () => void): { stop(): void } {
    this.#ticks.add(tick);
    return { stop: () => void this.#ticks.delete(tick) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const tick of this.#ticks) tick();
  }
}
