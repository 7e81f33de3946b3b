/**
 * A lock between processes that needs no clock and no heartbeat: the kernel frees it when its holder dies, however that
 * happens. Node has no `flock`; SQLite locks files on every system, so the lock is an open exclusive transaction on an
 * empty database. Works on local disks only, as the state itself does.
 */
import { existsSync } from 'node:fs';
import { Database, isBusy } from './database.ts';

export class FileLock {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  /** Takes the lock; undefined where somebody holds it, in this process or another. Creates `file`. */
  static tryAcquire(file: string): FileLock | undefined {
    const db = new Database(file, { timeout: 0 });
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new FileLock(db);
    } catch (error) {
      db.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  /** Whether somebody holds the lock. For an instant it keeps others from taking it. */
  static isHeld(file: string): boolean {
    if (!existsSync(file)) return false;
    using db = new Database(file, { timeout: 0, readOnly: true });
    try {
      db.prepare('SELECT 1 FROM sqlite_schema').get();
      return false;
    } catch (error) {
      if (isBusy(error)) return true;
      throw error;
    }
  }

  release(): void {
    this.#db.close();
  }
}
