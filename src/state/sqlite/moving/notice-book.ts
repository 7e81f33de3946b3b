import {
  MOST_PAST,
  MOST_WAITING,
  type Notice,
  type NoticeBook,
  type NoticeCounts,
  type WaitingNotice,
} from '../../notice-book.ts';
import type { Database } from '../database.ts';
import type { Shared } from './moving-bucket.ts';

/** Every method is one transaction. */
export class SqliteNoticeBook implements NoticeBook {
  readonly #shared: Shared;
  readonly #bucket: number;
  readonly #sql: ReturnType<typeof statements>;

  constructor(shared: Shared, bucket: number) {
    this.#shared = shared;
    this.#bucket = bucket;
    this.#sql = statements(shared.db);
  }

  async add(received: number, notices: readonly Notice[]): Promise<void> {
    const { db, options, sync } = this.#shared;
    db.transaction(() => {
      let dropped = 0;
      let { waiting } = this.#sql.waitingCount.get(this.#bucket)!;
      for (const { key, event, time } of notices) {
        const again = this.#sql.forgetKey.get(this.#bucket, key) !== undefined;
        if (!again && waiting >= MOST_WAITING) {
          dropped++;
          continue;
        }
        this.#sql.insert.run(this.#bucket, key, event, time);
        if (!again) waiting++;
      }
      this.#sql.count.run(this.#bucket, received, options.now(), dropped);
    });
    await sync.done();
  }

  async waiting(after: number, limit: number): Promise<readonly WaitingNotice[]> {
    return this.#sql.waiting.all(this.#bucket, after, limit).map((row) => ({ ...row }));
  }

  async settle({ id, key, event, time }: WaitingNotice, past: boolean): Promise<boolean> {
    const { db, sync } = this.#shared;
    const kept = db.transaction(() => {
      this.#sql.forget.run(id);
      if (!past || this.#sql.isPast.get(this.#bucket, key) !== undefined) return false;
      this.#sql.countPast.run(this.#bucket);
      if (this.#sql.pastCount.get(this.#bucket)!.past >= MOST_PAST) return false;
      this.#sql.insertPast.run(this.#bucket, key, event, time);
      return true;
    });
    if (kept) await sync.done();
    return kept;
  }

  async past(limit: number): Promise<readonly Notice[]> {
    return this.#sql.past.all(this.#bucket, limit).map((row) => ({ ...row }));
  }

  async counts(): Promise<NoticeCounts> {
    return this.#shared.db.transaction(() => {
      const { waiting } = this.#sql.waitingCount.get(this.#bucket)!;
      const row = this.#sql.counts.get(this.#bucket);
      if (row === undefined) return { received: 0, last: undefined, waiting, dropped: 0, past: 0 };
      return { ...row, waiting };
    });
  }

  async clear(): Promise<void> {
    const { db, sync } = this.#shared;
    db.transaction(() => {
      for (const forget of this.#sql.clear) forget.run(this.#bucket);
    });
    await sync.done();
  }
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the statements are the type
function statements(db: Database) {
  return {
    waitingCount: db.prepare<{ waiting: number }>('SELECT count(*) AS waiting FROM notices WHERE bucket = ?'),
    forgetKey: db.prepare<{ id: number }>('DELETE FROM notices WHERE bucket = ? AND key = ? RETURNING id'),
    insert: db.prepare<never>('INSERT INTO notices (bucket, key, event, time) VALUES (?, ?, ?, ?)'),
    count: db.prepare<never>(
      `INSERT INTO notice_counts (bucket, received, last, dropped, past) VALUES (?, ?, ?, ?, 0)
       ON CONFLICT (bucket) DO UPDATE SET received = received + excluded.received, last = excluded.last,
         dropped = dropped + excluded.dropped`,
    ),
    waiting: db.prepare<WaitingNotice>(
      'SELECT id, key, event, time FROM notices WHERE bucket = ? AND id > ? ORDER BY id LIMIT ?',
    ),
    forget: db.prepare<never>('DELETE FROM notices WHERE id = ?'),
    isPast: db.prepare<{ id: number }>('SELECT id FROM past WHERE bucket = ? AND key = ?'),
    pastCount: db.prepare<{ past: number }>('SELECT count(*) AS past FROM past WHERE bucket = ?'),
    countPast: db.prepare<never>('UPDATE notice_counts SET past = past + 1 WHERE bucket = ?'),
    insertPast: db.prepare<never>('INSERT INTO past (bucket, key, event, time) VALUES (?, ?, ?, ?)'),
    past: db.prepare<Notice>('SELECT key, event, time FROM past WHERE bucket = ? ORDER BY id LIMIT ?'),
    counts: db.prepare<{ received: number; last: number; dropped: number; past: number }>(
      'SELECT received, last, dropped, past FROM notice_counts WHERE bucket = ?',
    ),
    clear: ['notices', 'past', 'notice_counts'].map((table) =>
      db.prepare<never>(`DELETE FROM ${table} WHERE bucket = ?`),
    ),
  };
}
