import { FerryError, toFerryError } from '../../model/errors.ts';
import { KiB, MiB } from '../../model/units.ts';
import { AbortGroups } from './abort-groups.ts';
import { Buffers } from './buffers.ts';
import type { HttpClient, HttpRequest, HttpResponse, Origin } from './client.ts';
import { Exchange, interruption } from './exchange.ts';
import { Outbox } from './outbox.ts';
import { Pool } from './pool.ts';
import { requestHead } from './request-head.ts';
import { routeOf } from './route.ts';
import { type Clock, Ticker, systemClock } from './ticker.ts';
import { TlsSettings } from './tls.ts';

export interface SocketHttpClientOptions {
  /** Connections to one origin; more requests wait their turn. 256 where absent. */
  readonly maxConnections?: number | undefined;
  /**
   * Milliseconds an idle connection is kept. 15 s where absent: well under the defaults of servers that do not announce
   * theirs (nginx 75 s, Ceph beast 65 s), long enough for the pauses inside a run. What a server announces in
   * `Keep-Alive` (node:http: 5 s) counts where it is less, minus a second.
   */
  readonly idleTimeout?: number | undefined;
  /** Bytes of the head of an answer, and of its trailers. 64 KiB where absent. */
  readonly maxHeaderBytes?: number | undefined;
  /**
   * Bytes of the window a large body is read through. 512 KiB where absent. Measured GET to PUT, CPU-seconds per GiB:
   * 64 KiB 0.56–0.66, 128 KiB 0.50–0.56, 256 KiB 0.39–0.44, 512 KiB 0.31–0.39, 1 MiB 0.28–0.38 (L2 cache of 1 MiB).
   */
  readonly readBuffer?: number | undefined;
  /** Bytes of all windows of that size; past it bodies are read through 64 KiB. 32 MiB where absent. */
  readonly bufferBudget?: number | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * HTTP/1.1 on bare sockets (`HttpClient` is the contract).
 *
 * A request that fails on a connection used before, without one byte of an answer, is sent once more on a new
 * connection, whatever its method but unless it is to be sent once: the server has most likely closed the idle connection, and whoever retries on top
 * of this would send it again just so.
 *
 * Memory: 4 MiB for the client; `bufferBudget` + 128 KiB per body being read; up to 128 KiB for each small answer
 * nobody has taken yet; up to `maxHeaderBytes` per connection while a head arrives. An idle connection holds none.
 * What `bytes(limit)` and request bodies take is the caller's. Open connections keep the process alive until disposed of
 * or idle for too long.
 */
export class SocketHttpClient implements HttpClient {
  readonly #options: SocketHttpClientOptions;
  readonly #pools = new Map<string, Pool>();
  /** `Pool` ids of origins seen, so that they are not worked out for every request. */
  readonly #ids = new WeakMap<Origin, string>();
  readonly #aborts = new AbortGroups();
  readonly #tls = new TlsSettings();
  readonly #buffers: Buffers;
  readonly #ticker: Ticker;
  readonly #outbox = new Outbox();
  #closed = false;

  constructor(options: SocketHttpClientOptions = {}) {
    this.#options = options;
    this.#buffers = new Buffers(options.readBuffer ?? 512 * KiB, options.bufferBudget ?? 32 * MiB);
    this.#ticker = new Ticker(options.clock ?? systemClock, (now) => {
      for (const pool of this.#pools.values()) pool.check(now);
    });
  }

  request(origin: Origin, request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    if (this.#closed) return Promise.reject(closedError());
    if (signal?.aborted === true) return Promise.reject(interruption(signal.reason));
    try {
      const pool = this.#pool(origin);
      const exchange = new Exchange(request, requestHead(pool.settings.route, request), signal, this.#aborts);
      pool.submit(exchange);
      return exchange.answer;
    } catch (thrown) {
      return Promise.reject(toFerryError(thrown));
    }
  }

  /** Cuts all connections; requests on their way fail with `interrupted`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const pool of this.#pools.values()) pool.close(closedError());
    this.#ticker.stop();
  }

  #pool(origin: Origin): Pool {
    let id = this.#ids.get(origin);
    if (id === undefined) {
      id = identity(origin);
      this.#ids.set(origin, id);
    }
    return this.#pools.get(id) ?? this.#newPool(id, origin);
  }

  #newPool(id: string, origin: Origin): Pool {
    const { maxConnections = 256, idleTimeout = 15_000, maxHeaderBytes = 64 * KiB } = this.#options;
    const route = routeOf(origin);
    const settings = {
      route,
      tls: this.#tls,
      session: { session: undefined },
      ticker: this.#ticker,
      outbox: this.#outbox,
      buffers: this.#buffers,
      maxHeaderBytes,
      idleTimeout,
    };
    const pool = new Pool(settings, maxConnections, () => {
      this.#pools.delete(id);
      if (this.#pools.size === 0) this.#ticker.stop();
    });
    this.#pools.set(id, pool);
    this.#ticker.serve(Math.min(idleTimeout, route.connectTimeout, route.readTimeout, route.writeTimeout));
    this.#ticker.start();
    return pool;
  }
}

/** Origins equal in everything share connections, whichever object says so. */
function identity({ secure, host, port, address, tls, proxy, timeouts }: Origin): string {
  const trust = [tls?.ca, tls?.insecure, tls?.cert, tls?.key];
  return JSON.stringify([
    secure,
    host,
    port,
    address,
    trust,
    proxy,
    timeouts?.connect,
    timeouts?.read,
    timeouts?.write,
  ]);
}

function closedError(): FerryError {
  return new FerryError('interrupted', { message: 'The HTTP client is closed' });
}
