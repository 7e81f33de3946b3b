/**
 * An S3 server that goes wrong on demand. Without rules it is honest: it checks signatures, Content-MD5, conditions and
 * parts as S3 does. With them it resets, stalls, lies and loses answers, each at a named request or by a seed.
 *
 * It remembers every request, and the moment an object becomes visible it asks `expect` whether those bytes may be
 * there: a test sees what was wrong for an instant as well as what is wrong at the end.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bucket, StoredObject } from './server/buckets.ts';
import {
  operationOf,
  parseTarget,
  S3Error,
  type Operation,
  type S3Request,
  type S3Response,
} from './server/request.ts';
import { Rules, seeded, type Fault, type Rule } from './server/rules.ts';
import { S3 } from './server/s3.ts';
import { checkSignature } from './server/signature.ts';
import { errorDocument } from './server/xml.ts';

export type { Fault, Rule } from './server/rules.ts';
export type { Operation } from './server/request.ts';
export type { StoredObject } from './server/buckets.ts';

export interface FaultServerOptions {
  readonly buckets?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly seed?: number;
  /** Milliseconds since the epoch, as this server believes. */
  readonly now?: () => number;
}

export interface SeenRequest {
  /** When it came, by `performance.now()`. */
  readonly at: number;
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly fault: Fault | undefined;
  /** Bytes of the request body that arrived. */
  received: number;
  /** Status of the answer; undefined where none was sent. */
  status: number | undefined;
}

export class FaultServer implements AsyncDisposable {
  readonly accessKey = 'FERRYFAULTACCESS';
  readonly secretKey = 'ferry-fault-secret';
  readonly region = 'us-east-1';
  /** Every request in order of arrival. */
  readonly requests: SeenRequest[] = [];
  /** What became visible and should not have, by `expect`. */
  readonly violations: string[] = [];
  /** Why an object with these bytes may not be there; undefined where it may. */
  expect: (bucket: string, key: string, object: StoredObject) => string | undefined = () => undefined;
  /** How long every answer takes, milliseconds: that of a network. */
  latency: number | (() => number) = 0;
  /** Told of every request as it arrives. */
  onRequest: (request: SeenRequest) => void = () => undefined;
  readonly #s3: S3;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #rules: Rules;

