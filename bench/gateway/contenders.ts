/** What stands between the clients and the backend: nothing, nginx, or `ferry serve`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Server } from '../../test/peers/s3-server.ts';
import { MAIN } from '../lib/ferry.ts';
import { USER } from './protocol.ts';

export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Seconds of processor time it has taken so far, in all of its processes. */
  cpu(): number;
  /** Bytes its processes have in memory. */
  memory(): number;
}

export const BUCKETS = ['source', 'destination'] as const;

/** A process with a directory of its own, removed with it. */
class Daemon implements Contender {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #dir: string;

  constructor(name: string, port: number, child: ChildProcess, dir: string) {
    this.name = name;
    this.port = port;
    this.#child = child;
    this.#dir = dir;
  }

  cpu(): number {
    return this.#sum((pid) => {
      // After the name in brackets; times are in hundredths of a second (proc_pid_stat(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / 100;
    });
  }

  memory(): number {
    return this.#sum((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
    rmSync(this.#dir, { recursive: true });
  }

  #sum(of: (pid: number) => number): number {
    const { pid } = this.#child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [
      pid!,
      ...children
        .split(' ')
        .filter((text) => text !== '')
        .map(Number),
    ].reduce((sum, each) => sum + of(each), 0);
  }
}

/** The backend itself; what it takes is not counted. */
export function direct(backend: S3Server): Contender {
  const none = (): number => Number.NaN;
  const port = Number(new URL(backend.endpoint).port);
  return { name: 'no proxy', port, cpu: none, memory: none, [Symbol.asyncDispose]: async () => undefined };
}

/** `cores`: processors it may use. */
export async function nginx(backend: S3Server, cores: number): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${dir};`);
  const conf = `
    daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes ${cores}; pid ${dir}/pid;
    error_log ${dir}/error.log;
    events { worker_connections 4096; }
    http {
      access_log off; client_max_body_size 0; keepalive_requests 100000000; keepalive_timeout 600; ${temporary.join(' ')}
      upstream backend { server ${new URL(backend.endpoint).host}; keepalive 512; keepalive_requests 100000000; }
      server {
        listen 127.0.0.1:${port} backlog=1024;
        location / {
          proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_request_buffering off; proxy_max_temp_file_size 0;
        }
      }
    }`;
  writeFileSync(join(dir, 'nginx.conf'), conf);
  const child = start(cores, ['nginx', '-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')]);
  await listening(port, child);
  return new Daemon('nginx', port, child, dir);
}

/** `backend` undefined: buckets in the memory of the gateway. */
export async function ferry(backend: S3Server | undefined, cores: number): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-gateway-'));
  const store = (bucket: string): unknown =>
    backend === undefined
      ? { type: 'memory', options: { name: bucket } }
      : {
          type: 's3',
          options: {
            bucket_name: bucket,
            endpoint: backend.endpoint,
            region: backend.region,
            access_key_id: backend.accessKey,
            secret_access_key: backend.secretKey,
            etag: 'md5',
          },
        };
  const gateway = {
    listen: '127.0.0.1:0',
    region: USER.region,
    users: [{ name: 'bench', access_key_id: USER.accessKeyId, secret_access_key: USER.secretAccessKey }],
    buckets: Object.fromEntries(BUCKETS.map((name) => [name, { tenant: 'bench', store: store(name) }])),
  };
  writeFileSync(join(dir, 'ferry.yaml'), JSON.stringify({ gateway }));
  const command = [process.execPath, MAIN, 'serve', '-c', join(dir, 'ferry.yaml'), '--json', '--log-level', 'error'];
  const child = start(cores, command, { FERRY_HOME: join(dir, 'home') });
  let said = '';
  for (;;) {
    const [bytes]: Buffer[] = await once(child.stdout!, 'data');
    said += String(bytes);
    const port = /"url":"http:[^"]*:(\d+)"/.exec(said)?.[1];
    if (port !== undefined)
      return new Daemon(backend === undefined ? 'ferry, in memory' : 'ferry', Number(port), child, dir);
  }
}

/** On one core it is the first, which load and backend leave to it. */
function start(cores: number, command: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const [program, ...args] = cores === 1 ? ['taskset', '-c', '0', ...command] : command;
  return spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? address!.port : 0;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (answered) return;
  }
  throw new Error('nginx did not start');
}
