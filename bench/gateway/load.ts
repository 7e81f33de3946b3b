/**
 * Makes the load, in a process of its own: signed requests on kept connections, each sent when the answer before it is
 * whole. Requests are signed before the clock starts (a signature is good for 15 minutes), so that little but the sockets
 * is measured here. `PUT` sends what `GET` of the same key gives elsewhere: the backend compares.
 */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from '../../src/wire/sigv4/canonical.ts';
import { SigV4Signer } from '../../src/wire/sigv4/signer.ts';
import { USER, type Load, type Order, type Outcome } from './protocol.ts';

const SLICE = 2 ** 20;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** Bodies above this are sent unsigned, as clients do where a checksum takes its place. */
const LARGE = 2 ** 20;

interface Prepared {
  readonly head: Buffer;
  readonly body: Buffer;
}

const signer = new SigV4Signer({ ...USER, service: 's3' });
const open: Connection[] = [];

/** One kept connection. */
class Connection {
  readonly #socket: Socket;
  readonly #expected: RegExp;
  #head: Buffer | undefined;
  #left = 0;
  #got = 0;
  #keep: Buffer[] | undefined;
  #done: PromiseWithResolvers<void> | undefined;

  private constructor(socket: Socket, status: number | undefined) {
    this.#socket = socket;
    this.#expected = new RegExp(`^HTTP/1.1 ${status ?? '2\\d\\d'} `);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#done?.reject(error));
    socket.on('close', () => this.#done?.reject(new Error('the server closed the connection')));
  }

  static async open(port: number, status?: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket, status);
  }

  /** Bytes of the body that came. */
  async ask({ head, body }: Prepared, keep?: Buffer[]): Promise<number> {
    this.#head = undefined;
    this.#got = 0;
    this.#keep = keep;
    this.#done = Promise.withResolvers();
    if (body.length <= SLICE) this.#socket.write(body.length === 0 ? head : Buffer.concat([head, body]));
    else {
      this.#socket.write(head);
      for (let at = 0; at < body.length; at += SLICE)
        if (!this.#socket.write(body.subarray(at, at + SLICE))) await once(this.#socket, 'drain');
    }
    await this.#done.promise;
    return this.#got;
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#left === 0) {
      if (this.#head !== undefined) bytes = Buffer.concat([this.#head, bytes]);
      const end = bytes.indexOf(END_OF_HEAD);
      if (end < 0) {
        this.#head = Buffer.from(bytes);
        return;
      }
      const head = bytes.toString('latin1', 0, end);
      if (!this.#expected.test(head)) return this.#done!.reject(new Error(bytes.toString('latin1').slice(0, 500)));
      this.#head = undefined;
      this.#left = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      bytes = bytes.subarray(end + 4);
    }
    this.#left -= bytes.length;
    this.#got += bytes.length;
    this.#keep?.push(Buffer.from(bytes));
    if (this.#left === 0) this.#done!.resolve();
  }
}

function prepared(port: number, method: string, bucket: string, key: string, body: Buffer): Prepared {
  const [path, query] = key.startsWith('?') ? [`/${bucket}`, key.slice(1)] : [`/${bucket}/${key}`, ''];
  const headers = ['Host', `127.0.0.1:${port}`];
  const payloadHash = body.length === 0 ? EMPTY_SHA256 : body.length > LARGE ? UNSIGNED_PAYLOAD : hash('sha256', body);
  const added = signer.sign({ method, path, query, headers, payloadHash, now: Date.now() });
  const all = [...headers, ...added];
  if (method === 'PUT') all.push('Content-Length', String(body.length));
  let head = `${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1\r\n`;
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
  return { head: Buffer.from(`${head}\r\n`, 'latin1'), body };
}

async function bodies({ port: there, keys, contents }: Load): Promise<Buffer[]> {
  const { port, bucket } = contents ?? { port: there, bucket: 'source' };
  const connection = await Connection.open(port);
  const found: Buffer[] = [];
  for (const key of keys) {
    const pieces: Buffer[] = [];
    await connection.ask(prepared(port, 'GET', bucket, key, Buffer.alloc(0)), pieces);
    found.push(Buffer.concat(pieces));
  }
  connection.close();
  return found;
}

async function run(load: Load): Promise<Outcome> {
  const { port, method, bucket, keys, seconds } = load;
  const contents = method === 'PUT' ? await bodies(load) : keys.map(() => Buffer.alloc(0));
  const requests = keys.map((key, i) => prepared(port, method, bucket, key, contents[i]!));
  const connections = await Promise.all(
    Array.from({ length: load.connections }, () => Connection.open(port, load.status)),
  );
  const times: number[] = [];
  let bytes = 0;
  let next = 0;
  const began = performance.now();
  const until = began + (seconds ?? Infinity) * 1000;
  const most = seconds === undefined ? requests.length : Infinity;
  await Promise.all(
    connections.map(async (connection) => {
      for (let now = performance.now(); now < until && next < most;) {
        const request = requests[next++ % requests.length]!;
        bytes += (await connection.ask(request)) + request.body.length;
        const then = performance.now();
        times.push(then - now);
        now = then;
      }
    }),
  );
  const wall = (performance.now() - began) / 1000;
  for (const connection of connections) connection.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  return { requests: times.length, bytes, wall, p50: at(0.5), p99: at(0.99) };
}

async function obey(order: Order): Promise<Outcome | undefined> {
  if (order.do === 'run') return await run(order);
  if (order.do === 'close') {
    for (const connection of open.splice(0)) connection.close();
    return undefined;
  }
  const { port, bucket, key } = order;
  const request = prepared(port, 'GET', bucket, key, Buffer.alloc(0));
  for (let i = 0; i < order.connections; i++) {
    const connection = await Connection.open(port);
    await connection.ask(request);
    open.push(connection);
  }
  return undefined;
}

process.on('message', (order: Order) => {
  obey(order).then(
    (outcome) => process.send!(outcome ?? {}),
    (error: unknown) => process.send!({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send!({});
