import type { NewSchedule, ScheduleBook, ScheduleRecord } from '../../control/schedule-book.ts';
import type { Database, Statement } from '../database.ts';

interface Row {
  readonly number: number;
  readonly id: string;
  readonly task: string;
  readonly cron: string;
  readonly time_zone: string;
  readonly window_from: number | null;
  readonly window_to: number | null;
  readonly enabled: number;
  readonly created_at: number;
  readonly version: number;
  readonly next_at: number | null;
  readonly last_at: number | null;
  readonly last_error: string | null;
  readonly held: number;
}

export class ScheduleTable implements ScheduleBook {
  readonly #insert: Statement<never>;
  readonly #page: Statement<Row>;
  readonly #byId: Statement<Row>;
  readonly #runs: Statement<unknown>;
  readonly #replace: Statement<never>;
  readonly #remove: Statement<never>;
  readonly #due: Statement<Row>;
  readonly #windowed: Statement<Row>;
  readonly #ran: Statement<never>;
  readonly #held: Statement<never>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT INTO schedules (id, task, cron, time_zone, window_from, window_to, enabled, next_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#page = db.prepare('SELECT * FROM schedules WHERE number > ? ORDER BY number LIMIT ?');
    this.#byId = db.prepare('SELECT * FROM schedules WHERE id = ?');
    this.#runs = db.prepare('SELECT 1 FROM schedules WHERE task = ? LIMIT 1');
    this.#replace = db.prepare(
      `UPDATE schedules SET task = ?, cron = ?, time_zone = ?, window_from = ?, window_to = ?, enabled = ?, next_at = ?,
         version = version + 1, last_error = NULL WHERE id = ? AND version = ?`,
    );
    this.#remove = db.prepare('DELETE FROM schedules WHERE id = ? AND version = ?');
    this.#due = db.prepare('SELECT * FROM schedules WHERE next_at <= ? AND enabled = 1 ORDER BY next_at LIMIT ?');
    this.#windowed = db.prepare(
      'SELECT * FROM schedules WHERE (window_from IS NOT NULL AND enabled = 1) OR held = 1 ORDER BY number',
    );
    this.#ran = db.prepare(
      `UPDATE schedules SET last_at = ?, last_error = ?, next_at = CASE version WHEN ? THEN ? ELSE next_at END WHERE id = ?`,
    );
    this.#held = db.prepare('UPDATE schedules SET held = ? WHERE id = ?');
  }

  async add(schedule: NewSchedule): Promise<void> {
    this.#insert.run(schedule.id, ...columnsOf(schedule), schedule.createdAt);
  }

  async runs(task: string): Promise<boolean> {
    return this.#runs.get(task) !== undefined;
  }

  async schedules({ after = 0, limit }: { after?: number | undefined; limit: number }): Promise<ScheduleRecord[]> {
    return this.#page.all(after, limit).map(recordOf);
  }

  async schedule(id: string): Promise<ScheduleRecord | undefined> {
    const row = this.#byId.get(id);
    return row && recordOf(row);
  }

  async replace(schedule: Omit<NewSchedule, 'createdAt'>, version: number): Promise<boolean> {
    return this.#replace.run(...columnsOf(schedule), schedule.id, version) > 0;
  }

  async remove(id: string, version: number): Promise<boolean> {
    return this.#remove.run(id, version) > 0;
  }

  async due(now: number, limit: number): Promise<ScheduleRecord[]> {
    return this.#due.all(now, limit).map(recordOf);
  }

  async windowed(): Promise<ScheduleRecord[]> {
    return this.#windowed.all().map(recordOf);
  }

  async ran({ id, version }: ScheduleRecord, at: number, nextAt: number | undefined, error?: string): Promise<void> {
    this.#ran.run(at, error, version, nextAt, id);
  }

  async held(id: string, held: boolean): Promise<void> {
    this.#held.run(held ? 1 : 0, id);
  }
}

function columnsOf({ task, cron, timeZone, window, enabled, nextAt }: Omit<NewSchedule, 'createdAt'>) {
  return [task, cron, timeZone, window?.from, window?.to, enabled ? 1 : 0, nextAt];
}

function recordOf(row: Row): ScheduleRecord {
  const { number, id, task, cron, version, window_from: from, window_to: to } = row;
  return {
    number,
    id,
    task,
    cron,
    version,
    timeZone: row.time_zone,
    window: from === null || to === null ? undefined : { from, to },
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    nextAt: row.next_at ?? undefined,
    lastAt: row.last_at ?? undefined,
    lastError: row.last_error ?? undefined,
    held: row.held === 1,
  };
}
