/**
 * As little HTTP/1.1 as S3 clients need, on a bare socket: keep-alive, Content-Length, Expect. No pipelining, no chunked
 * requests, nothing checked that a well-behaved client gets right.
 */
import type { Socket } from 'node:net';

export class RequestHead {
  readonly method: string;
  readonly target: string;
  readonly #head: string;
  readonly #lower: string;

  constructor(head: string) {
    const space = head.indexOf(' ');
    this.method = head.slice(0, space);
    this.target = head.slice(space + 1, head.indexOf(' ', space + 1));
    this.#head = head;
    this.#lower = head.toLowerCase();
  }

  /** Value of a field by its lower-case name; '' where it is absent. */
  header(name: string): string {
    const at = this.#lower.indexOf(`\n${name}:`);
    if (at < 0) return '';
    const end = this.#head.indexOf('\r', at);
    return this.#head.slice(at + name.length + 2, end < 0 ? undefined : end).trim();
  }

  /** The lines a stored object keeps, as they came. */
  kept(): string {
    let kept = '';
    for (let at = this.#lower.indexOf('\n'); at >= 0; at = this.#lower.indexOf('\n', at + 1)) {
      if (!this.#lower.startsWith('x-amz-meta-', at + 1) && !this.#lower.startsWith('content-type:', at + 1)) continue;
      const end = this.#head.indexOf('\r', at);
      kept += `${this.#head.slice(at + 1, end < 0 ? undefined : end)}\r\n`;
    }
    return kept;
  }
}

/** Takes a request's body and gives its answer. */
export interface Exchange {
  chunk(bytes: Buffer): void;
  /** A whole answer, header and body; `later` is its delay in milliseconds. */
  end(): { readonly head: string; readonly body: readonly Buffer[]; readonly later?: number };
}

const COPY_LIMIT = 64 * 1024;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

export function serve(socket: Socket, begin: (head: RequestHead) => Exchange): void {
  let rest: Buffer | undefined;
  let exchange: Exchange | undefined;
  let left = 0;

  const finish = (): void => {
    const { head, body, later } = exchange!.end();
    exchange = undefined;
    if (later === undefined) send(socket, head, body);
    else setTimeout(send, later, socket, head, body);
  };

  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    rest = undefined;
    while (bytes.length > 0) {
      if (exchange === undefined) {
        const end = bytes.indexOf(END_OF_HEAD);
        if (end < 0) {
          rest = bytes;
          return;
        }
        const head = new RequestHead(bytes.toString('latin1', 0, end));
        bytes = bytes.subarray(end + 4);
        left = Number(head.header('content-length'));
        exchange = begin(head);
        if (left > 0 && bytes.length === 0 && head.header('expect') !== '')
          socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      } else {
        const part = bytes.length > left ? bytes.subarray(0, left) : bytes;
        exchange.chunk(part);
        left -= part.length;
        bytes = bytes.subarray(part.length);
      }
      if (left === 0) finish();
    }
  });
}

function send(socket: Socket, head: string, body: readonly Buffer[]): void {
  if (body.length === 0) return void socket.write(head, 'latin1');
  if (body.length === 1 && body[0]!.length <= COPY_LIMIT) {
    // One copy is cheaper than a second buffer for the kernel to gather.
    const whole = Buffer.allocUnsafe(head.length + body[0]!.length);
    whole.write(head, 0, 'latin1');
    body[0]!.copy(whole, head.length);
    return void socket.write(whole);
  }
  socket.cork();
  socket.write(head, 'latin1');
  for (const slice of body) socket.write(slice);
  socket.uncork();
}
