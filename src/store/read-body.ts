/** Building blocks for the bodies a `read` answers with. */
import { FerryError } from '../model/errors.ts';
import { interrupted } from './abort.ts';
import type { ReadBody } from './store.ts';

/**
 * All of `chunks` in one new buffer of at most `limit` bytes; `size` is how many are promised, where that is known.
 * More than `limit` rejects with `too-large`, fewer than promised with `short-read`, more with `wrong-length`.
 */
export async function collect(
  chunks: AsyncIterable<Uint8Array>,
  size: number | undefined,
  limit: number,
): Promise<Uint8Array> {
  if (size !== undefined && size > limit) throw tooLarge(limit);
  let buffer = Buffer.allocUnsafeSlow(size ?? Math.min(limit, 64 * 1024));
  let length = 0;
  for await (const chunk of chunks) {
    const end = length + chunk.byteLength;
    if (size !== undefined && end > size) throw wrongLength(size);
    if (end > limit) throw tooLarge(limit);
    if (end > buffer.byteLength) {
      const larger = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(end, buffer.byteLength * 2)));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(chunk, length);
    length = end;
  }
  if (size !== undefined && length < size) throw shortRead(length, size);
  return buffer.subarray(0, length);
}

export function shortRead(got: number, promised: number): FerryError {
  return new FerryError('short-read', { message: `only ${got} of ${promised} bytes came` });
}

export function wrongLength(promised: number): FerryError {
  return new FerryError('wrong-length', { message: `more than the ${promised} bytes promised came` });
}

export function tooLarge(limit: number): FerryError {
  return new FerryError('too-large', { message: `the body is larger than the ${limit} bytes wanted here` });
}

/** Bytes already in memory as a body, in pieces of at most `chunkSize`. The pieces are views: they must not be changed. */
export class MemoryBody implements ReadBody {
  readonly size: number;
  readonly #pieces: readonly Uint8Array[];
  readonly #offset: number;
  readonly #chunkSize: number;
  readonly #signal: AbortSignal | undefined;
  #cancelled = false;

  /** `pieces` one after the other hold at least `offset + size` bytes. */
  constructor(
    pieces: readonly Uint8Array[],
    offset: number,
    size: number,
    options: { readonly chunkSize?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ) {
    this.#pieces = pieces;
    this.#offset = offset;
    this.size = size;
    this.#chunkSize = options.chunkSize ?? 256 * 1024;
    this.#signal = options.signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (const chunk of this.#chunks()) yield chunk;
  }

  async bytes(limit: number): Promise<Uint8Array> {
    if (this.size > limit) throw tooLarge(limit);
    const buffer = Buffer.allocUnsafeSlow(this.size);
    let at = 0;
    for (const chunk of this.#chunks()) {
      buffer.set(chunk, at);
      at += chunk.byteLength;
    }
    return buffer;
  }

  cancel(): void {
    this.#cancelled = true;
  }

  *#chunks(): Generator<Uint8Array> {
    let skip = this.#offset;
    let left = this.size;
    for (const piece of this.#pieces) {
      if (left === 0) return;
      if (skip >= piece.byteLength) {
        skip -= piece.byteLength;
        continue;
      }
      while (skip < piece.byteLength && left > 0) {
        if (this.#cancelled) throw new FerryError('interrupted', { message: 'the body was cancelled' });
        if (this.#signal?.aborted) throw interrupted(this.#signal);
        const chunk = piece.subarray(skip, Math.min(piece.byteLength, skip + Math.min(this.#chunkSize, left)));
        skip += chunk.byteLength;
        left -= chunk.byteLength;
        yield chunk;
      }
      skip = 0;
    }
  }
}
