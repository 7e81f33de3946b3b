/**
 * Several writes, one fsync: what is added in one turn of the event loop shares a transaction. Holds at most what one
 * turn adds.
 */
import { isFerryError } from '../../model/errors.ts';
import type { Database } from './database.ts';

interface Write {
  readonly work: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  refused?: unknown;
}

export class GroupCommit {
  readonly #db: Pick<Database, 'transaction'>;
  #pending: Write[] = [];

  constructor(db: Pick<Database, 'transaction'>) {
    this.#db = db;
  }

  /** Resolves when `work` is on disk. Work that refuses (a lost lease, a defect) fails alone; a failing disk, all. */
  add(work: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#pending.push({ work, resolve, reject }) === 1) setImmediate(() => this.flush());
    return promise;
  }

  /** Commits what is pending now, so that a write after it comes after it on disk too. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const writes = this.#pending;
    this.#pending = [];
    try {
      this.#db.transaction(() => writes.forEach(attempt));
    } catch (error) {
      for (const write of writes) write.reject(error);
      return;
    }
    for (const write of writes) {
      if (write.refused === undefined) write.resolve();
      else write.reject(write.refused);
    }
  }
}

function attempt(write: Write): void {
  try {
    write.work();
  } catch (error) {
    if (!isFerryError(error, 'task-running') && !isFerryError(error, 'internal')) throw error;
    write.refused = error;
  }
}
