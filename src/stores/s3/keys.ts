/** Keys between Ferry (relative to the endpoint's path) and the wire (with it in front, percent-encoded). */
import { keyBytes, type Key } from '../../model/key.ts';
import { uriEncode } from '../../wire/sigv4/encode.ts';

export class KeySpace {
  /** What every full key here begins with: '' or text that ends in `/`. */
  readonly prefix: string;
  readonly #encodedPrefix: string;
  readonly #prefixBytes: number;

  /** `/a/b`, `a/b` and `a/b/` are the same place; `` and `/` are the whole bucket. */
  constructor(path: string) {
    let start = 0;
    while (path[start] === '/') start++;
    const rest = path.slice(start);
    this.prefix = rest === '' || rest.endsWith('/') ? rest : `${rest}/`;
    this.#prefixBytes = keyBytes(this.prefix);
    this.#encodedPrefix = `/${uriEncode(this.prefix, true)}`;
  }

  /** `/` and the encoded full key, for a request line. */
  path(key: Key): string {
    return this.#encodedPrefix + uriEncode(key, true);
  }

  /** The full key, as text. */
  full(key: string): string {
    return this.prefix + key;
  }

  /** Bytes of a full key of which `key` is the rest. */
  bytes(key: Key): number {
    return this.#prefixBytes + keyBytes(key);
  }

  /** Undefined for the prefix itself, which is the root here and no object in it. */
  relative(full: string): Key | undefined {
    return full.length > this.prefix.length ? full.slice(this.prefix.length) : undefined;
  }
}
