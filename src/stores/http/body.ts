/** Bodies of answers as the Store contract has them. */
import { collect, shortRead, wrongLength } from '../../store/read-body.ts';
import type { ReadBody } from '../../store/store.ts';
import type { HttpBody } from '../../wire/http/client.ts';

/** All of an answer. The client below fails what ends before its `Content-Length`. */
export class WholeAnswer implements ReadBody {
  readonly size: number | undefined;
  readonly #body: HttpBody;

  constructor(body: HttpBody) {
    this.#body = body;
    this.size = body.length;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#body[Symbol.asyncIterator]();
  }

  bytes(limit: number): Promise<Uint8Array> {
    return this.#body.bytes(limit);
  }

  cancel(): void {
    this.#body.cancel();
  }
}

/** `size` bytes of an answer, after the first `skip`: what a server that knows no ranges sent around them is dropped. */
export class AnswerSlice implements ReadBody {
  readonly size: number;
  readonly #body: HttpBody;
  readonly #skip: number;
  /** Whether anything may follow. */
  readonly #open: boolean;

  constructor(body: HttpBody, skip: number, size: number, open: boolean) {
    this.#body = body;
    this.#skip = skip;
    this.size = size;
    this.#open = open;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let skip = this.#skip;
    let left = this.size;
    for await (const chunk of this.#body) {
      const from = Math.min(skip, chunk.byteLength);
      skip -= from;
      const end = Math.min(chunk.byteLength, from + left);
      left -= end - from;
      if (end < chunk.byteLength && !this.#open) throw wrongLength(this.size);
      if (end > from) yield chunk.subarray(from, end);
      if (left === 0 && this.#open) break;
    }
    if (left > 0) throw shortRead(this.size - left, this.size);
    this.#body.cancel();
  }

  bytes(limit: number): Promise<Uint8Array> {
    return collect(this, this.size, limit);
  }

  cancel(): void {
    this.#body.cancel();
  }
}
