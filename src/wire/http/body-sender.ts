import type { Socket } from 'node:net';
import { FerryError } from '../../model/errors.ts';
import type { StreamBody } from '../../model/body.ts';
import { KiB } from '../../model/units.ts';
import type { Ticker } from './ticker.ts';

/** Up to here a copy beside the head costs less than a second write. */
export const ONE_WRITE = 64 * KiB;

/** Larger pieces of a buffer are not written at once, so that progress shows on slow lines and an early answer stops it. */
const SLICE = 512 * KiB;

/** Head and bytes as one buffer. */
export function joined(head: string, bytes: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(head.length + bytes.length);
  whole.write(head, 0, 'latin1');
  whole.set(bytes, head.length);
  return whole;
}

/** Writes one large or streamed request body, each piece when the kernel has taken the one before. */
export class BodySender {
  /** A write waits for the kernel, since `since` (of the ticker). */
  writing = false;
  since: number;
  readonly #socket: Socket;
  readonly #ticker: Ticker;
  #head: string;
  #stopped = false;

  constructor(socket: Socket, ticker: Ticker, head: string) {
    this.#socket = socket;
    this.#ticker = ticker;
    this.#head = head;
    this.since = ticker.now;
  }

  /** No further piece is written. */
  stop(): void {
    this.#stopped = true;
  }

  /** True when all is sent, false when stopped. Rejects with what the stream throws, or `wrong-length`. */
  async buffer(bytes: Uint8Array): Promise<boolean> {
    for (let at = 0; at < bytes.length && !this.#stopped; at += SLICE)
      await this.#write(bytes.subarray(at, at + SLICE));
    return !this.#stopped;
  }

  /**
   * As `buffer`. The end of the body goes out only after the stream has ended well: a source that finds a wrong
   * checksum after its last chunk leaves a request that the server cannot take for whole.
   */
  async stream(body: StreamBody): Promise<boolean> {
    const chunks = body.open()[Symbol.asyncIterator]();
    let left = body.size;
    let ended = false;
    try {
      while (left > 0) {
        const step = await chunks.next();
        if (this.#stopped) return false;
        ended = step.done === true;
        if (step.done === true) throw wrongLength(body.size, body.size - left);
        left -= step.value.length;
        if (left < 0) throw wrongLength(body.size, body.size - left);
        if (left === 0) await this.#last(step.value, body.size, chunks);
        else if (step.value.length > 0) await this.#write(step.value);
        ended = left === 0;
        if (this.#stopped) return false;
      }
      if (body.size === 0) await this.#last(new Uint8Array(0), 0, chunks);
      ended = true;
      return !this.#stopped;
    } finally {
      if (!ended) void chunks.return?.().then(undefined, () => undefined);
    }
  }

  /** One piece of a body that is put together elsewhere; true once the kernel has it, false when stopped. */
  async piece(bytes: Uint8Array): Promise<boolean> {
    if (!this.#stopped) await this.#write(bytes);
    return !this.#stopped;
  }

  /** Holds back the chunk if it is small, else its last byte, until the stream says that it was the last. */
  async #last(chunk: Uint8Array, size: number, chunks: AsyncIterator<Uint8Array>): Promise<void> {
    let rest = chunk;
    if (chunk.length > ONE_WRITE) {
      await this.#write(chunk.subarray(0, -1));
      rest = chunk.subarray(-1);
    }
    const held = joined(this.#head, rest);
    this.#head = '';
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next())
      if (step.value.length > 0) throw wrongLength(size, size + step.value.length);
    if (!this.#stopped) await this.#write(held);
  }

  /** Resolves when the kernel has the bytes, or the socket is gone (then somebody stops this sender). */
  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const written = (): void => {
        this.writing = false;
        resolve();
      };
      this.writing = true;
      this.since = this.#ticker.now;
      const head = this.#head;
      this.#head = '';
      if (head === '') this.#socket.write(bytes, written);
      else if (bytes.length <= ONE_WRITE) this.#socket.write(joined(head, bytes), written);
      else {
        this.#socket.cork();
        this.#socket.write(head, 'latin1');
        this.#socket.write(bytes, written);
        this.#socket.uncork();
      }
    });
  }
}

function wrongLength(size: number, got: number): FerryError {
  const message = `The body to send is ${got > size ? 'longer' : 'shorter'} than its ${size} bytes`;
  return new FerryError('wrong-length', { message });
}
