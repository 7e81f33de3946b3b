import { FerryError } from '../../model/errors.ts';
import { compareKeys, type Key } from '../../model/key.ts';
import type { CarriedUpload, Claim, DirtyKey, Intent, KeyLedger, LedgerCounts, Standing } from '../key-ledger.ts';
import type { MemoryMovingBucket } from './moving-bucket.ts';

/** What is recorded, for all members. */
export class KeyTables {
  readonly touched = new Set<Key>();
  readonly completing = new Map<Key, string>();
  readonly uploads = new Set<string>();
  readonly intents = new Set<Row>();
  readonly claims = new Set<Row>();
  readonly #carried = new Map<string, { readonly upload: CarriedUpload; readonly member: string }>();
  readonly #writes = new Set<Row>();
  readonly #dirty = new Map<Key, { sequence: number; since: number }>();
  readonly #bucket: MemoryMovingBucket;
  #sequence = 0;

  constructor(bucket: MemoryMovingBucket) {
    this.#bucket = bucket;
  }

  /** The earliest end of anything by time alone. */
  nextEnd(): number | undefined {
    let first = Infinity;
    for (const rows of [this.intents, this.claims, this.#writes])
      for (const row of rows) first = Math.min(first, this.#endOf(row));
    return Number.isFinite(first) ? first : undefined;
  }

  add(rows: Set<Row>, key: Key, member: string): Row {
    const row: Row = { key, member };
    rows.add(row);
    return row;
  }

  end(rows: Set<Row>, row: Row, inDoubt: boolean): void {
    if (!rows.has(row)) return;
    if (inDoubt) row.until = this.#bucket.clock + this.#bucket.options.linger;
    else rows.delete(row);
    this.#bucket.changes.tell();
  }

  stands(rows: Set<Row>, key: Key): boolean {
    this.#forgetTheOver();
    for (const row of rows) if (row.key === key) return true;
    return false;
  }

  beginWrite(key: Key, member: string): Row {
    this.#bump(key);
    return this.add(this.#writes, key, member);
  }

  endWrite(row: Row, inDoubt: boolean): void {
    if (!inDoubt && this.#writes.has(row)) this.#bump(row.key);
    this.end(this.#writes, row, inDoubt);
  }

  isDirty(key: Key): boolean {
    return this.#dirty.has(key);
  }

  dirty(after: Key | undefined, limit: number): DirtyKey[] {
    this.#forgetTheOver();
    const writing = new Set([...this.#writes].map(({ key }) => key));
    return [...this.#dirty.keys()]
      .filter((key) => !writing.has(key) && (after === undefined || compareKeys(key, after) > 0))
      .sort(compareKeys)
      .slice(0, limit)
      .map((key) => ({ key, ...this.#dirty.get(key)! }));
  }

  settle({ key, sequence }: DirtyKey): boolean {
    if (this.stands(this.#writes, key) || this.#dirty.get(key)?.sequence !== sequence) return false;
    this.#dirty.delete(key);
    this.#bucket.changes.tell();
    return true;
  }

  beginCarrying(upload: CarriedUpload, member: string): void {
    this.#carried.set(`${upload.side} ${upload.uploadId}`, { upload, member });
  }

  endCarrying({ side, uploadId }: CarriedUpload): void {
    this.#carried.delete(`${side} ${uploadId}`);
  }

  carriedBy(those: (member: string) => boolean): readonly CarriedUpload[] {
    return [...this.#carried.values()].filter(({ member }) => those(member)).map(({ upload }) => upload);
  }

  counts(): LedgerCounts {
    this.#forgetTheOver();
    const oldest = Math.min(...[...this.#dirty.values()].map(({ since }) => since));
    return {
      touched: this.touched.size,
      dirty: this.#dirty.size,
      oldestDirty: Number.isFinite(oldest) ? oldest : undefined,
      intents: this.intents.size,
      claims: this.claims.size,
      writes: this.#writes.size,
    };
  }

  clear(): void {
    const { intents, claims, writes } = this.counts();
    if (!this.#bucket.unrecorded() || intents + claims + writes > 0)
      throw new FerryError('unavailable', { message: 'the records of the keys are still needed' });
    this.touched.clear();
    this.completing.clear();
    this.#dirty.clear();
  }

  leave(member: string, until: number): void {
    for (const rows of [this.intents, this.claims, this.#writes])
      for (const row of rows) if (row.member === member) row.until ??= until;
  }

  #bump(key: Key): void {
    const since = this.#dirty.get(key)?.since ?? this.#bucket.options.now();
    this.#dirty.set(key, { sequence: ++this.#sequence, since });
  }

  #endOf({ member, until }: Row): number {
    return until ?? this.#bucket.lingersUntil(member);
  }

  /** A write that lingered out may have been carried out until now: it counts as one that ended now. */
  #forgetTheOver(): void {
    const { clock } = this.#bucket;
    for (const rows of [this.intents, this.claims, this.#writes])
      for (const row of rows) {
        if (clock < this.#endOf(row)) continue;
        rows.delete(row);
        if (rows === this.#writes) this.#bump(row.key);
      }
  }
}

export interface Row {
  readonly key: Key;
  readonly member: string;
  /** When it is over for certain; absent while it stands. */
  until?: number;
}

export class MemoryKeyLedger implements KeyLedger {
  readonly #bucket: MemoryMovingBucket;
  readonly #tables: KeyTables;
  readonly #member: string;
  readonly #lost: AbortSignal;

  constructor(bucket: MemoryMovingBucket, member: string, lost: AbortSignal) {
    this.#bucket = bucket;
    this.#tables = bucket.tables;
    this.#member = member;
    this.#lost = lost;
  }

  async isTouched(key: Key): Promise<boolean> {
    return this.#tables.touched.has(key);
  }

  async touchedAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>> {
    return new Set(keys.filter((key) => this.#tables.touched.has(key)));
  }

  async touchedBelow(prefixes: readonly string[]): Promise<ReadonlySet<string>> {
    const touched = [...this.#tables.touched];
    return new Set(prefixes.filter((prefix) => touched.some((key) => key.startsWith(prefix))));
  }

  async intend(key: Key, signal?: AbortSignal): Promise<Intent> {
    this.#bucket.requireLive(this.#member);
    const { intents, claims } = this.#tables;
    const row = this.#tables.add(intents, key, this.#member);
    try {
      const free = (): true | undefined => (this.#tables.stands(claims, key) ? undefined : true);
      await this.#wait(free, signal);
    } catch (thrown) {
      this.#tables.end(intents, row, false);
      throw thrown;
    }
    return new MemoryIntent(this.#tables, intents, row, () => this.#bucket.requireLive(this.#member));
  }

  async claim(key: Key, signal?: AbortSignal): Promise<Claim> {
    return await this.#wait(() => this.#claimNow(key), signal);
  }

  async tryClaim(key: Key): Promise<Claim | undefined> {
    return this.#claimNow(key);
  }

  async beginCarrying(upload: CarriedUpload): Promise<void> {
    this.#bucket.requireLive(this.#member);
    this.#tables.beginCarrying(upload, this.#member);
  }

  async endCarrying(upload: CarriedUpload): Promise<void> {
    this.#tables.endCarrying(upload);
  }

  async recordUpload(uploadId: string): Promise<void> {
    this.#bucket.requireLive(this.#member);
    this.#tables.uploads.add(uploadId);
  }

  async isNewUpload(uploadId: string): Promise<boolean> {
    return this.#tables.uploads.has(uploadId);
  }

  async beginWrite(key: Key): Promise<Standing> {
    this.#bucket.requireLive(this.#member);
    return new MemoryWrite(this.#tables, this.#tables.beginWrite(key, this.#member));
  }

  async dirty(after: Key | undefined, limit: number): Promise<readonly DirtyKey[]> {
    return this.#tables.dirty(after, limit);
  }

  async dirtyAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>> {
    return new Set(keys.filter((key) => this.#tables.isDirty(key)));
  }

  async settle(dirty: DirtyKey): Promise<boolean> {
    this.#bucket.requireLive(this.#member);
    return this.#tables.settle(dirty);
  }

  async counts(): Promise<LedgerCounts> {
    return this.#tables.counts();
  }

  async clear(): Promise<void> {
    this.#bucket.requireLive(this.#member);
    this.#tables.clear();
  }

  #claimNow(key: Key): Claim | undefined {
    this.#bucket.requireLive(this.#member);
    const { intents, claims } = this.#tables;
    if (this.#tables.stands(intents, key) || this.#tables.stands(claims, key)) return undefined;
    if (this.#bucket.mutatedOnOld(key) || this.#bucket.unaccounted() > 0) return undefined;
    const row = this.#tables.add(claims, key, this.#member);
    return new MemoryClaim(this.#tables, claims, row, () => this.#bucket.requireLive(this.#member));
  }

  #wait<T>(look: () => T | undefined, signal: AbortSignal | undefined): Promise<T> {
    return this.#bucket.changes.until(look, () => this.#bucket.nextEnd(), [signal, this.#lost]);
  }
}

class MemoryIntent implements Intent {
  readonly #tables: KeyTables;
  readonly #rows: Set<Row>;
  protected readonly row: Row;
  protected readonly requireLive: () => void;
  #doubt = false;

  constructor(tables: KeyTables, rows: Set<Row>, row: Row, requireLive: () => void) {
    this.#tables = tables;
    this.#rows = rows;
    this.row = row;
    this.requireLive = requireLive;
  }

  async touch(): Promise<void> {
    this.requireStanding();
    this.#tables.touched.add(this.row.key);
  }

  inDoubt(): void {
    this.#doubt = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tables.end(this.#rows, this.row, this.#doubt);
  }

  protected requireStanding(): void {
    this.requireLive();
    if (!this.#rows.has(this.row) || this.row.until !== undefined)
      throw new FerryError('internal', { key: this.row.key, message: 'what was given back is used' });
  }
}

class MemoryClaim extends MemoryIntent implements Claim {
  readonly #tables: KeyTables;

  constructor(tables: KeyTables, rows: Set<Row>, row: Row, requireLive: () => void) {
    super(tables, rows, row, requireLive);
    this.#tables = tables;
  }

  get touched(): boolean {
    return this.#tables.touched.has(this.row.key);
  }

  get completing(): string | undefined {
    return this.#tables.completing.get(this.row.key);
  }

  async setCompleting(uploadId: string | undefined): Promise<void> {
    this.requireStanding();
    if (uploadId === undefined) this.#tables.completing.delete(this.row.key);
    else this.#tables.completing.set(this.row.key, uploadId);
  }
}

class MemoryWrite implements Standing {
  readonly #tables: KeyTables;
  readonly #row: Row;
  #doubt = false;

  constructor(tables: KeyTables, row: Row) {
    this.#tables = tables;
    this.#row = row;
  }

  inDoubt(): void {
    this.#doubt = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tables.endWrite(this.#row, this.#doubt);
  }
}
