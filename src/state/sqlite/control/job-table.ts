import type { NewDelivery } from '../../control/callback-book.ts';
import type { JobBook, JobEnd, JobRecord, JobState, NewJob } from '../../control/job-book.ts';
import type { Database, Statement } from '../database.ts';
import type { CallbackTable } from './callback-table.ts';
import { GroupCommit } from '../group-commit.ts';

const MOST = 1000;

interface JobRow {
  readonly number: number;
  readonly id: string;
  readonly created_at: number;
  readonly who: string;
  readonly target_type: string;
  readonly target_bucket: string;
  readonly target_acl: string | null;
  readonly keys: JobRecord['keys'];
  readonly priority: number;
  readonly callback_url: string | null;
  readonly files: number;
  readonly objects: number;
  readonly state: JobState;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly complete: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

export class JobTable implements JobBook {
  readonly #group: GroupCommit;
  readonly #insert: Statement<never>;
  readonly #byId: Statement<JobRow>;
  readonly #page: Statement<JobRow>;
  readonly #pageOf: Statement<JobRow>;
  readonly #unended: Statement<JobRow>;
  readonly #begin: Statement<never>;
  readonly #end: Statement<never>;
  readonly #old: Statement<{ readonly id: string }>;
  readonly #delete: Statement<never>;
  readonly #db: Database;
  readonly #callbacks: CallbackTable;

  constructor(db: Database, callbacks: CallbackTable) {
    this.#db = db;
    this.#callbacks = callbacks;
    this.#group = new GroupCommit(db, []);
    this.#insert = db.prepare(
      `INSERT INTO jobs (id, created_at, who, target_type, target_bucket, target_acl, keys, priority, callback_url,
         files, objects, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'accepted')`,
    );
    this.#byId = db.prepare('SELECT * FROM jobs WHERE id = ?');
    this.#page = db.prepare('SELECT * FROM jobs WHERE number < ? ORDER BY number DESC LIMIT ?');
    this.#pageOf = db.prepare('SELECT * FROM jobs WHERE state = ? AND number < ? ORDER BY number DESC LIMIT ?');
    this.#unended = db.prepare(
      `SELECT * FROM jobs WHERE state IN ('accepted', 'running') ORDER BY priority DESC, number LIMIT ?`,
    );
    this.#begin = db.prepare(
      `UPDATE jobs SET state = 'running', started_at = coalesce(started_at, ?), ended_at = NULL, complete = 0,
         error_code = NULL, error_message = NULL WHERE id = ?`,
    );
    this.#end = db.prepare(
      'UPDATE jobs SET state = ?, ended_at = ?, complete = ?, error_code = ?, error_message = ? WHERE id = ?',
    );
    this.#old = db.prepare('SELECT id FROM jobs WHERE ended_at < ? ORDER BY ended_at LIMIT ?');
    this.#delete = db.prepare('DELETE FROM jobs WHERE id = ?');
  }

  async add(job: NewJob): Promise<JobRecord> {
    await this.#group.add(() => {
      const { id, createdAt, who, targetType, targetBucket, targetAcl, keys, priority } = job;
      const target = [targetType, targetBucket, targetAcl] as const;
      this.#insert.run(id, createdAt, who, ...target, keys, priority, job.callbackUrl, job.files, job.objects);
    });
    return recordOf(this.#byId.get(job.id)!);
  }

  async job(id: string): Promise<JobRecord | undefined> {
    const row = this.#byId.get(id);
    return row && recordOf(row);
  }

  async jobs({
    before = Number.MAX_SAFE_INTEGER,
    limit,
    state,
  }: Parameters<JobBook['jobs']>[0]): Promise<readonly JobRecord[]> {
    const most = Math.min(limit, MOST);
    const rows = state === undefined ? this.#page.all(before, most) : this.#pageOf.all(state, before, most);
    return rows.map(recordOf);
  }

  async unended(limit: number): Promise<readonly JobRecord[]> {
    return this.#unended.all(Math.min(limit, MOST)).map(recordOf);
  }

  begin(id: string, startedAt: number, notice?: NewDelivery): Promise<void> {
    return this.#group.add(() => {
      this.#begin.run(startedAt, id);
      if (notice) this.#callbacks.put(notice);
    });
  }

  end(id: string, { state, endedAt, complete, error }: JobEnd, notice?: NewDelivery): Promise<void> {
    return this.#group.add(() => {
      this.#end.run(state, endedAt, complete ? 1 : 0, error?.code, error?.message, id);
      if (notice) this.#callbacks.put(notice);
    });
  }

  async forgetBefore(at: number, limit: number): Promise<readonly string[]> {
    return this.#db.transaction(() => {
      const ids = this.#old.all(at, Math.min(limit, MOST)).map(({ id }) => id);
      for (const id of ids) this.#delete.run(id);
      return ids;
    });
  }

  flush(): void {
    this.#group.flush();
  }
}

function recordOf(row: JobRow): JobRecord {
  const { number, id, who, keys, priority, files, objects, state } = row;
  return {
    number,
    id,
    who,
    keys,
    priority,
    files,
    objects,
    state,
    createdAt: row.created_at,
    targetType: row.target_type,
    targetBucket: row.target_bucket,
    targetAcl: row.target_acl ?? undefined,
    callbackUrl: row.callback_url ?? undefined,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    complete: row.complete === 1,
    error: row.error_code === null ? undefined : { code: row.error_code, message: row.error_message ?? '' },
  };
}
