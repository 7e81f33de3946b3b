/**
 * Where a tree is the destination: keys that lie below the name of a file.
 *
 * Keys are met in order, those of both sides together. Memory: the files among the prefixes of the current key.
 */
import { compareKeys, type Key } from '../model/key.ts';

/** The character after `/`: no key below `a/` comes after `a0`. */
const AFTER_SLASH = '0';

export class PathConflicts<T> {
  readonly #above: { readonly key: Key; readonly end: Key; readonly file: T }[] = [];

  /** What was given for the file that `key` lies below; undefined where it lies below none. */
  meet(key: Key): T | undefined {
    while (this.#above.length > 0 && compareKeys(key, this.#above.at(-1)!.end) >= 0) this.#above.pop();
    return this.#above.findLast((file) => key.startsWith(`${file.key}/`))?.file;
  }

  /** `key`, just met, is a file. */
  add(key: Key, file: T): void {
    if (!key.endsWith('/')) this.#above.push({ key, end: key + AFTER_SLASH, file });
  }
}
