/** Objects that could not be dealt with, by key and by cause. */
import type { FailureGroup, FailurePage, FailureRecord } from '../state-store.ts';
import type { Database, Statement } from './database.ts';

/** One call gives so many where no limit is asked for, and at most. */
const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;
/** Failures shown per group. */
const EXAMPLES = 5;

type Row = Omit<FailureRecord, 'size'> & { readonly size: number | null };

export class FailureTable {
  readonly #put: Statement<never>;
  readonly #delete: Statement<never>;
  readonly #clear: Statement<never>;
  readonly #page: Statement<Row>;
  readonly #one: Statement<Row>;
  readonly #pageOfCode: Statement<Row>;
  readonly #groups: Statement<{ code: string; count: number }>;
  readonly #examples: Statement<FailureGroup['examples'][number]>;

  constructor(db: Database) {
    this.#put = db.prepare(
      `INSERT INTO failures (task_id, key, operation, code, message, remedy, size, at, attempts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (task_id, key) DO UPDATE SET operation = excluded.operation, code = excluded.code,
         message = excluded.message, remedy = excluded.remedy, size = excluded.size, at = excluded.at,
         attempts = excluded.attempts`,
    );
    this.#delete = db.prepare('DELETE FROM failures WHERE task_id = ? AND key = ?');
    this.#clear = db.prepare('DELETE FROM failures WHERE task_id = ?');
    this.#page = db.prepare(
      `SELECT key, operation, code, message, remedy, size, at, attempts FROM failures
       WHERE task_id = ? AND key > ? ORDER BY key LIMIT ?`,
    );
    this.#one = db.prepare(
      `SELECT key, operation, code, message, remedy, size, at, attempts FROM failures WHERE task_id = ? AND key = ?`,
    );
    this.#pageOfCode = db.prepare(
      `SELECT key, operation, code, message, remedy, size, at, attempts FROM failures
       WHERE task_id = ? AND code = ? AND key > ? ORDER BY key LIMIT ?`,
    );
    this.#groups = db.prepare(
      'SELECT code, count(*) AS count FROM failures WHERE task_id = ? GROUP BY code ORDER BY count DESC, code',
    );
    this.#examples = db.prepare(
      `SELECT key, message, remedy FROM failures WHERE task_id = ? AND code = ? ORDER BY key LIMIT ${EXAMPLES}`,
    );
  }

  put(task: number, f: FailureRecord): void {
    this.#put.run(task, f.key, f.operation, f.code, f.message, f.remedy, f.size, f.at, f.attempts);
  }

  delete(task: number, key: string): void {
    this.#delete.run(task, key);
  }

  clear(task: number): void {
    this.#clear.run(task);
  }

  page(task: number, options: FailurePage = {}): FailureRecord[] {
    const { code, after = '' } = options;
    const limit = pageLimit(options);
    const rows =
      code === undefined ? this.#page.all(task, after, limit) : this.#pageOfCode.all(task, code, after, limit);
    return rows.map((row) => ({ ...row, size: row.size ?? undefined }));
  }

  /** Those of these keys, in their order. */
  of(task: number, keys: readonly string[]): FailureRecord[] {
    return keys.flatMap((key) => this.#one.all(task, key)).map((row) => ({ ...row, size: row.size ?? undefined }));
  }

  groups(task: number): FailureGroup[] {
    return this.#groups.all(task).map(({ code, count }) => ({
      code,
      count,
      examples: this.#examples.all(task, code).map((example) => ({ ...example })),
    }));
  }
}

export function pageLimit({ limit = DEFAULT_LIMIT }: { limit?: number | undefined }): number {
  return Math.min(limit, MAX_LIMIT);
}
