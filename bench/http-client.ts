/**
 * What the HTTP client costs in CPU, beside `node:http` and the global `fetch`, in one run against one trivial server in
 * another process: `node bench/http-client.ts [seconds per measurement] [filter]`.
 *
 * Printed are requests and bytes per CPU-second of this process (user + system, kernel's TCP included), since that is
 * what limits a migration on a small machine; and the wall clock beside it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as nodeRequest } from 'node:http';
import { createServer } from 'node:net';
import type { StreamBody } from '../src/model/body.ts';
import { GiB, KiB, MiB } from '../src/model/units.ts';
import type { Origin } from '../src/wire/http/client.ts';
import { SocketHttpClient } from '../src/wire/http/socket-client.ts';

const SMALL = 4 * KiB;
const LARGE = 64 * MiB;
const CONCURRENCY = 32;

/** About what a signed S3 request carries. */
const HEADERS: readonly string[] = [
  'Authorization',
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${'0'.repeat(64)}`,
  'x-amz-content-sha256',
  'UNSIGNED-PAYLOAD',
  'x-amz-date',
  '20261120T120000Z',
];

interface Contender {
  readonly name: string;
  get(target: string): Promise<number>;
  put(target: string, body: Buffer): Promise<void>;
  /** GET of `size` bytes from `source` as the body of a PUT to `destination`. */
  pipe(size: number): Promise<void>;
}

if (process.argv[2] === 'serve') serve();
else await main(Number(process.argv[2] ?? 2), process.argv[3] ?? '');

async function main(seconds: number, filter: string): Promise<void> {
  await using source = await server();
  await using destination = await server();
  await using client = new SocketHttpClient();
  const contenders = [
    ours(client, source.origin, destination.origin),
    nodeHttp(source.origin, destination.origin),
    globalFetch(source.origin, destination.origin),
  ];
  const body = Buffer.alloc(SMALL, 'x');
  const runs: readonly (readonly [string, number, number, (contender: Contender) => Promise<unknown>])[] = [
    ['GET 4 KiB', CONCURRENCY, 0, (c) => c.get(`/${SMALL}`)],
    ['PUT 4 KiB', CONCURRENCY, 0, (c) => c.put('/put', body)],
    ['GET 64 MiB → PUT', 2, LARGE, (c) => c.pipe(LARGE)],
    ['GET 5 MiB → memory', 4, 5 * MiB, (c) => c.get(`/${5 * MiB}`)],
  ];
  for (const [name, concurrency, bytes, run] of runs) {
    if (!name.includes(filter)) continue;
    for (const contender of contenders) {
      await measure(concurrency, 0.3, () => run(contender));
      const { count, cpu, wall } = await measure(concurrency, seconds, () => run(contender));
      const gib = (count * bytes) / GiB;
      console.log(
        name.padEnd(20),
        contender.name.padEnd(10),
        bytes === 0
          ? `${Math.round(count / cpu)} requests per CPU-second, ${Math.round(count / wall)}/s`
          : `${(cpu / gib).toFixed(3)} CPU-seconds per GiB, ${(gib / wall).toFixed(2)} GiB/s`,
      );
    }
  }
}

async function measure(concurrency: number, seconds: number, run: () => Promise<unknown>) {
  const started = performance.now();
  const used = process.cpuUsage();
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < seconds * 1000) {
      await run();
      count++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(used);
  return { count, cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1000 };
}

function ours(client: SocketHttpClient, source: Origin, destination: Origin): Contender {
  return {
    name: 'ferry',
    async get(target) {
      const { body } = await client.request(source, { method: 'GET', target, headers: HEADERS });
      return (await body.bytes(body.length!)).length;
    },
    async put(target, bytes) {
      const request = { method: 'PUT', target, headers: HEADERS, body: bytes };
      await (await client.request(destination, request)).body.discard();
    },
    async pipe(size) {
      const body: StreamBody = {
        size,
        async *open() {
          yield* (await client.request(source, { method: 'GET', target: `/${size}`, headers: HEADERS })).body;
        },
      };
      await (
        await client.request(destination, { method: 'PUT', target: '/put', headers: HEADERS, body })
      ).body.discard();
    },
  };
}

function nodeHttp(source: Origin, destination: Origin): Contender {
  const agent = new Agent({ keepAlive: true });
  const headers = Object.fromEntries(pairs());
  const send = (origin: Origin, method: string, path: string, length?: number) =>
    nodeRequest({
      agent,
      host: origin.host,
      port: origin.port,
      method,
      path,
      headers: length === undefined ? headers : { ...headers, 'Content-Length': length },
    });
  return {
    name: 'node:http',
    async get(target) {
      const request = send(source, 'GET', target).end();
      const [response] = await once(request, 'response');
      let size = 0;
      for await (const chunk of response) size += chunk.length;
      return size;
    },
    async put(target, body) {
      const request = send(destination, 'PUT', target, body.length).end(body);
      const [response] = await once(request, 'response');
      response.resume();
      await once(response, 'end');
    },
    async pipe(size) {
      const get = send(source, 'GET', `/${size}`).end();
      const [from] = await once(get, 'response');
      const request = send(destination, 'PUT', '/put', size);
      from.pipe(request);
      const [response] = await once(request, 'response');
      response.resume();
      await once(response, 'end');
    },
  };
}

function globalFetch(source: Origin, destination: Origin): Contender {
  const headers = pairs().filter(([name]) => name !== 'Host');
  return {
    name: 'fetch',
    async get(target) {
      const response = await fetch(url(source, target), { headers });
      return (await response.arrayBuffer()).byteLength;
    },
    async put(target, body) {
      const response = await fetch(url(destination, target), { method: 'PUT', headers, body: new Uint8Array(body) });
      await response.arrayBuffer();
    },
    async pipe(size) {
      const from = await fetch(url(source, `/${size}`), { headers });
      const all = { ...Object.fromEntries(headers), 'Content-Length': String(size) };
      const response = await fetch(url(destination, '/put'), {
        method: 'PUT',
        headers: all,
        body: from.body,
        duplex: 'half',
      });
      await response.arrayBuffer();
    },
  };
}

function url({ host, port }: Origin, target: string): string {
  return `http://${host}:${port}${target}`;
}