  constructor({ buckets = [], rules = [], seed = 1, now = Date.now }: FaultServerOptions) {
    this.#now = now;
    this.#random = seeded(seed);
    this.#rules = new Rules(rules, this.#random);
    this.#s3 = new S3(now, (bucket, key, object) => {
      const wrong = this.expect(bucket, key, object);
      if (wrong !== undefined) this.violations.push(`${bucket}/${key}: ${wrong}`);
    });
    for (const name of buckets) this.#s3.createBucket(name);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server is not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  bucket(name: string): Bucket {
    return this.#s3.createBucket(name);
  }

  /** From now on these rules and no others; counts begin again. */
  setRules(rules: readonly Rule[]): void {
    this.#rules = new Rules(rules, this.#random);
  }

  /** How many requests of these operations came. */
  count(...operations: readonly Operation[]): number {
    return this.requests.filter(({ operation }) => operations.includes(operation)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    outgoing.on('error', () => {}); // the client went away: what it asked for is done or not, as with any server
    const head = { method: incoming.method!, ...parseTarget(incoming.url!), headers: incoming.headers };
    const operation = operationOf(head);
    const fault = this.#rules.pick(operation, head);
    const { bucket, key, target, headers } = head;
    const seen: SeenRequest = {
      at: performance.now(),
      operation,
      bucket,
      key,
      target,
      headers,
      fault,
      received: 0,
      status: undefined,
    };
    this.requests.push(seen);
    this.onRequest(seen);
    if (fault && (await this.#failEarly(fault, head.method, outgoing, seen))) return;

    const body = await readBody(incoming, seen);
    if (body === undefined) return; // cut off: nothing of it counts
    if (fault?.do === 'corrupt-request') flipBytes(body);
    if (fault?.do === 'reset' && fault.when === 'after-body') return void incoming.socket.resetAndDestroy();
    if (fault?.do === 'run') fault.action({ ...head, body });
    const latency = typeof this.latency === 'number' ? this.latency : this.latency();
    if (latency > 0) await sleep(latency);
    if (fault?.do === 'late') {
      incoming.socket.resetAndDestroy();
      await sleep(this.#random() * fault.within);
    }
    const honest = this.#answer(operation, { ...head, body });
    if (fault?.do === 'late') return;
    if (fault?.do === 'reset') return void incoming.socket.resetAndDestroy();
    seen.status = honest.status;
    outgoing.setHeader('date', new Date(this.#now()).toUTCString());
    send(outgoing, head.method, fault ? distort(honest, fault) : honest, fault);
  }

  /** Faults that need nothing of the request but its header. True where that was all. */
  async #failEarly(fault: Fault, method: string, outgoing: ServerResponse, seen: SeenRequest): Promise<boolean> {
    const { req: incoming } = outgoing;
    if (fault.do === 'reset' && fault.when === 'before-body') {
      incoming.socket.resetAndDestroy();
      return true;
    }
    if (fault.do === 'stall' && fault.after === 'nothing') {
      incoming.resume();
      return true;
    }
    if (fault.do !== 'refuse' && fault.do !== 'answer') return false;
    if (!(fault.do === 'refuse' && fault.early) && (await readBody(incoming, seen)) === undefined) return true;
    seen.status = fault.status;
    const answer =
      fault.do === 'answer'
        ? { status: fault.status, headers: { 'content-type': fault.type }, body: Buffer.from(fault.body) }
        : refusal(
            new S3Error(
              fault.status,
              fault.code,
              fault.code,
              fault.retryAfter ? { 'retry-after': fault.retryAfter } : {},
            ),
          );
    send(outgoing, method, answer, undefined);
    return true;
  }

  #answer(operation: Operation, request: S3Request): S3Response {
    try {
      checkSignature(request, this, this.#now());
      return this.#s3.answer(operation, request);
    } catch (error) {
      if (error instanceof S3Error) return refusal(error);
      throw error;
    }
  }
}

/** A running server. `await using server = await startFaultServer({ buckets: ['source'] })`. */
export function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  return new FaultServer(options).listen();
}

/** Undefined where the client broke off. */
async function readBody(incoming: IncomingMessage, seen: SeenRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('a body came as text');
      chunks.push(chunk);
      seen.received += chunk.length;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function refusal({ status, code, message, headers }: S3Error): S3Response {
  const body = status === 304 ? Buffer.alloc(0) : errorDocument(code, message);
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}

function distort(answer: S3Response, fault: Fault): S3Response {
  const body = Buffer.from(answer.body);
  if (fault.do === 'rewrite') return { ...answer, body: Buffer.from(fault.with(body.toString())) };
  if (fault.do === 'resize' && fault.by < 0) return { ...answer, body: body.subarray(0, fault.by) };
  if (fault.do === 'resize') return { ...answer, body: Buffer.concat([body, Buffer.alloc(fault.by, 'x')]) };
  if (fault.do === 'corrupt-answer') {
    flipBytes(body);
    return { ...answer, body };
  }
  if (fault.do !== 'header') return answer;
  const headers = Object.entries({ ...answer.headers, ...fault.headers });
  return { ...answer, headers: Object.fromEntries(headers.flatMap(([n, v]) => (v === undefined ? [] : [[n, v]]))) };
}

/** Sends the answer, or as much of it as the fault lets through. */
function send(outgoing: ServerResponse, method: string, answer: S3Response, fault: Fault | undefined): void {
  const { status, headers, body } = answer;
  const { socket } = outgoing.req;
  if (fault?.do === 'cut' && fault.after === 'half-header') {
    socket.write('HTTP/1.1 200 OK\r\nContent-Le', () => socket.resetAndDestroy());
    return;
  }
  const cutTo = cutShare(fault);
  const announced = !(fault?.do === 'truncate' && !fault.announced);
  if (!announced) outgoing.useChunkedEncodingByDefault = false;
  outgoing.writeHead(status, {
    'x-amz-request-id': '0',
    ...headers,
    ...(announced ? { 'content-length': String(body.length) } : { connection: 'close' }),
  });
  if (method === 'HEAD' || status === 304) return void outgoing.end();
  if (cutTo === undefined) return void outgoing.end(body);
  outgoing.flushHeaders();
  outgoing.write(body.subarray(0, Math.floor(body.length * cutTo)), () => {
    if (fault?.do === 'truncate') socket.end();
    if (fault?.do === 'cut') socket.resetAndDestroy();
  });
}

function cutShare(fault: Fault | undefined): number | undefined {
  if (fault?.do === 'truncate') return fault.share;
  if (fault?.do !== 'cut' && fault?.do !== 'stall') return undefined;
  return typeof fault.after === 'number' ? fault.after : undefined;
}

/** Changes one byte near the start, the middle and the end. */
function flipBytes(body: Buffer): void {
  for (const at of [0, body.length >> 1, body.length - 1]) if (at >= 0 && at < body.length) body[at]! ^= 0x55;
}
