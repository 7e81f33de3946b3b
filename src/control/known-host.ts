import { isIP } from 'node:net';
import type { ControlSpec } from '../model/control.ts';

/** Whether a Host header names this server: by an address, as `localhost`, or by a name that is configured. */
export function isKnownHost(host: string, { host: listening, hosts }: Pick<ControlSpec, 'host' | 'hosts'>): boolean {
  const name = host
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  return name === 'localhost' || isIP(name) !== 0 || name === listening.toLowerCase() || hosts.includes(name);
}
