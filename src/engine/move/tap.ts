/** Counts, and where wanted hashes, the bytes that pass. Chunks are passed on untouched, valid until the next. */
import type { Digests, StreamHash } from './hashing.ts';

export class Tap implements AsyncIterableIterator<Uint8Array> {
  readonly #inner: AsyncIterator<Uint8Array>;
  readonly #count: (bytes: number) => void;
  #hash: StreamHash | undefined;

  /** Takes care of `hash`, where the bytes are to be hashed. */
  constructor(inner: AsyncIterable<Uint8Array>, count: (bytes: number) => void, hash: StreamHash | undefined) {
    this.#inner = inner[Symbol.asyncIterator]();
    this.#count = count;
    this.#hash = hash;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const result = await this.#inner.next();
    if (result.done !== true) {
      this.#count(result.value.byteLength);
      const taken = this.#hash?.update(result.value);
      if (taken) await taken;
    }
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.forget();
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }

  /** Of all bytes that passed; only once, after the end. Undefined where nothing was hashed. */
  async digests(): Promise<Digests | undefined> {
    const hash = this.#hash;
    this.#hash = undefined;
    return await hash?.end();
  }

  /** The digests are not wanted any more. */
  forget(): void {
    this.#hash?.forget();
    this.#hash = undefined;
  }
}
