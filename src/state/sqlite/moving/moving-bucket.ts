import { FerryError } from '../../../model/errors.ts';
import { mayFollow, ROUTING, type MigrationPhase } from '../../../model/migration-phase.ts';
import type {
  InFlightOnOld,
  Member,
  MemberRecord,
  MovingBucket,
  MovingBucketOptions,
  OldMutation,
  SwitchRecord,
} from '../../moving-bucket.ts';
import type { CarriedUpload, LedgerCounts } from '../../key-ledger.ts';
import type { Database, Statement } from '../database.ts';
import type { GroupCommit } from '../group-commit.ts';
import { KeyTables } from './key-tables.ts';
import { leaseLost } from '../../member-lease.ts';
import type { LogSync } from './log-sync.ts';
import { SqliteMember } from './member.ts';
import { SqliteNoticeBook } from './notice-book.ts';
import type { MovingOptions } from './open.ts';
import type { Waiting } from './waiting.ts';

/** What all buckets of an opened file have in common. */
export interface Shared {
  readonly db: Database;
  readonly options: MovingOptions;
  readonly sync: LogSync;
  /** What requests of clients write: those of one turn of the event loop together. */
  readonly group: GroupCommit;
  /** Wakes who waits for something to be given back. */
  readonly waiting: Waiting;
}

export interface MemberRow {
  readonly id: number;
  readonly name: string;
  readonly acknowledged: number;
  /** The one it acknowledged. */
  readonly phase: MigrationPhase;
  readonly leaseEnd: number;
}

/** Every method is one transaction, and looks at the clock in it. */
export class SqliteMovingBucket implements MovingBucket {
  readonly shared: Shared;
  readonly options: MovingBucketOptions;
  readonly keys: KeyTables;
  readonly notices: SqliteNoticeBook;
  readonly #id: number;
  readonly #sql: ReturnType<typeof statements>;

  private constructor(shared: Shared, id: number, options: MovingBucketOptions) {
    this.shared = shared;
    this.options = options;
    this.#id = id;
    this.#sql = statements(shared.db);
    this.keys = new KeyTables(shared, id, options.linger);
    this.notices = new SqliteNoticeBook(shared, id);
  }

  static async open(shared: Shared, name: string, options: MovingBucketOptions): Promise<SqliteMovingBucket> {
    const { db, sync } = shared;
    const id = db.transaction(() => {
      const begin = 'INSERT OR IGNORE INTO buckets (name, epoch, phase, since, sequence) VALUES (?, 1, ?, ?, 0)';
      db.prepare(begin).run(name, 'created', shared.options.now());
      return db.prepare<{ id: number }>('SELECT id FROM buckets WHERE name = ?').get(name)!.id;
    });
    await sync.done();
    return new SqliteMovingBucket(shared, id, options);
  }

  async record(): Promise<SwitchRecord> {
    return this.recordNow();
  }

