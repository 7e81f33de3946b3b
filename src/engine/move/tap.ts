/** Counts, and where wanted hashes, the bytes that pass. Chunks are passed on untouched, valid until the next. */
import { createHash, type Hash } from 'node:crypto';

export class Tap implements AsyncIterableIterator<Uint8Array> {
  readonly #inner: AsyncIterator<Uint8Array>;
  readonly #count: (bytes: number) => void;
  readonly #md5: Hash | undefined;

  constructor(inner: AsyncIterable<Uint8Array>, count: (bytes: number) => void, hash: boolean) {
    this.#inner = inner[Symbol.asyncIterator]();
    this.#count = count;
    this.#md5 = hash ? createHash('md5') : undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const result = await this.#inner.next();
    if (result.done !== true) {
      this.#count(result.value.byteLength);
      this.#md5?.update(result.value);
    }
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }

  /** Of all bytes that passed; only after the end. */
  md5(): string | undefined {
    return this.#md5?.digest('hex');
  }
}
