import { md5Hex } from '../../wire/checksum/hasher.ts';
import { scramble } from './keys.ts';

/** So many different contents there are. */
export const CONTENTS = 1024;

/** One content: what it is called by, how long it is, and its bytes on demand. */
export interface Content {
  readonly size: number;
  /** MD5 of the bytes. */
  readonly etag: string;
  bytes(): Buffer;
}

/** A fixed number of contents, so that every ETag is the true MD5 of true bytes and costs nothing per object. */
export class GeneratedContents {
  readonly #contents = new Map<number, Content>();
  readonly #seed: number;
  readonly #maxSize: number;

  /** Sizes are spread evenly up to `maxSize` bytes. */
  constructor(seed: number, maxSize: number) {
    this.#seed = seed;
    this.#maxSize = maxSize;
  }

  at(number: number): Content {
    const known = this.#contents.get(number);
    if (known) return known;
    const size = scramble(number, this.#seed) % (this.#maxSize + 1);
    const bytes = (): Buffer => bytesOf(number, this.#seed, size);
    const content: Content = { size, etag: md5Hex(bytes()), bytes };
    this.#contents.set(number, content);
    return content;
  }
}

/** The number of the content and a pattern after it, so that no two are equal but the empty ones. */
function bytesOf(number: number, seed: number, size: number): Buffer {
  const pattern = Buffer.alloc(256);
  for (let at = 0; at < 256; at += 4) pattern.writeUInt32LE(scramble(number + at * CONTENTS, seed), at);
  return Buffer.alloc(size, pattern);
}
