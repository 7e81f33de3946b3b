/** Uploads about to be begun: what is left of them after a crash is found by them. */
import type { UploadIntent } from '../state-store.ts';
import type { Database, Statement } from './database.ts';

export class IntentTable {
  readonly #put: Statement<never>;
  readonly #all: Statement<UploadIntent>;
  readonly #met: Statement<never>;
  readonly #settle: Statement<never>;

  constructor(db: Database) {
    this.#put = db.prepare('INSERT OR REPLACE INTO upload_intents (task_id, key, since, until) VALUES (?, ?, ?, ?)');
    this.#all = db.prepare('SELECT key, since, until FROM upload_intents WHERE task_id = ? ORDER BY key, since');
    this.#met = db.prepare('DELETE FROM upload_intents WHERE task_id = ? AND key = ? AND since = ?');
    this.#settle = db.prepare('DELETE FROM upload_intents WHERE task_id = ? AND key = ?');
  }

  put(task: number, { key, since, until }: UploadIntent): void {
    this.#put.run(task, key, since, until);
  }

  all(task: number): UploadIntent[] {
    return this.#all.all(task).map((row) => ({ ...row }));
  }

  /** What came of this intent is known. */
  met(task: number, key: string, since: number): void {
    this.#met.run(task, key, since);
  }

  settle(task: number, key: string): void {
    this.#settle.run(task, key);
  }
}
