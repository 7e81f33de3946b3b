/** nginx as a proxy: it forwards, and checks nothing. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Server } from '../../test/peers/s3-server.ts';
import { Daemon, startOn, type Contender } from './daemon.ts';

/** To one backend. `cores`: processors it may use. */
export function nginx(backend: S3Server, cores: number): Promise<Contender> {
  const conf = `${upstream('backend', backend)}
    server { LISTEN location / { ${TO('backend')} } }`;
  return start('nginx', cores, () => conf);
}

/** It keeps on disk what it once brought. */
export function cachingNginx(backend: S3Server, cores: number): Promise<Contender> {
  return start(
    'nginx, caching',
    cores,
    (dir) => `${upstream('backend', backend)}
    proxy_cache_path ${dir}/cache levels=1:2 keys_zone=cache:64m max_size=4g inactive=1h use_temp_path=off;
    server { LISTEN location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache cache; proxy_cache_key $uri; proxy_cache_valid 200 1h; proxy_cache_lock on;
    } }`,
  );
}

/** What one backend does not have it asks the other for. Clients name the bucket at the first. */
export function fallingBackNginx(
  first: { readonly backend: S3Server; readonly bucket: string },
  other: { readonly backend: S3Server; readonly bucket: string },
  cores: number,
): Promise<Contender> {
  const conf = `${upstream('first', first.backend)} ${upstream('other', other.backend)}
    server { LISTEN
      location / { ${TO('first')} proxy_intercept_errors on; error_page 404 = @other; }
      location @other { rewrite ^/[^/]+/(.*)$ /${other.bucket}/$1 break; ${TO('other')} }
    }`;
  return start('nginx, 404 → old', cores, () => conf);
}

const TO = (name: string): string =>
  `proxy_pass http://${name}; proxy_http_version 1.1; proxy_set_header Connection "";
   proxy_request_buffering off; proxy_max_temp_file_size 0;`;

function upstream(name: string, { endpoint }: S3Server): string {
  return `upstream ${name} { server ${new URL(endpoint).host}; keepalive 512; keepalive_requests 100000000; }`;
}

async function start(name: string, cores: number, http: (dir: string) => string): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${dir};`);
  const conf = `
    daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes ${cores}; pid ${dir}/pid;
    error_log ${dir}/error.log;
    events { worker_connections 4096; }
    http {
      access_log off; client_max_body_size 0; keepalive_requests 100000000; keepalive_timeout 600; ${temporary.join(' ')}
      ${http(dir).replace('LISTEN', `listen 127.0.0.1:${port} backlog=1024;`)}
    }`;
  writeFileSync(join(dir, 'nginx.conf'), conf);
  const child = startOn(cores, ['nginx', '-e', join(dir, 'error.log'), '-c', join(dir, 'nginx.conf')]);
  await listening(port, child);
  return new Daemon(name, port, child, dir);
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
