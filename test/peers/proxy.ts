/** The way to a server, with somebody on it who looks, counts and can stop what comes. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Proxy extends AsyncDisposable {
  /** In place of the server's own. `Host` stays as it was: it is signed. */
  readonly endpoint: string;
  /** Sees every request before it goes on; false drops it and its connection. */
  onRequest: (request: IncomingMessage) => boolean;
  /** Bytes of all bodies that passed, of requests and of answers. */
  readonly passed: number;
}

export async function startProxy(to: string): Promise<Proxy> {
  const { hostname, port } = new URL(to);
  let passed = 0;
  const count = (chunk: Buffer): void => {
    passed += chunk.byteLength;
  };
  const server = createServer((incoming, outgoing) => {
    if (!proxy.onRequest(incoming)) return void incoming.destroy();
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers, setHost: false }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.rawHeaders);
      answer.on('data', count).pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.on('close', () => incoming.complete || onward.destroy());
    incoming.on('data', count).pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    onRequest: () => true,
    get passed() {
      return passed;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
