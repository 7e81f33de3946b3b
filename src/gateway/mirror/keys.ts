import { FerryError } from '../../model/errors.ts';
import type { Fetch } from './fetch.ts';

/** Changes that are remembered: more than clients make while one of them waits for an answer of the store. */
const MOST_CHANGES = 10_000;

/**
 * Who does what to which key, so that a fetch never undoes what a client did: an object fetched becomes visible only if
 * no client has changed its key since it was seen to be missing, and a client's change waits for one that is becoming
 * visible at that very moment. None of it relies on what the store promises. Memory: what is under way, and some hundred
 * bytes for each of the latest changes.
 */
export class Keys {
  readonly #fetches = new Map<string, Fetch>();
  /** Clients' changes under way. */
  readonly #changing = new Map<string, number>();
  readonly #committing = new Map<string, Set<Promise<unknown>>>();
  /** Changes so far, and the latest of each key that was changed lately, the longest ago first. */
  #changes = 0;
  readonly #latest = new Map<string, number>();
  /** The latest change that is remembered no more. */
  #forgotten = 0;

  /** A moment, to be told before somebody looks whether an object is there. */
  get moment(): number {
    return this.#changes;
  }

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
    if (fetch.superseded || this.#changing.has(key) || this.#changedSince(key, fetch.since))
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

  /** A client's change of a key, or of several at once. */
  async change<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    for (const key of keys) {
      this.#changing.set(key, (this.#changing.get(key) ?? 0) + 1);
      this.#note(key);
      this.#supersede(key);
    }
    try {
      for (const key of keys) {
        const committing = this.#committing.get(key);
        if (committing !== undefined) await Promise.allSettled(committing);
      }
      return await work();
    } finally {
      for (const key of keys) {
        // Fetches that began meanwhile may have read what this change replaced.
        this.#supersede(key);
        const left = this.#changing.get(key)! - 1;
        if (left > 0) this.#changing.set(key, left);
        else this.#changing.delete(key);
      }
    }
  }

  #note(key: string): void {
    this.#latest.delete(key);
    this.#latest.set(key, ++this.#changes);
    for (const [oldest, change] of this.#latest) {
      if (this.#latest.size <= MOST_CHANGES) break;
      this.#latest.delete(oldest);
      this.#forgotten = change;
    }
  }

  /** Rather once too often: what is remembered no more may have been this key. */
  #changedSince(key: string, moment: number): boolean {
    return (this.#latest.get(key) ?? this.#forgotten) > moment;
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
