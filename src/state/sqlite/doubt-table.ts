/** Keys the baseline does not vouch for: those that failed, and those that did in earlier passes. */
import type { Database, Statement } from './database.ts';
import { pageLimit } from './failure-table.ts';

export class DoubtTable {
  readonly #add: Statement<never>;
  readonly #addFailures: Statement<never>;
  readonly #clear: Statement<never>;
  readonly #page: Statement<{ key: string }>;

  constructor(db: Database) {
    this.#add = db.prepare('INSERT OR IGNORE INTO doubts (task_id, key) VALUES (?, ?)');
    this.#addFailures = db.prepare(
      `INSERT OR IGNORE INTO doubts (task_id, key)
       SELECT task_id, key FROM failures WHERE task_id = ? ORDER BY key`,
    );
    this.#clear = db.prepare('DELETE FROM doubts WHERE task_id = ?');
    // Both halves come in key order by their primary keys: nothing is sorted, and no more is read than is given.
    this.#page = db.prepare(
      `SELECT key FROM doubts WHERE task_id = ? AND key >= ?
       UNION SELECT key FROM failures WHERE task_id = ? AND key >= ? ORDER BY key LIMIT ?`,
    );
  }

  add(task: number, key: string): void {
    this.#add.run(task, key);
  }

  /** What is recorded as failed now stays in doubt when it is forgotten. */
  addFailures(task: number): void {
    this.#addFailures.run(task);
  }

  clear(task: number): void {
    this.#clear.run(task);
  }

  page(task: number, options: { from?: string; limit?: number } = {}): string[] {
    const from = options.from ?? '';
    return this.#page.all(task, from, task, from, pageLimit(options)).map(({ key }) => key);
  }
}
