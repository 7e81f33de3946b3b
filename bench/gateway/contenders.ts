/** What stands between the clients and the backend: nothing, or `ferry serve`. */
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Server } from '../../test/peers/s3-server.ts';
import { MAIN, s3Endpoint } from '../lib/ferry.ts';
import { Daemon, startOn, type Contender } from './daemon.ts';
import { USER } from './protocol.ts';

export const BUCKETS = ['source', 'destination'] as const;

/** The backend itself; what it takes is not counted. */
export function direct(backend: S3Server, name = 'no proxy'): Contender {
  const none = (): number => Number.NaN;
  const port = Number(new URL(backend.endpoint).port);
  return { name, port, cpu: none, memory: none, [Symbol.asyncDispose]: async () => undefined };
}

/** Buckets of the same names at the backend. */
export function ferry(backend: S3Server, cores: number): Promise<FerryGateway> {
  const buckets = Object.fromEntries(BUCKETS.map((name) => [name, { store: s3Endpoint(backend, name) }]));
  return ferryWith('ferry', buckets, cores);
}

/** `buckets`: as the configuration file has them; all are one tenant's. */
export async function ferryWith(
  name: string,
  buckets: Readonly<Record<string, object>>,
  cores: number,
): Promise<FerryGateway> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-gateway-'));
  const gateway = {
    listen: '127.0.0.1:0',
    region: USER.region,
    users: [{ name: 'bench', access_key_id: USER.accessKeyId, secret_access_key: USER.secretAccessKey }],
    buckets: Object.fromEntries(Object.entries(buckets).map(([key, bucket]) => [key, { tenant: 'bench', ...bucket }])),
  };
  const config = join(dir, 'ferry.yaml');
  writeFileSync(config, JSON.stringify({ gateway }));
  const home = join(dir, 'home');
  const command = [process.execPath, MAIN, 'serve', '-c', config, '--json', '--log-level', 'error'];
  const child = startOn(cores, command, { FERRY_HOME: home });
  let said = '';
  for (;;) {
    const [bytes]: Buffer[] = await once(child.stdout!, 'data');
    said += String(bytes);
    const port = /"url":"http:[^"]*:(\d+)"/.exec(said)?.[1];
    if (port !== undefined) return Object.assign(new Daemon(name, Number(port), child, dir), { home, config });
  }
}

export interface FerryGateway extends Contender {
  /** Its `$FERRY_HOME`. */
  readonly home: string;
  /** Its configuration file. */
  readonly config: string;
}
