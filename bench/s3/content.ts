/**
 * What the objects of the benchmark server hold: slices of one pool of random bytes, so that a hundred thousand objects
 * and gigabytes of them cost no memory, and any two objects differ.
 */
import { createHash, hash } from 'node:crypto';

const PIECE = 2 ** 20;
const POOL = Buffer.alloc(64 * PIECE);

// xorshift32: the same bytes in every run, in every process.
let state = 0x9e3779b9;
for (let at = 0; at < POOL.length; at += 4) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  POOL.writeInt32LE(state, at);
}

export interface Content {
  readonly size: number;
  /** The bytes `[from, to)`. */
  slices(from: number, to: number): readonly Buffer[];
  /** Whether `bytes` are those at `from`. */
  equals(bytes: Buffer, from: number): boolean;
  /** MD5 of `[from, to)`. */
  md5(from: number, to: number): string;
}

/** Bytes of object number `id`. */
export class PoolContent implements Content {
  readonly size: number;
  readonly #id: number;
  readonly #digests = new Map<string, string>();

  constructor(id: number, size: number) {
    this.#id = id;
    this.size = size;
  }

  slices(from: number, to: number): Buffer[] {
    const slices: Buffer[] = [];
    for (let at = from; at < to;) {
      const inPiece = at % PIECE;
      const length = Math.min(PIECE - inPiece, to - at);
      const start = this.#pieceAt(Math.floor(at / PIECE)) + inPiece;
      slices.push(POOL.subarray(start, start + length));
      at += length;
    }
    return slices;
  }

  equals(bytes: Buffer, from: number): boolean {
    if (from < 0 || from + bytes.length > this.size) return false;
    let at = 0;
    return this.slices(from, from + bytes.length).every((slice) => {
      const same = slice.compare(bytes, at, at + slice.length) === 0;
      at += slice.length;
      return same;
    });
  }

  /** Computed once for every range of a large object. */
  md5(from: number, to: number): string {
    const slices = this.slices(from, to);
    if (slices.length === 1) return hash('md5', slices[0]!, 'hex');
    const name = `${from}-${to}`;
    let digest = this.#digests.get(name);
    if (digest === undefined) {
      const md5 = createHash('md5');
      for (const slice of slices) md5.update(slice);
      digest = md5.digest('hex');
      this.#digests.set(name, digest);
    }
    return digest;
  }

  /** Where in the pool a piece begins: anywhere that leaves room for it, by a hash of object and piece. */
  #pieceAt(piece: number): number {
    const mixed = Math.imul(Math.imul(this.#id + 1, 0x9e3779b1) ^ (piece + 0x7f4a7c15), 0x85ebca6b) >>> 0;
    return mixed % (POOL.length - PIECE);
  }
}

/** Bytes no source has: scratch objects of a tool. */
export class KeptContent implements Content {
  readonly size: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  slices(from: number, to: number): readonly Buffer[] {
    return [this.#bytes.subarray(from, to)];
  }

  equals(bytes: Buffer, from: number): boolean {
    return this.#bytes.subarray(from, from + bytes.length).equals(bytes);
  }

  md5(from: number, to: number): string {
    return hash('md5', this.#bytes.subarray(from, to), 'hex');
  }
}

/** The ETag of an object uploaded in parts of these MD5s. */
export function multipartEtag(digests: readonly string[]): string {
  return `${hash('md5', Buffer.from(digests.join(''), 'hex'), 'hex')}-${digests.length}`;
}