  async change(epoch: number, to: MigrationPhase): Promise<SwitchRecord> {
    const record = this.#transaction(() => {
      const now = this.recordNow();
      if (now.epoch !== epoch)
        throw new FerryError('changed', { message: `the phase of the bucket was changed to ${now.phase} meanwhile` });
      if (!mayFollow(now.phase, to))
        throw new FerryError('configuration', { message: `${to} does not follow ${now.phase}` });
      const reason = this.#tooEarlyFor(to, now);
      if (reason !== undefined) throw new FerryError('unavailable', { message: `too early for ${to}: ${reason}` });
      const next: SwitchRecord = { epoch: epoch + 1, phase: to, since: this.shared.options.now() };
      this.#sql.change.run(next.epoch, to, next.since, this.#id);
      return next;
    });
    await this.shared.sync.done();
    this.shared.waiting.tell();
    return record;
  }

  async abandoned(limit: number): Promise<readonly CarriedUpload[]> {
    return this.#transaction(() => {
      this.#forgetTheDead();
      return this.#sql.abandoned.all(this.#id, limit).map((row) => ({ ...row }));
    });
  }

  async forgetAbandoned(upload: CarriedUpload): Promise<void> {
    this.endCarrying(upload);
  }

  async counts(): Promise<LedgerCounts> {
    return this.#transaction(() => this.keys.counts());
  }

  async fact(name: string): Promise<unknown> {
    const row = this.#sql.fact.get(this.#id, name);
    return row === undefined ? undefined : JSON.parse(row.value);
  }

  async setFact(name: string, value: unknown): Promise<void> {
    if (value === undefined) this.#sql.forgetFact.run(this.#id, name);
    else this.#sql.setFact.run(this.#id, name, JSON.stringify(value));
    await this.shared.sync.done();
  }

  async members(): Promise<readonly MemberRecord[]> {
    return this.#transaction(() => {
      this.#forgetTheDead();
      const { clock } = this;
      return this.#members().map(({ id, name, acknowledged, leaseEnd }) => {
        return { id: `m${id}`, name, acknowledged, live: clock < leaseEnd };
      });
    });
  }

  async inFlightOnOld(): Promise<InFlightOnOld> {
    return this.#transaction(() => {
      this.#forgetTheDead();
      const known = this.#sql.mutations.all(this.#id).map((row) => ({ ...row }));
      return { known, unaccounted: this.unaccounted() };
    });
  }

  async join(name: string): Promise<Member> {
    const row = this.#transaction(() => {
      const { epoch, phase } = this.recordNow();
      const leaseEnd = this.clock + this.shared.options.lease;
      const { id } = this.#sql.join.get(this.#id, name, epoch, phase, leaseEnd)!;
      return { id, name, acknowledged: epoch, phase, leaseEnd };
    });
    return new SqliteMember(this, row);
  }

  get clock(): number {
    return this.shared.options.clock.now();
  }

  recordNow(): SwitchRecord {
    return { ...this.#sql.record.get(this.#id)! };
  }

  requireLive(member: number): MemberRow {
    const row = this.#sql.member.get(member);
    if (row === undefined || this.clock >= row.leaseEnd) throw leaseLost();
    return row;
  }

  conduct(member: number): boolean {
    return this.#transaction(() => {
      this.requireLive(member);
      const id = this.#sql.conductor.get(this.#id)!.conductor;
      const conductor = id === null ? undefined : this.#sql.member.get(id);
      if (conductor !== undefined && this.clock < conductor.leaseEnd) return id === member;
      this.#sql.setConductor.run(member, this.#id);
      return true;
    });
  }

  renew(member: number): SwitchRecord {
    return this.#transaction(() => {
      this.requireLive(member);
      this.#sql.renew.run(this.clock + this.shared.options.lease, member);
      return this.recordNow();
    });
  }

  acknowledge(member: number, epoch: number, inFlight: readonly OldMutation[]): void {
    this.#transaction(() => {
      this.requireLive(member);
      const now = this.recordNow();
      if (epoch !== now.epoch) throw new FerryError('changed', { message: `epoch ${epoch} is over` });
      this.#sql.acknowledge.run(epoch, now.phase, member);
      for (const { id, key, operation, started } of inFlight)
        this.#sql.publish.run(this.#id, member, id, key, operation, started);
    });
    this.shared.waiting.tell();
  }

  ended(member: number, mutation: string, inDoubt: boolean): void {
    if (inDoubt) this.#sql.linger.run(this.clock + this.options.linger, member, mutation);
    else this.#sql.end.run(member, mutation);
    this.shared.waiting.tell();
  }

  beginCarrying(member: number, { side, key, uploadId }: CarriedUpload): void {
    this.#sql.carry.run(this.#id, side, uploadId, key, member);
  }

  endCarrying({ side, uploadId }: CarriedUpload): void {
    this.#sql.carried.run(this.#id, side, uploadId);
  }

  leave(member: number): void {
    const until = this.clock + this.options.linger;
    this.#transaction(() => {
      this.#sql.lingerAll.run(until, member);
      this.keys.leave(member, until);
      this.#sql.forget.run(member);
    });
    this.shared.waiting.tell();
  }

  /** Members that may have mutations in flight on old that nobody else knows of. */
  unaccounted(): number {
    return this.#members().filter(({ phase, leaseEnd }) => {
      return ROUTING[phase].mutations === 'old' && this.clock < leaseEnd + this.options.linger;
    }).length;
  }

  mutatedOnOld(key: string): boolean {
    const { linger } = this.options;
    return this.#sql.mutatedOn.get(this.#id, key, linger, this.clock) !== undefined;
  }

  /** Whether records of keys may be forgotten: nobody asks for them. */
  unrecorded(): boolean {
    this.#forgetTheDead();
    const plain = (phase: MigrationPhase): boolean => ['old', 'new'].includes(ROUTING[phase].mutations);
    return plain(this.recordNow().phase) && this.#members().every(({ phase }) => plain(phase));
  }

  #transaction<T>(work: () => T): T {
    // In the order in which it was asked for.
    this.shared.group.flush();
    return this.shared.db.transaction(work);
  }

  #members(): MemberRow[] {
    return this.#sql.members.all(this.#id);
  }

  #tooEarlyFor(to: MigrationPhase, { epoch, phase }: SwitchRecord): string | undefined {
    for (const { name, leaseEnd, acknowledged } of this.#members())
      if (this.clock < leaseEnd && acknowledged !== epoch) return `${name} has not acknowledged ${phase}`;
    const { dirty, touched, intents, claims, writes } = this.keys.counts();
    if (to === 'switching' && dirty + touched > 0) return 'there are records of an earlier round';
    if (to === 'finalised' && claims > 0) return `${claims} objects are being carried`;
    if (to !== 'returning' && to !== 'rolled-back') return undefined;
    if (dirty > 0) return `${dirty} keys are to be written back`;
    if (intents + claims + writes > 0) return `${intents + claims + writes} operations are in flight`;
    return undefined;
  }

  /** Mutations first: one whose member is gone counts as over. */
  #forgetTheDead(): void {
    const { linger } = this.options;
    this.#sql.forgetMutations.run(this.#id, linger, this.clock);
    this.#sql.forgetMembers.run(this.#id, this.clock - linger);
  }
}

