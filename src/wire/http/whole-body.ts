import type { FerryError } from '../../model/errors.ts';
import { type BodySource, type IncomingBody, LONGEST_DISCARD, NO_MORE, shortRead, tooLarge } from './response-body.ts';

/**
 * A body of known, small length, read into one buffer of exactly its size whether or not anybody waits. What came with
 * the head is copied, the rest lands in place, and `bytes` gives the buffer away.
 */
export class WholeBody implements IncomingBody, AsyncIterator<Uint8Array, undefined> {
  readonly length: number;
  readonly #source: BodySource;
  readonly #buffer: Buffer;
  #target: Buffer | undefined;
  #filled = 0;
  #read = false;
  #error: FerryError | undefined;
  #waiting: { resolve(): void; reject(error: Error): void } | undefined;

  constructor(source: BodySource, length: number) {
    this.length = length;
    this.#source = source;
    this.#buffer = Buffer.allocUnsafe(length);
  }

  get arrived(): boolean {
    return this.#filled === this.length;
  }

  get wantsMore(): boolean {
    return true;
  }

  get hungry(): boolean {
    return true;
  }

  target(): Buffer | undefined {
    return (this.#target = this.#buffer.subarray(this.#filled));
  }

  take(bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.length - this.#filled);
    if (bytes !== this.#target) bytes.copy(this.#buffer, this.#filled, from, end);
    this.#filled += end - from;
    if (this.arrived) this.#waiting?.resolve();
    return end;
  }

  ended(cause?: Error): void {
    this.fail(shortRead(this.#filled, this.length, cause));
  }

  fail(error: FerryError): void {
    if (this.arrived) return;
    this.#error ??= error;
    this.#waiting?.reject(this.#error);
  }

  bytes(limit: number): Promise<Buffer> {
    if (this.length > limit) {
      this.cancel();
      return Promise.reject(tooLarge(limit));
    }
    this.#read = true;
    return this.arrived ? Promise.resolve(this.#buffer) : this.#arrival().then(() => this.#buffer);
  }

  async discard(): Promise<void> {
    this.#read = true;
    if (this.length - this.#filled > LONGEST_DISCARD) this.#source.cut();
    else if (!this.arrived && this.#error === undefined) await this.#arrival().catch(() => undefined);
  }

  cancel(): void {
    this.#read = true;
    if (!this.arrived) this.#source.cut();
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#read || this.length === 0) return NO_MORE;
    this.#read = true;
    const value = this.#buffer;
    return this.arrived
      ? Promise.resolve({ done: false, value })
      : this.#arrival().then(() => ({ done: false, value }));
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.cancel();
    return NO_MORE;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return this;
  }

  #arrival(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
