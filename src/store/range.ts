import { FerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { ReadOptions } from './store.ts';

/** The bytes asked for of an object of `size` bytes, by the rules of `Store.read`; throws `wrong-length`. */
export function wantedRange(size: number, key: Key, options: ReadOptions): { offset: number; length: number } {
  const offset = options.offset ?? 0;
  const rest = Math.max(0, size - offset);
  const asked = options.length ?? rest;
  const length = options.atMost === true ? Math.min(asked, rest) : asked;
  if (offset + length > size || (offset > 0 && offset >= size))
    throw new FerryError('wrong-length', {
      key,
      retryable: 'never',
      message: `bytes from ${offset} to ${offset + Math.max(1, length)} are wanted, the object has ${size}`,
    });
  return { offset, length };
}