/** When a mutation is over, in a query with the member beside it; ?n is the linger. */
const MUTATION_END = 'coalesce(mutations.until, members.lease_end + ?, -1e300)';

// oxlint-disable-next-line typescript/explicit-function-return-type -- the statements are the type
function statements(db: Database) {
  const member = 'SELECT id, name, acknowledged, phase, lease_end AS leaseEnd FROM members';
  const joined = 'FROM mutations LEFT JOIN members ON members.id = mutations.member WHERE mutations.bucket = ?';
  return {
    record: db.prepare<SwitchRecord>('SELECT epoch, phase, since FROM buckets WHERE id = ?'),
    change: db.prepare<never>('UPDATE buckets SET epoch = ?, phase = ?, since = ? WHERE id = ?'),
    conductor: db.prepare<{ conductor: number | null }>('SELECT conductor FROM buckets WHERE id = ?'),
    setConductor: db.prepare<never>('UPDATE buckets SET conductor = ? WHERE id = ?'),
    fact: db.prepare<{ value: string }>('SELECT value FROM facts WHERE bucket = ? AND name = ?'),
    setFact: db.prepare<never>('INSERT OR REPLACE INTO facts (bucket, name, value) VALUES (?, ?, ?)'),
    forgetFact: db.prepare<never>('DELETE FROM facts WHERE bucket = ? AND name = ?'),
    join: db.prepare<{ id: number }>(
      'INSERT INTO members (bucket, name, acknowledged, phase, lease_end) VALUES (?, ?, ?, ?, ?) RETURNING id',
    ),
    member: db.prepare<MemberRow>(`${member} WHERE id = ?`),
    members: db.prepare<MemberRow>(`${member} WHERE bucket = ? ORDER BY id`),
    renew: db.prepare<never>('UPDATE members SET lease_end = ? WHERE id = ?'),
    acknowledge: db.prepare<never>('UPDATE members SET acknowledged = ?, phase = ? WHERE id = ?'),
    forget: db.prepare<never>('DELETE FROM members WHERE id = ?'),
    forgetMembers: db.prepare<never>('DELETE FROM members WHERE bucket = ? AND lease_end <= ?'),
    publish: db.prepare<never>(
      'INSERT OR IGNORE INTO mutations (bucket, member, id, key, operation, started) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    mutations: db.prepare<OldMutation>(
      'SELECT id, key, operation, started FROM mutations WHERE bucket = ? ORDER BY seq',
    ),
    mutatedOn: db.prepare<{ seq: number }>(`SELECT seq ${joined} AND mutations.key = ? AND ${MUTATION_END} > ?`),
    carry: db.prepare<never>(
      'INSERT OR REPLACE INTO carried (bucket, side, upload_id, key, member) VALUES (?, ?, ?, ?, ?)',
    ),
    carried: db.prepare<never>('DELETE FROM carried WHERE bucket = ? AND side = ? AND upload_id = ?'),
    abandoned: db.prepare<CarriedUpload>(
      'SELECT side, key, upload_id AS uploadId FROM carried ' +
        'WHERE bucket = ? AND member NOT IN (SELECT id FROM members) ORDER BY side, upload_id LIMIT ?',
    ),
    linger: db.prepare<never>('UPDATE mutations SET until = ? WHERE member = ? AND id = ?'),
    lingerAll: db.prepare<never>('UPDATE mutations SET until = coalesce(until, ?) WHERE member = ?'),
    end: db.prepare<never>('DELETE FROM mutations WHERE member = ? AND id = ?'),
    forgetMutations: db.prepare<never>(
      `DELETE FROM mutations WHERE seq IN (SELECT seq ${joined} AND ${MUTATION_END} <= ?)`,
    ),
  } satisfies Readonly<Record<string, Statement<never> | Statement<unknown>>>;
}
