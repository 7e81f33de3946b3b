import { hash } from 'node:crypto';

const BLOCK = 64;

/**
 * HMAC-SHA-256 (RFC 2104) with one key and many short messages.
 *
 * Two one-shot hashes over buffers that keep the padded key in place take 0.7 µs; `createHmac` takes 11 µs (Node 24,
 * measured), nearly all of it for making the object.
 */
export class HmacSha256 {
  readonly #innerKey = Buffer.alloc(BLOCK, 0x36);
  readonly #outer = Buffer.alloc(BLOCK + 32, 0x5c);
  #inner = this.#innerKey;

  constructor(key: Uint8Array) {
    const short = key.byteLength > BLOCK ? hash('sha256', key, 'buffer') : key;
    for (let i = 0; i < short.byteLength; i++) {
      this.#innerKey[i]! ^= short[i]!;
      this.#outer[i]! ^= short[i]!;
    }
  }

  /** Of a message whose characters are bytes (ASCII), in lower-case hexadecimal. */
  hex(message: string): string {
    if (this.#inner.length !== BLOCK + message.length) {
      this.#inner = Buffer.alloc(BLOCK + message.length);
      this.#inner.set(this.#innerKey);
    }
    this.#inner.write(message, BLOCK, 'latin1');
    this.#outer.write(hash('sha256', this.#inner, 'binary'), BLOCK, 'latin1');
    return hash('sha256', this.#outer, 'hex');
  }
}
