import { compareKeys, type Key } from '../../../model/key.ts';
import type { DirtyKey, LedgerCounts } from '../../key-ledger.ts';
import type { Database, Statement } from '../database.ts';
import type { Shared } from './moving-bucket.ts';

export type Kind = 'intent' | 'claim' | 'write';

/** Keys looked up one by one where so many records lie between the first and the last of them. */
const MANY = 2000;

/** What is recorded of the keys of one bucket, for all members. Calls are parts of transactions. */
export class KeyTables {
  readonly #shared: Shared;
  readonly #bucket: number;
  readonly #linger: number;
  readonly #sql: ReturnType<typeof statements>;

  constructor(shared: Shared, bucket: number, linger: number) {
    this.#linger = linger;
    this.#shared = shared;
    this.#bucket = bucket;
    this.#sql = statements(shared.db);
  }

  isTouched(key: Key): boolean {
    return this.#sql.touched.get(this.#bucket, key) !== undefined;
  }

  touch(key: Key): void {
    this.#sql.touch.run(this.#bucket, key);
  }

  touchedAmong(keys: readonly Key[]): ReadonlySet<Key> {
    return this.#among(keys, this.#sql.touchedBetween, (key) => this.isTouched(key));
  }

  touchedBelow(prefixes: readonly string[]): ReadonlySet<string> {
    return new Set(
      prefixes.filter((prefix) => this.#sql.touchedFrom.get(this.#bucket, prefix)?.key.startsWith(prefix) === true),
    );
  }

  dirtyAmong(keys: readonly Key[]): ReadonlySet<Key> {
    return this.#among(keys, this.#sql.dirtyBetween, (key) => this.#sql.oneDirty.get(this.#bucket, key) !== undefined);
  }

  completing(key: Key): string | undefined {
    return this.#sql.completing.get(this.#bucket, key)?.uploadId;
  }

  setCompleting(key: Key, uploadId: string | undefined): void {
    if (uploadId === undefined) this.#sql.forgetCompleting.run(this.#bucket, key);
    else this.#sql.setCompleting.run(this.#bucket, key, uploadId);
  }

  recordUpload(uploadId: string): void {
    this.#sql.recordUpload.run(this.#bucket, uploadId);
  }

  isNewUpload(uploadId: string): boolean {
    return this.#sql.upload.get(this.#bucket, uploadId) !== undefined;
  }

  stands(kind: Kind, key: Key): boolean {
    return this.#sql.standing.get(this.#bucket, kind, key, this.#linger, this.#clock) !== undefined;
  }

  /** The number of what stands from now on. */
  add(kind: Kind, key: Key, member: number): number {
    return this.#sql.add.get(this.#bucket, kind, key, member)!.id;
  }

  /** Whether it was not given back and has not lingered out. */
  isHeld(id: number): boolean {
    return this.#sql.held.get(id) !== undefined;
  }

  end(id: number, inDoubt: boolean): void {
    if (inDoubt) this.#sql.lingerOne.run(this.#clock + this.#linger, id);
    else this.#sql.end.run(id);
  }

  beginWrite(key: Key, member: number): number {
    this.#bump(key);
    return this.add('write', key, member);
  }

  endWrite(id: number, key: Key, inDoubt: boolean): void {
    if (!inDoubt && this.isHeld(id)) this.#bump(key);
    this.end(id, inDoubt);
  }

  dirty(after: Key | undefined, limit: number): DirtyKey[] {
    this.#forgetTheOver();
    const rows = this.#sql.dirtyFrom.all(this.#bucket, after === undefined ? 0 : 1, after ?? '', limit);
    return rows.map((row) => ({ ...row }));
  }

  settle({ key, sequence }: DirtyKey): boolean {
    this.#forgetTheOver();
    if (this.stands('write', key)) return false;
    return this.#sql.settle.run(this.#bucket, key, sequence) === 1;
  }

  counts(): LedgerCounts {
    this.#forgetTheOver();
    const one = (kind: Kind): number => this.#sql.countStandings.get(this.#bucket, kind)!.count;
    return {
      touched: this.#sql.countTouched.get(this.#bucket)!.count,
      dirty: this.#sql.countDirty.get(this.#bucket)!.count,
      oldestDirty: this.#sql.oldestDirty.get(this.#bucket)?.since ?? undefined,
      intents: one('intent'),
      claims: one('claim'),
      writes: one('write'),
    };
  }

  clear(): void {
    for (const statement of this.#sql.clear) statement.run(this.#bucket);
  }

  leave(member: number, until: number): void {
    this.#sql.lingerAll.run(until, member);
  }

  get #clock(): number {
    return this.#shared.options.clock.now();
  }

  #bump(key: Key): void {
    const { sequence } = this.#sql.nextSequence.get(this.#bucket)!;
    this.#sql.bump.run(this.#bucket, key, sequence, this.#shared.options.now());
  }