function pairs(): [string, string][] {
  return HEADERS.flatMap((name, at) => (at % 2 === 0 ? [[name, HEADERS[at + 1]!] as [string, string]] : []));
}

interface BenchServer extends AsyncDisposable {
  readonly origin: Origin;
}

async function server(): Promise<BenchServer> {
  const child: ChildProcess = fork(import.meta.filename, ['serve']);
  const [port]: number[] = await once(child, 'message');
  return {
    origin: { secure: false, host: '127.0.0.1', port: port! },
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** Answers `GET /N` with N bytes and the headers of an S3 object, any PUT with 200; parses no more than it must. */
function serve(): void {
  const block = Buffer.alloc(MiB, 'x');
  const small = Buffer.concat([Buffer.from(head(SMALL), 'latin1'), block.subarray(0, SMALL)]);
  const done = head(0);
  const listener = createServer({ noDelay: true, highWaterMark: 256 * KiB }, (socket) => {
    let expected = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      let at = 0;
      while (at < bytes.length) {
        if (expected === 0) {
          const end = bytes.indexOf('\r\n\r\n', at);
          const request = bytes.toString('latin1', at, end);
          at = end + 4;
          if (request.startsWith('GET')) {
            const size = Number(/^GET \/(\d+)/.exec(request)![1]);
            if (size === SMALL) socket.write(small);
            else {
              socket.write(head(size));
              send(size);
            }
            continue;
          }
          expected = Number(/content-length: (\d+)/i.exec(request)![1]);
        }
        const used = Math.min(expected, bytes.length - at);
        expected -= used;
        at += used;
        if (expected === 0) socket.write(done);
      }
    });
    function send(size: number): void {
      let left = size;
      while (left > 0) {
        const piece = Math.min(left, block.length);
        left -= piece;
        if (!socket.write(piece === block.length ? block : block.subarray(0, piece)) && left > 0) {
          socket.once('drain', () => send(left));
          return;
        }
      }
    }
  });
  process.once('disconnect', () => process.exit());
  listener.listen(0, '127.0.0.1', () => {
    const address = listener.address();
    if (typeof address === 'object') process.send!(address!.port);
  });
}

function head(size: number): string {
  return [
    'HTTP/1.1 200 OK',
    `Content-Length: ${size}`,
    'Accept-Ranges: bytes',
    'Last-Modified: Fri, 20 Nov 2026 12:00:00 GMT',
    'x-rgw-object-type: Normal',
    'ETag: "900150983cd24fb0d6963f7d28e17f72"',
    'x-amz-request-id: tx00000c1f8a7b6d5e4f3a2-00691f0f00-1082-default',
    'Content-Type: application/octet-stream',
    'Date: Fri, 20 Nov 2026 12:00:00 GMT',
    'Connection: Keep-Alive',
    '',
    '',
  ].join('\r\n');
}
