import { hash } from 'node:crypto';
import { EMPTY_SHA256 } from './canonical.ts';
import { HmacSha256 } from './hmac.ts';

/**
 * Signatures of the chunks of one streamed body. Each covers the one before, so a chunk cannot be left out, repeated
 * or moved. Source: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
 */
export class ChunkSigner {
  readonly #hmac: HmacSha256;
  readonly #prefix: string;
  readonly #trailerPrefix: string;
  readonly #seed: string;
  #previous: string;

  /** `seed` is the signature of the request, `timestamp` its `x-amz-date`. */
  constructor(signingKey: Uint8Array, timestamp: string, scope: string, seed: string) {
    this.#hmac = new HmacSha256(signingKey);
    this.#prefix = `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scope}\n`;
    this.#trailerPrefix = `AWS4-HMAC-SHA256-TRAILER\n${timestamp}\n${scope}\n`;
    this.#seed = seed;
    this.#previous = seed;
  }

  /** Begins again with the first chunk, for a body that is sent again. */
  restart(): void {
    this.#previous = this.#seed;
  }

  /** Signature of the next chunk, given the hexadecimal SHA-256 of its bytes; the last chunk is empty. */
  chunk(sha256: string): string {
    this.#previous = this.#hmac.hex(`${this.#prefix}${this.#previous}\n${EMPTY_SHA256}\n${sha256}`);
    return this.#previous;
  }

  /** Signature of the trailer after the last chunk; `trailer` is `name:value\n` for each of its headers. */
  trailer(trailer: string): string {
    this.#previous = this.#hmac.hex(`${this.#trailerPrefix}${this.#previous}\n${hash('sha256', trailer, 'hex')}`);
    return this.#previous;
  }
}
