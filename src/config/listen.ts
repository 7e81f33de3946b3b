import { isIP } from 'node:net';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** `ADDRESS:PORT`, an IPv6 address in brackets; undefined where it is none. */
export function parsePlace(text: string): Place | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2] ?? '';
  return match === null || port > 65_535 || host === '' ? undefined : { host, port };
}

/** Reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
