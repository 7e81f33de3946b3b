import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { FerryError } from '../../../model/errors.ts';
import { KiB, MiB } from '../../../model/units.ts';
import { Buffers } from '../buffers.ts';
import { Outbox } from '../outbox.ts';
import { systemClock, Ticker, type Clock } from '../ticker.ts';
import { readInto, type Take } from './accepted.ts';
import { ServerConnection, type BodyPace, type ConnectionContext, type ServerTimeouts } from './connection.ts';
import type { HttpHandler, HttpServer } from './server.ts';

export interface ListenOptions {
  /** Address or name; loopback where absent. */
  readonly host?: string | undefined;
  /** Any free one where absent or 0. */
  readonly port?: number | undefined;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Connections past this are closed at once; 10,000 where absent. */
  readonly maxConnections?: number | undefined;
  /** Bytes of a request's head; 64 KiB where absent (presigned URLs and metadata are long). */
  readonly maxHeaderBytes?: number | undefined;
  readonly timeouts?: Partial<ServerTimeouts> | undefined;
  /** Absent: a body that moves at all within `timeouts.progress` is waited for. */
  readonly bodyPace?: BodyPace | undefined;
  readonly clock?: Clock | undefined;
}

const MOST_CONNECTIONS = 10_000;
const READ = 256 * KiB;
const TIMEOUTS: ServerTimeouts = { idle: 75_000, head: 30_000, progress: 60_000 };

/**
 * Opens a server. Rejects with `configuration` where the address cannot be used or the certificate is none.
 *
 * Memory: some KiB for each connection; for each body being read 128 KiB where short, two windows of 64 KiB where long.
 */
export async function listen(handler: HttpHandler, options: ListenOptions = {}): Promise<HttpServer> {
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const server = open(options, timeouts);
  const host = options.host ?? '127.0.0.1';
  const listening = once(server, 'listening');
  server.listen(options.port ?? 0, host);
  try {
    await listening;
  } catch (error) {
    throw new FerryError('configuration', {
      message: `Cannot listen on ${host} port ${options.port ?? 0}: ${reason(error)}`,
      remedy: 'Give another address in `listen`, or end what listens there.',
      cause: error,
    });
  }
  return new ListeningServer(server, handler, options, timeouts);
}

class ListeningServer implements HttpServer {
  readonly port: number;
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();
  /** What is read from any connection lands here first. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ);
  readonly #ticker: Ticker;
  readonly #context: { draining: boolean } & ConnectionContext;
  #second = Number.NaN;
  #date = '';
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(server: Server, handler: HttpHandler, options: ListenOptions, timeouts: ServerTimeouts) {
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#server = server;
    this.#ticker = new Ticker(options.clock ?? systemClock, (now) => {
      for (const connection of this.#connections) connection.check(now);
    });
    for (const ms of Object.values(timeouts)) this.#ticker.serve(ms);
    if (options.bodyPace) this.#ticker.serve(options.bodyPace.within);
    this.#ticker.start();
    this.#context = {
      handler,
      ticker: this.#ticker,
      outbox: new Outbox(),
      buffers: new Buffers(64 * KiB, 64 * MiB),
      timeouts,
      bodyPace: options.bodyPace,
      maxHeaderBytes: options.maxHeaderBytes ?? 64 * KiB,
      secure: options.tls !== undefined,
      date: () => this.#now(),
      draining: false,
      gone: (connection) => this.#gone(connection),
    };
    const most = options.maxConnections ?? MOST_CONNECTIONS;
    server.on(options.tls === undefined ? 'connection' : 'secureConnection', (accepted: Socket) => {
      if (this.#connections.size >= most) accepted.destroy();
      else this.#accept(accepted, options.tls === undefined);
    });
    // A handshake that fails concerns nobody else.
    server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  }

  #accept(accepted: Socket, plain: boolean): void {
    accepted.setNoDelay(true);
    const take = (socket: Socket): Take => {
      const connection = new ServerConnection(socket, this.#context);
      this.#connections.add(connection);
      return (bytes) => connection.received(bytes);
    };
    if (plain) readInto(this.#buffer, accepted, take);
    else accepted.on('data', take(accepted));
  }

  get active(): number {
    let busy = 0;
    for (const connection of this.#connections) if (connection.busy) busy++;
    return busy;
  }

  async drain(grace: number): Promise<void> {
    this.#context.draining = true;
    this.#server.close();
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size > 0) {
      this.#emptied = Promise.withResolvers();
      const cut = setTimeout(() => {
        for (const connection of this.#connections) connection.destroy();
      }, grace);
      await this.#emptied.promise;
      clearTimeout(cut);
    }
    this.#ticker.stop();
  }

  #gone(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#emptied?.resolve();
  }

  #now(): string {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = new Date(now).toUTCString();
    }
    return this.#date;
  }
}

function open({ tls, maxConnections = MOST_CONNECTIONS }: ListenOptions, { head }: ServerTimeouts): Server {
  if (tls === undefined) return createServer({ pauseOnConnect: true });
  try {
    const options = { cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;
    const server = createTlsServer({ ...options, handshakeTimeout: head });
    // Those that have not shown who they are count as well.
    server.maxConnections = maxConnections;
    return server;
  } catch (error) {
    throw new FerryError('configuration', {
      message: `The certificate or its key cannot be used: ${reason(error)}`,
      cause: error,
    });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
