/**
 * Several writes, one fsync: what is added in one turn of the event loop shares a transaction. Holds at most what one
 * turn adds.
 */
import { isFerryError, type ErrorCode } from '../../model/errors.ts';
import type { Database } from './database.ts';

interface Write {
  /** Does it; gives what tells whoever waits for it, once it is committed. Throws as `add` says. */
  readonly attempt: () => () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #db: Pick<Database, 'transaction'>;
  readonly #refusals: readonly ErrorCode[];
  #pending: Write[] = [];

  /** `refusals`: what work throws that has written nothing. */
  constructor(db: Pick<Database, 'transaction'>, refusals: readonly ErrorCode[]) {
    this.#db = db;
    this.#refusals = refusals;
  }

  /**
   * Resolves with what `work` gives when it is committed. Work that refuses (a lost lease, a defect) fails alone; a
   * failing disk, all.
   */
  add<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const attempt = (): (() => void) => {
      try {
        const result = work();
        return () => resolve(result);
      } catch (error) {
        if (!this.#refusals.some((code) => isFerryError(error, code))) throw error;
        return () => reject(error);
      }
    };
    if (this.#pending.push({ attempt, reject }) === 1) setImmediate(() => this.flush());
    return promise;
  }

  /** Commits what is pending now, so that a write after it comes after it on disk too. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const writes = this.#pending;
    this.#pending = [];
    let told: readonly (() => void)[];
    try {
      told = this.#db.transaction(() => writes.map(({ attempt }) => attempt()));
    } catch (error) {
      for (const write of writes) write.reject(error);
      return;
    }
    for (const tell of told) tell();
  }
}
