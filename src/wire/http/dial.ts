import { type Socket, connect } from 'node:net';
import { type ConnectionOptions, TLSSocket, connect as connectTls } from 'node:tls';
import { FerryError } from '../../model/errors.ts';
import { networkError, tlsError } from './failure.ts';
import { openTunnel } from './proxy.ts';
import type { Route } from './route.ts';
import type { SessionSlot, TlsSettings } from './tls.ts';

/** Who uses a socket. */
export interface SocketUser {
  /** Ready for requests. `inPlace`: every read lands in `target()`, none between `received` being false and `resume`. */
  opened(socket: Socket, inPlace: boolean): void;
  /** Where the next read shall land. Asked after each read. */
  target(): Buffer;
  /** `bytes[0, length)` arrived and are valid during the call; false: stop reading until `socket.resume()`. */
  received(length: number, bytes: Buffer): boolean;
  /** The server sends no more, or the socket is gone. May be called several times; the first tells the error, if any. */
  ended(error?: FerryError): void;
}

/** A socket on its way. */
export interface Dialling {
  destroy(): void;
}

/**
 * Opens a socket along `route`: name lookup with both address families raced (RFC 8305), TCP, the proxy, TLS.
 *
 * `onread` makes Node read into our buffer instead of a new one per read. A tunnelled TLS connection does not offer
 * it; its bytes come as `data` events.
 */
export function dial(route: Route, tls: TlsSettings, session: SessionSlot, user: SocketUser): Dialling {
  if (route.secure && route.proxy !== undefined) return dialTunnel(route, route.proxy.place, tls, session, user);
  const options = {
    host: route.proxy?.host ?? route.address,
    port: route.proxy?.port ?? route.port,
    autoSelectFamily: true,
    onread: {
      buffer: () => user.target(),
      callback: (length: number, bytes: Uint8Array) => Buffer.isBuffer(bytes) && user.received(length, bytes),
    },
  };
  if (!route.secure) {
    const socket = connect(options);
    const place = route.proxy === undefined ? route.place : route.proxy.place;
    socket.once('connect', () => user.opened(socket, true));
    return watch(socket, user, (error, open) => {
      const explained = networkError(error, place, open ? 'Connected to' : 'Cannot connect to');
      return route.proxy === undefined
        ? explained
        : new FerryError('proxy', { message: explained.message, cause: error });
    });
  }
  const secure: ConnectionOptions = { ...tls.options(route, session), ...options };
  const socket = connectTls(secure);
  socket.on('session', (ticket) => (session.session = ticket));
  socket.once('secureConnect', () => user.opened(socket, false));
  return watch(socket, user, (error) => tlsError(error, route.place));
}

function dialTunnel(
  route: Route,
  proxyPlace: string,
  tls: TlsSettings,
  session: SessionSlot,
  user: SocketUser,
): Dialling {
  const options = tls.options(route, session);
  const dialling = openTunnel(route, (raw) => {
    if (raw instanceof FerryError) {
      user.ended(raw);
      return;
    }
    const socket = connectTls({ ...options, socket: raw });
    dialling.destroy = () => socket.destroy();
    socket.on('session', (ticket) => (session.session = ticket));
    socket.once('secureConnect', () => user.opened(socket, false));
    socket.on('data', (bytes: Buffer) => {
      if (!user.received(bytes.length, bytes)) socket.pause();
    });
    watch(socket, user, (error) => tlsError(error, `${route.place} (by ${proxyPlace})`));
  });
  return dialling;
}

function watch(socket: Socket, user: SocketUser, explain: (error: Error, open: boolean) => FerryError): Dialling {
  let open = false;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => (open = true));
  socket.on('end', () => user.ended());
  socket.on('error', (error) => user.ended(explain(error, open)));
  socket.on('close', () => user.ended());
  return { destroy: () => socket.destroy() };
}