  /** A write that lingered out may have been carried out until now: it counts as one that ended now. */
  #forgetTheOver(): void {
    for (const { id, kind, key } of this.#sql.over.all(this.#bucket, this.#linger, this.#clock)) {
      if (kind === 'write') this.#bump(key);
      this.#sql.end.run(id);
    }
  }

  #among(keys: readonly Key[], between: Statement<{ key: Key }>, has: (key: Key) => boolean): ReadonlySet<Key> {
    if (keys.length === 0) return new Set();
    const first = keys.reduce((a, b) => (compareKeys(a, b) <= 0 ? a : b));
    const last = keys.reduce((a, b) => (compareKeys(a, b) >= 0 ? a : b));
    const rows = between.all(this.#bucket, first, last, MANY);
    if (rows.length === MANY) return new Set(keys.filter(has));
    const found = new Set(rows.map(({ key }) => key));
    return new Set(keys.filter((key) => found.has(key)));
  }
}

/** When something that stands is over, in a query with the member beside it; ?n is the linger. */
const STANDING_END = 'coalesce(standings.until, members.lease_end + ?, -1e300)';

// oxlint-disable-next-line typescript/explicit-function-return-type -- the statements are the type
function statements(db: Database) {
  const joined = 'FROM standings LEFT JOIN members ON members.id = standings.member WHERE standings.bucket = ?';
  const between = 'bucket = ? AND key >= ? AND key <= ? LIMIT ?';
  return {
    touched: db.prepare<{ key: Key }>('SELECT key FROM touched WHERE bucket = ? AND key = ?'),
    touchedBetween: db.prepare<{ key: Key }>(`SELECT key FROM touched WHERE ${between}`),
    touchedFrom: db.prepare<{ key: Key }>('SELECT key FROM touched WHERE bucket = ? AND key >= ? ORDER BY key LIMIT 1'),
    touch: db.prepare<never>('INSERT OR IGNORE INTO touched (bucket, key) VALUES (?, ?)'),
    countTouched: db.prepare<{ count: number }>('SELECT count(*) AS count FROM touched WHERE bucket = ?'),
    completing: db.prepare<{ uploadId: string }>(
      'SELECT upload_id AS uploadId FROM completing WHERE bucket = ? AND key = ?',
    ),
    setCompleting: db.prepare<never>('INSERT OR REPLACE INTO completing (bucket, key, upload_id) VALUES (?, ?, ?)'),
    forgetCompleting: db.prepare<never>('DELETE FROM completing WHERE bucket = ? AND key = ?'),
    recordUpload: db.prepare<never>('INSERT OR IGNORE INTO uploads (bucket, upload_id) VALUES (?, ?)'),
    upload: db.prepare<{ id: string }>('SELECT upload_id AS id FROM uploads WHERE bucket = ? AND upload_id = ?'),
    standing: db.prepare<{ id: number }>(
      `SELECT standings.id ${joined} AND kind = ? AND key = ? AND ${STANDING_END} > ? LIMIT 1`,
    ),
    add: db.prepare<{ id: number }>(
      'INSERT INTO standings (bucket, kind, key, member) VALUES (?, ?, ?, ?) RETURNING id',
    ),
    held: db.prepare<{ id: number }>('SELECT id FROM standings WHERE id = ? AND until IS NULL'),
    lingerOne: db.prepare<never>('UPDATE standings SET until = ? WHERE id = ?'),
    lingerAll: db.prepare<never>('UPDATE standings SET until = coalesce(until, ?) WHERE member = ?'),
    end: db.prepare<never>('DELETE FROM standings WHERE id = ?'),
    over: db.prepare<{ id: number; kind: Kind; key: Key }>(
      `SELECT standings.id AS id, kind, key ${joined} AND ${STANDING_END} <= ?`,
    ),
    countStandings: db.prepare<{ count: number }>(
      'SELECT count(*) AS count FROM standings WHERE bucket = ? AND kind = ?',
    ),
    nextSequence: db.prepare<{ sequence: number }>(
      'UPDATE buckets SET sequence = sequence + 1 WHERE id = ? RETURNING sequence',
    ),
    bump: db.prepare<never>(
      'INSERT INTO dirty (bucket, key, sequence, since) VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT (bucket, key) DO UPDATE SET sequence = excluded.sequence',
    ),
    oneDirty: db.prepare<{ key: Key }>('SELECT key FROM dirty WHERE bucket = ? AND key = ?'),
    dirtyBetween: db.prepare<{ key: Key }>(`SELECT key FROM dirty WHERE ${between}`),
    dirtyFrom: db.prepare<DirtyKey>(
      'SELECT key, sequence, since FROM dirty WHERE bucket = ?1 AND (?2 = 0 OR key > ?3) AND NOT EXISTS ' +
        "(SELECT 1 FROM standings WHERE bucket = ?1 AND kind = 'write' AND standings.key = dirty.key) " +
        'ORDER BY key LIMIT ?4',
    ),
    settle: db.prepare<never>('DELETE FROM dirty WHERE bucket = ? AND key = ? AND sequence = ?'),
    countDirty: db.prepare<{ count: number }>('SELECT count(*) AS count FROM dirty WHERE bucket = ?'),
    oldestDirty: db.prepare<{ since: number | null }>('SELECT min(since) AS since FROM dirty WHERE bucket = ?'),
    clear: ['touched', 'completing', 'dirty'].map((table) =>
      db.prepare<never>(`DELETE FROM ${table} WHERE bucket = ?`),
    ),
  };
}
