import { isIPv6 } from 'node:net';
import { FerryError } from '../../model/errors.ts';
import type { Origin, TlsOptions } from './client.ts';

/** An origin worked out once: where to dial, what every request to it carries, how long to wait. */
export interface Route {
  readonly host: string;
  readonly port: number;
  /** What is dialled: `host`, or the address it is known to have. */
  readonly address: string;
  /** `host:port`, for messages. */
  readonly place: string;
  readonly secure: boolean;
  readonly tls: TlsOptions;
  readonly proxy: Proxy | undefined;
  /** `Host: …` with CRLF. */
  readonly hostLine: string;
  /** In front of the target where a proxy wants the absolute form. */
  readonly targetPrefix: string;
  /** `Proxy-Authorization: …` with CRLF where every request needs it. */
  readonly proxyLine: string;
  readonly connectTimeout: number;
  readonly readTimeout: number;
  readonly writeTimeout: number;
}

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Without credentials, for messages. */
  readonly place: string;
  /** `Proxy-Authorization: …` with CRLF; empty without credentials. A secret. */
  readonly authorization: string;
}

const CONNECT_TIMEOUT = 30_000;
/** Longer than to connect: servers think before they answer; completing a multipart upload takes longest. */
const READ_TIMEOUT = 60_000;
const WRITE_TIMEOUT = 60_000;

export function routeOf(origin: Origin): Route {
  const { secure, port } = origin;
  const name = isIPv6(origin.host) ? `[${origin.host}]` : origin.host;
  if (!/^[^\s/@?#\\]+$/.test(name))
    throw new FerryError('configuration', { message: `\`${name}\` is not a host name` });
  const authority = port === (secure ? 443 : 80) ? name : `${name}:${port}`;
  const proxy = origin.proxy === undefined ? undefined : proxyOf(origin.proxy);
  const absolute = proxy !== undefined && !secure;
  return {
    host: origin.host,
    port,
    address: origin.address ?? origin.host,
    place: `${name}:${port}`,
    secure,
    tls: origin.tls ?? {},
    proxy,
    hostLine: `Host: ${authority}\r\n`,
    targetPrefix: absolute ? `http://${authority}` : '',
    proxyLine: absolute ? proxy.authorization : '',
    connectTimeout: origin.timeouts?.connect ?? CONNECT_TIMEOUT,
    readTimeout: origin.timeouts?.read ?? READ_TIMEOUT,
    writeTimeout: origin.timeouts?.write ?? WRITE_TIMEOUT,
  };
}

function proxyOf(text: string): Proxy {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== 'http:' || url.hostname === '')
    throw new FerryError('configuration', { message: 'The proxy is not of the form http://user:password@host:port' });
  const port = url.port === '' ? 80 : Number(url.port);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    place: `${url.hostname}:${port}`,
    authorization:
      credentials === ':' ? '' : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`,
  };
}
