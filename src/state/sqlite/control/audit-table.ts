import type { AuditBook, AuditEntry, NewAuditEntry } from '../../control/audit-book.ts';
import type { Database, Statement } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';

const MOST = 1000;

export class AuditTable implements AuditBook {
  readonly #group: GroupCommit;
  readonly #insert: Statement<never>;
  readonly #page: Statement<AuditEntry>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    this.#group = new GroupCommit(db, []);
    this.#insert = db.prepare(
      'INSERT INTO audit (at, who, role, "from", action, subject, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#page = db.prepare('SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?');
    // Looks at no more than it may forget: there is no index by time, and clocks are set back.
    this.#forget = db.prepare(
      'DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT ?) WHERE at < ?)',
    );
  }

  add({ at, who, role, from, action, subject, outcome }: NewAuditEntry): Promise<void> {
    return this.#group.add(() => void this.#insert.run(at, who, role, from, action, subject, outcome));
  }

  async entries({
    before = Number.MAX_SAFE_INTEGER,
    limit,
  }: {
    before?: number | undefined;
    limit: number;
  }): Promise<readonly AuditEntry[]> {
    return this.#page.all(before, Math.min(limit, MOST)).map((row) => ({ ...row }));
  }

  async forgetBefore(at: number, limit: number): Promise<number> {
    return this.#forget.run(limit, at);
  }

  flush(): void {
    this.#group.flush();
  }
}
