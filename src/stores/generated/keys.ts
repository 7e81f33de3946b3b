import type { Key } from '../../model/key.ts';
import { compareKeys } from '../../model/key.ts';

/** `flat`: ten hexadecimal digits, as if named by a hash. `tree`: directories of a thousand files, in directories. */
export type KeyShape = 'flat' | 'tree';

/** Room for flat keys: forty bits. */
const SPACE = 2 ** 40;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const FILES = 1000;
const DIRECTORIES = 1000;
const ZERO = 0x30;

/**
 * The keys of a generated store, in order, computed from their position: `at` is strictly increasing in UTF-8 order,
 * so that a place in the list is found by bisection and none is kept.
 */
export class GeneratedKeys {
  readonly count: number;
  readonly #shape: KeyShape;
  readonly #seed: number;
  readonly #step: number;
  readonly #flat = Buffer.alloc(10);
  readonly #tree = Buffer.from('d0000/d000/file-000.dat', 'latin1');

  /** `count` up to a thousand million. */
  constructor(shape: KeyShape, count: number, seed: number) {
    this.#shape = shape;
    this.count = count;
    this.#seed = seed;
    this.#step = Math.floor(SPACE / Math.max(1, count));
  }

  at(index: number): Key {
    return this.#shape === 'flat' ? this.#flatAt(index) : this.#treeAt(index);
  }

  /** How many keys are not greater than `key`: the position of the first that is. */
  countThrough(key: Key): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (compareKeys(this.at(middle), key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The position of exactly this key; undefined where it is none. */
  indexOf(key: Key): number | undefined {
    const index = this.countThrough(key) - 1;
    return index >= 0 && this.at(index) === key ? index : undefined;
  }

  /** A number of its own somewhere in its step: spread as hashes are, and increasing. */
  #flatAt(index: number): Key {
    let value = index * this.#step + (scramble(index, this.#seed) % this.#step);
    const digits = this.#flat;
    for (let at = 9; at >= 0; at--) {
      const rest = Math.floor(value / 16);
      digits[at] = HEX[value - rest * 16]!;
      value = rest;
    }
    return digits.toString('latin1');
  }

  #treeAt(index: number): Key {
    const path = this.#tree;
    const directory = Math.floor(index / FILES);
    const top = Math.floor(directory / DIRECTORIES);
    writeDecimal(path, 1, 4, top);
    writeDecimal(path, 7, 3, directory - top * DIRECTORIES);
    writeDecimal(path, 16, 3, index - directory * FILES);
    return path.toString('latin1');
  }
}

/** 32 bits that look random, the same for the same numbers (the finaliser of MurmurHash3). */
export function scramble(index: number, seed: number): number {
  let mixed = (index ^ Math.imul(seed + 1, 0x9e3779b1)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function writeDecimal(path: Buffer, offset: number, count: number, value: number): void {
  let left = value;
  for (let at = offset + count - 1; at >= offset; at--) {
    const rest = Math.floor(left / 10);
    path[at] = ZERO + left - rest * 10;
    left = rest;
  }
}
