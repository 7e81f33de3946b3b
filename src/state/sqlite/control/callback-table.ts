import * as z from 'zod';
import type {
  AfterAttempt,
  CallbackBook,
  Delivery,
  DeliveryAttempt,
  DeliveryQuery,
  DeliveryState,
  NewDelivery,
} from '../../control/callback-book.ts';
import { storedJson, type Database, type Statement, type Value } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';

const MOST = 1000;
/** Attempts kept of each. */
const KEPT = 20;

interface Row {
  readonly id: number;
  readonly subject: string;
  readonly event: string;
  readonly url: string;
  readonly body: string;
  readonly created_at: number;
  readonly since: number;
  readonly state: DeliveryState;
  readonly next_at: number | null;
  readonly tries: number;
  readonly attempts: string;
}

const ATTEMPTS = z.array(
  z.object({
    at: z.number(),
    milliseconds: z.number(),
    status: z.int().optional(),
    error: z.string().optional(),
  }),
);

export class CallbackTable implements CallbackBook {
  readonly #db: Database;
  readonly #group: GroupCommit;
  readonly #insert: Statement<never>;
  readonly #drop: Statement<never>;
  readonly #due: Statement<Row>;
  readonly #next: Statement<{ readonly at: number | null }>;
  readonly #byId: Statement<Row>;
  readonly #settle: Statement<never>;
  readonly #again: Statement<never>;
  readonly #forget: Statement<never>;

  constructor(db: Database) {
    this.#db = db;
    this.#group = new GroupCommit(db, []);
    this.#insert = db.prepare(
      `INSERT INTO deliveries (subject, event, url, body, created_at, since, state, next_at, tries, attempts)
       VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, 0, '[]')`,
    );
    this.#drop = db.prepare(
      `DELETE FROM deliveries WHERE subject = ? AND event = ? AND state = 'waiting' AND tries = 0`,
    );
    this.#due = db.prepare('SELECT * FROM deliveries WHERE next_at <= ? ORDER BY next_at, id LIMIT ?');
    this.#next = db.prepare('SELECT min(next_at) AS at FROM deliveries WHERE next_at IS NOT NULL');
    this.#byId = db.prepare('SELECT * FROM deliveries WHERE id = ?');
    this.#settle = db.prepare(
      'UPDATE deliveries SET state = ?, next_at = ?, tries = tries + 1, attempts = ? WHERE id = ?',
    );
    this.#again = db.prepare(`UPDATE deliveries SET state = 'waiting', next_at = ?, since = ? WHERE id = ?`);
    this.#forget = db.prepare('DELETE FROM deliveries WHERE created_at < ? AND next_at IS NULL');
  }

  add(delivery: NewDelivery): Promise<void> {
    return this.#group.add(() => this.put(delivery));
  }

  /** Within a transaction of somebody else's. */
  put({ subject, event, url, body, createdAt, replaces }: NewDelivery): void {
    if (replaces === true) this.#drop.run(subject, event);
    this.#insert.run(subject, event, url, body, createdAt, createdAt, createdAt);
  }

  async due(now: number, limit: number): Promise<readonly Delivery[]> {
    return this.#due.all(now, limit).map(deliveryOf);
  }

  async nextAt(): Promise<number | undefined> {
    return this.#next.get()?.at ?? undefined;
  }

  attempted(id: number, attempt: DeliveryAttempt, then: AfterAttempt): Promise<void> {
    return this.#group.add(() => {
      const row = this.#byId.get(id);
      if (row === undefined) return;
      const attempts = [...storedJson(ATTEMPTS, row.attempts), attempt].slice(-KEPT);
      this.#settle.run(then.state, then.state === 'waiting' ? then.nextAt : null, JSON.stringify(attempts), id);
    });
  }

  async delivery(id: number): Promise<Delivery | undefined> {
    const row = this.#byId.get(id);
    return row && deliveryOf(row);
  }

  async deliveries({ before, limit, state, subject }: DeliveryQuery): Promise<readonly Delivery[]> {
    const given: readonly (readonly [string, Value])[] = [
      ['id < ?', before],
      ['state = ?', state],
      ['subject = ?', subject],
    ];
    const wanted = given.filter(([, value]) => value !== undefined);
    const where = wanted.length === 0 ? '' : `WHERE ${wanted.map(([term]) => term).join(' AND ')}`;
    const page = this.#db.prepare<Row>(`SELECT * FROM deliveries ${where} ORDER BY id DESC LIMIT ?`);
    return page.all(...wanted.map(([, value]) => value), Math.min(limit, MOST)).map(deliveryOf);
  }

  again(id: number, now: number): Promise<boolean> {
    return this.#group.add(() => this.#again.run(now, now, id) > 0);
  }

  async forgetBefore(at: number): Promise<void> {
    this.#forget.run(at);
  }

  flush(): void {
    this.#group.flush();
  }
}

function deliveryOf(row: Row): Delivery {
  const { id, subject, event, url, body, state, tries, since } = row;
  return {
    id,
    subject,
    event,
    url,
    body,
    state,
    tries,
    since,
    createdAt: row.created_at,
    nextAt: row.next_at ?? undefined,
    attempts: storedJson(ATTEMPTS, row.attempts),
  };
}
