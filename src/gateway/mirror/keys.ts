import { FerryError } from '../../model/errors.ts';
import type { Fetch } from './fetch.ts';

/**
 * Who does what to which key, so that a fetch never undoes what a client did: an object fetched becomes visible only if
 * no client has changed its key since the fetch began, and a client's change waits for one that is becoming visible at
 * that very moment. Memory: what is under way.
 */
export class Keys {
  readonly #fetches = new Map<string, Fetch>();
  /** Clients' changes under way. */
  readonly #changing = new Map<string, number>();
  readonly #committing = new Map<string, Set<Promise<unknown>>>();

  /** Fetches under way that somebody may join. */
  get fetches(): ReadonlyMap<string, Fetch> {
    return this.#fetches;
  }

  /** Joined by others until it has ended, or a client changes the key. */
  begin(fetch: Fetch): void {
    this.#fetches.set(fetch.key, fetch);
    void fetch.ended.then(() => this.#forget(fetch));
  }

  /** Rejects with `already-exists` where a client has changed the key, or is about to. */
  async commit<T>(fetch: Fetch, work: () => Promise<T>): Promise<T> {
    const { key } = fetch;
    if (fetch.superseded || this.#changing.has(key))
      throw new FerryError('already-exists', { key, message: 'A client has changed the key meanwhile' });
    const done = work();
    const all = this.#committing.get(key) ?? new Set();
    this.#committing.set(key, all.add(done));
    try {
      return await done;
    } finally {
      all.delete(done);
      if (all.size === 0) this.#committing.delete(key);
    }
  }

  /** A client's change of a key. */
  async change<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#changing.set(key, (this.#changing.get(key) ?? 0) + 1);
    this.#supersede(key);
    try {
      const committing = this.#committing.get(key);
      if (committing !== undefined) await Promise.allSettled(committing);
      return await work();
    } finally {
      // Fetches that began meanwhile may have read what this change replaced.
      this.#supersede(key);
      const left = this.#changing.get(key)! - 1;
      if (left > 0) this.#changing.set(key, left);
      else this.#changing.delete(key);
    }
  }

  #supersede(key: string): void {
    const fetch = this.#fetches.get(key);
    if (fetch === undefined) return;
    fetch.superseded = true;
    this.#fetches.delete(key);
  }

  #forget(fetch: Fetch): void {
    if (this.#fetches.get(fetch.key) === fetch) this.#fetches.delete(fetch.key);
  }
}
