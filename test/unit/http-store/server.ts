import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import os from 'node:os';
import type { StoreContext } from '../../../src/store/registry.ts';
import type { Store } from '../../../src/store/store.ts';
import { httpDriver } from '../../../src/stores/http/driver.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';

export interface Site extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Method and URL of every request, and its header. */
  readonly requests: { readonly line: string; readonly headers: IncomingMessage['headers'] }[];
  open(options: Record<string, unknown>): Promise<Store>;
}

/** A web server of a test, and stores that read from it. */
export async function site(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Site> {
  const requests: Site['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    handle(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = new SocketHttpClient();
  const context: StoreContext = { http: client, env: {}, now: Date.now, tmpdir: os.tmpdir };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    open: (options) => httpDriver().open({ type: 'http', path: '', options }, context),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Serves bytes as good servers do: ranges, ETags, conditions. */
export function serve(request: IncomingMessage, response: ServerResponse, bytes: Buffer, etag = '"v1"'): void {
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', 'Sat, 03 Feb 2001 04:05:06 GMT');
  response.setHeader('Content-Type', 'text/x-ferry');
  const { range, 'if-match': ifMatch } = request.headers;
  if (ifMatch !== undefined && ifMatch !== etag) {
    response.writeHead(412).end();
    return;
  }
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (!match) {
    response.setHeader('Content-Length', bytes.byteLength);
    response.end(request.method === 'HEAD' ? undefined : bytes);
    return;
  }
  const from = Number(match[1]);
  const to = Math.min(match[2] ? Number(match[2]) : Infinity, bytes.byteLength - 1);
  if (from > to) {
    response.setHeader('Content-Range', `bytes */${bytes.byteLength}`);
    response.writeHead(416).end();
    return;
  }
  response.setHeader('Content-Range', `bytes ${from}-${to}/${bytes.byteLength}`);
  response.writeHead(206, { 'Content-Length': to - from + 1 }).end(bytes.subarray(from, to + 1));
}
