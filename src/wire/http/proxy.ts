import { type Socket, connect } from 'node:net';
import { FerryError, toFerryError } from '../../model/errors.ts';
import { KiB } from '../../model/units.ts';
import { networkError } from './failure.ts';
import { ResponseScanner } from './response-parser.ts';
import type { Proxy, Route } from './route.ts';

/** A proxy has no reason to say more. */
const MAX_ANSWER = 16 * KiB;

/**
 * A tunnel through the proxy of `route` (CONNECT, RFC 9110 section 9.3.6). Calls `done` once, with the bare socket or a
 * `proxy` error; destroyed before, it calls nothing. `destroy` of the result may be replaced by whoever goes on.
 */
export function openTunnel(route: Route, done: (result: Socket | FerryError) => void): { destroy: () => void } {
  const proxy = route.proxy!;
  const socket = connect({ host: proxy.host, port: proxy.port, autoSelectFamily: true });
  const scanner = new ResponseScanner(MAX_ANSWER);
  socket.setNoDelay(true);
  socket.once('connect', () => {
    const authority = route.place;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${proxy.authorization}\r\n`, 'latin1');
  });
  socket.on('data', (bytes: Buffer) => {
    try {
      const used = scanner.scan(bytes, 0, bytes.length);
      if (!scanner.complete) return;
      const { status } = scanner.take();
      if (status < 200) return;
      if (status > 299) throw refusal(proxy, status, route.place);
      if (used < bytes.length) throw proxyError(proxy, 'sent bytes before anybody asked');
      finish(socket);
    } catch (thrown) {
      const error = toFerryError(thrown);
      finish(error.code === 'bad-response' ? proxyError(proxy, 'does not speak HTTP', error) : error);
    }
  });
  socket.on('error', (error) =>
    finish(proxyError(proxy, networkError(error, proxy.place, 'Connecting to').message, error)),
  );
  socket.on('end', () => finish(proxyError(proxy, 'hung up')));
  return { destroy: () => finish(undefined) };

  function finish(result: Socket | FerryError | undefined): void {
    socket.removeAllListeners();
    if (result !== socket) {
      socket.on('error', () => undefined);
      socket.destroy();
    } else socket.pause();
    if (result !== undefined) done(result);
  }
}

function refusal(proxy: Proxy, status: number, place: string): FerryError {
  if (status !== 407) return proxyError(proxy, `refused a tunnel to ${place} with status ${status}`, undefined, status);
  const missing = proxy.authorization === '';
  return new FerryError('proxy', {
    message: `The proxy ${proxy.place} ${missing ? 'wants a user name and password' : 'does not accept the user name and password'}`,
    status,
    retryable: 'never',
    remedy: 'Write the proxy as http://user:password@host:port, with special characters percent-encoded.',
  });
}

function proxyError(proxy: Proxy, what: string, cause?: unknown, status?: number): FerryError {
  return new FerryError('proxy', { message: `The proxy ${proxy.place} ${what}`, cause, status });
}
