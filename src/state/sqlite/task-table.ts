/** Tasks as rows, and who holds them. */
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type { QueueState } from '../queue-book.ts';
import { NO_COUNTERS, type Counters, type NewTask, type TaskRecord, type TaskState } from '../state-store.ts';
import { storedJson, type Database, type Statement } from './database.ts';

export interface TaskRow {
  readonly id: number;
  readonly name: string;
  readonly file: string;
  readonly identity: string;
  readonly created_at: number;
  readonly state: TaskState;
  readonly passes: number;
  readonly pass_open: number;
  readonly baseline: number | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly counters: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly lease_token: number;
  readonly holder: string | null;
  readonly held_since: number | null;
}

export class TaskTable {
  readonly #insert: Statement<never>;
  readonly #newFile: Statement<never>;
  readonly #delete: Statement<never>;
  readonly #byName: Statement<TaskRow>;
  readonly #byId: Statement<TaskRow>;
  readonly #all: Statement<TaskRow>;
  readonly #hold: Statement<{ lease_token: number }>;
  readonly #letGo: Statement<never>;
  readonly #held: Statement<unknown>;
  readonly #begin: Statement<never>;
  readonly #progress: Statement<never>;
  readonly #end: Statement<never>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      'INSERT INTO tasks (name, file, identity, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
    );
    this.#newFile = db.prepare('UPDATE tasks SET file = ? WHERE id = ?');
    this.#delete = db.prepare(
      'DELETE FROM tasks WHERE id = ?1 AND (?2 IS NULL OR queue_state IN (SELECT value FROM json_each(?2)))',
    );
    this.#byName = db.prepare('SELECT * FROM tasks WHERE name = ?');
    this.#byId = db.prepare('SELECT * FROM tasks WHERE id = ?');
    this.#all = db.prepare('SELECT * FROM tasks ORDER BY name');
    this.#hold = db.prepare(
      `UPDATE tasks SET lease_token = lease_token + 1, holder = ?, held_since = ?,
         state = CASE state WHEN 'running' THEN 'interrupted' ELSE state END
       WHERE id = ? RETURNING lease_token`,
    );
    this.#letGo = db.prepare('UPDATE tasks SET holder = NULL, held_since = NULL WHERE id = ? AND lease_token = ?');
    this.#held = db.prepare('SELECT 1 FROM tasks WHERE id = ? AND lease_token = ? AND holder IS NOT NULL');
    this.#begin = db.prepare(
      `UPDATE tasks SET state = 'running', pass_open = 1, started_at = ?, ended_at = NULL, counters = ?,
         error_code = NULL, error_message = NULL
       WHERE id = ?`,
    );
    this.#progress = db.prepare(
      `UPDATE tasks SET counters = ?,
         state = iif(pass_open, 'running', state),
         ended_at = iif(pass_open, NULL, ended_at),
         error_code = iif(pass_open, NULL, error_code),
         error_message = iif(pass_open, NULL, error_message)
       WHERE id = ?`,
    );
    this.#end = db.prepare(
      'UPDATE tasks SET state = ?, ended_at = ?, error_code = ?, error_message = ?, passes = ?, baseline = ?, pass_open = ? WHERE id = ?',
    );
  }

  byName(name: string): TaskRow | undefined {
    return this.#byName.get(name);
  }

  byId(id: number): TaskRow | undefined {
    return this.#byId.get(id);
  }

  all(): TaskRow[] {
    return this.#all.all();
  }

  /** Within a transaction: the task of this name, made where there was none. */
  create(task: NewTask): TaskRow {
    this.#insert.run(task.name, task.file, task.identity, task.createdAt);
    const row = this.#byName.get(task.name)!;
    if (row.identity !== task.identity) {
      throw new FerryError('task-mismatch', {
        message: `task "${task.name}" exists with another source, destination or type`,
      });
    }
    if (row.file === task.file) return row;
    this.#newFile.run(task.file, row.id);
    return { ...row, file: task.file };
  }

  /** False where it is in none of these states of the queue. */
  delete(id: number, from?: readonly QueueState[]): boolean {
    return this.#delete.run(id, from && JSON.stringify(from)) === 1;
  }

  /** A new fencing token for the new holder; undefined where the task is gone. */
  hold(id: number, holder: string, since: number): number | undefined {
    return this.#hold.get(holder, since, id)?.lease_token;
  }

  letGo(id: number, token: number): void {
    this.#letGo.run(id, token);
  }

  isHeld(id: number, token: number): boolean {
    return this.#held.get(id, token) !== undefined;
  }

  beginPass(id: number, startedAt: number): void {
    this.#begin.run(startedAt, JSON.stringify(NO_COUNTERS), id);
  }

  progress(id: number, counters: Counters): void {
    this.#progress.run(JSON.stringify(counters), id);
  }

  /** The pass is over. `whole`: it dealt with every key, and later ones may build on it. */
  endPass(id: number, state: TaskState, endedAt: number, error: TaskRecord['error'], whole: boolean): void {
    const row = this.byId(id)!;
    const passes = row.passes + (state === 'finished' ? row.pass_open : 0);
    const baseline = whole ? row.started_at : row.baseline;
    this.#end.run(state, endedAt, error?.code, error?.message, passes, baseline, 0, id);
  }

  interrupt(id: number, state: TaskState, endedAt: number, error: TaskRecord['error']): void {
    const row = this.byId(id)!;
    this.#end.run(state, endedAt, error?.code, error?.message, row.passes, row.baseline, row.pass_open, id);
  }
}

/** Throws `configuration` where it can be the name of no task. */
export function requireName(name: string): void {
  if (/^[A-Za-z0-9._-]{1,128}$/.test(name)) return;
  throw new FerryError('configuration', {
    message: `"${name.slice(0, 200)}" cannot be the name of a task`,
    remedy: 'Use 1 to 128 of the characters A-Z a-z 0-9 . _ -',
  });
}

/** `held`: whether the holder named in the row is alive. */
export function toTaskRecord(row: TaskRow, held: boolean): TaskRecord {
  return {
    name: row.name,
    file: row.file,
    identity: row.identity,
    createdAt: row.created_at,
    state: row.state === 'running' && !held ? 'interrupted' : row.state,
    passes: row.passes,
    baseline: row.baseline ?? undefined,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    counters: { ...NO_COUNTERS, ...storedJson(COUNTERS, row.counters) },
    error: row.error_code === null ? undefined : { code: row.error_code, message: row.error_message ?? '' },
    holder: held ? (row.holder ?? undefined) : undefined,
  };
}

/** Those an older version did not count are absent. */
const COUNTERS = z.record(z.string(), z.number());
