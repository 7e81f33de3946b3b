/** Counts, and where wanted hashes, the bytes that pass. Chunks are passed on untouched, valid until the next. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export class Tap implements AsyncIterableIterator<Uint8Array> {
  readonly #inner: AsyncIterator<Uint8Array>;
  readonly #count: (bytes: number) => void;
  readonly #md5: Hash | undefined;
  #crc32 = 0;

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
      if (this.#md5) {
        this.#md5.update(result.value);
        this.#crc32 = crc32(result.value, this.#crc32);
      }
    }
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }

  /** Of all bytes that passed, hexadecimal; only once, after the end. Empty where nothing was hashed. */
  digests(): { readonly md5?: string; readonly crc32?: string } {
    if (!this.#md5) return {};
    return { md5: this.#md5.digest('hex'), crc32: this.#crc32.toString(16).padStart(8, '0') };
  }
}
