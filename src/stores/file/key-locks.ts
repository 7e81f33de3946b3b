import type { Key } from '../../model/key.ts';

/** One after the other for each key. Memory: the keys that are being worked on. */
export class KeyLocks {
  readonly #tails = new Map<Key, Promise<void>>();

  /** Does the work when all that was asked for before it, for this key, is over. */
  hold<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const outcome = before === undefined ? work() : before.then(work);
    const over = (): void => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    const tail = outcome.then(over, over);
    this.#tails.set(key, tail);
    return outcome;
  }
}
