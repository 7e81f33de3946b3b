import { FerryError } from '../../model/errors.ts';
import type { CarriedUpload, LedgerCounts } from '../key-ledger.ts';
import { mayFollow, ROUTING, type MigrationPhase } from '../../model/migration-phase.ts';
import type { InFlightOnOld, Member, MemberRecord, MovingBucket, OldMutation, SwitchRecord } from '../moving-bucket.ts';
import { KeyTables, MemoryKeyLedger } from './key-ledger.ts';
import { leaseLost, MemberLease, type MovingClock } from '../member-lease.ts';
import { Changes } from './changes.ts';
import { MemoryNoticeBook } from './notice-book.ts';

export interface MemoryMovingOptions {
  /** Monotonic milliseconds. */
  readonly clock: MovingClock;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds a member stays live after it renewed. */
  readonly lease: number;
  /** Milliseconds what a dead member held stands after that. */
  readonly linger: number;
}

/** For the members of one process, and for tests: nothing of it outlives the object. */
export class MemoryMovingBucket implements MovingBucket {
  readonly options: MemoryMovingOptions;
  /** Wakes who waits for something to be given back. */
  readonly changes: Changes;
  readonly tables: KeyTables;
  readonly notices: MemoryNoticeBook;
  readonly #facts = new Map<string, unknown>();
  readonly #members = new Map<string, MemberRow>();
  readonly #mutations = new Map<string, MutationRow>();
  #record: SwitchRecord;
  #joined = 0;
  #conductor: string | undefined;

  constructor(options: MemoryMovingOptions) {
    this.options = options;
    this.changes = new Changes(options.clock);
    this.tables = new KeyTables(this);
    this.notices = new MemoryNoticeBook(options.now);
    this.#record = { epoch: 1, phase: 'created', since: options.now() };
  }

  async record(): Promise<SwitchRecord> {
    return this.#record;
  }

  async change(epoch: number, to: MigrationPhase): Promise<SwitchRecord> {
    const { phase } = this.#record;
    if (this.#record.epoch !== epoch)
      throw new FerryError('changed', { message: `the phase of the bucket was changed to ${phase} meanwhile` });
    if (!mayFollow(phase, to)) throw new FerryError('configuration', { message: `${to} does not follow ${phase}` });
    const reason = this.#tooEarlyFor(to);
    if (reason !== undefined) throw new FerryError('unavailable', { message: `too early for ${to}: ${reason}` });
    this.#record = { epoch: epoch + 1, phase: to, since: this.options.now() };
    this.changes.tell();
    return this.#record;
  }

  async abandoned(limit: number): Promise<readonly CarriedUpload[]> {
    this.#forgetTheDead();
    return this.tables.carriedBy((member) => !this.#members.has(member)).slice(0, limit);
  }

  async forgetAbandoned(upload: CarriedUpload): Promise<void> {
    this.tables.endCarrying(upload);
  }

  async counts(): Promise<LedgerCounts> {
    return this.tables.counts();
  }

  async fact(name: string): Promise<unknown> {
    return this.#facts.get(name);
  }

  async setFact(name: string, value: unknown): Promise<void> {
    if (value === undefined) this.#facts.delete(name);
    else this.#facts.set(name, structuredClone(value));
  }

  async members(): Promise<readonly MemberRecord[]> {
    this.#forgetTheDead();
    return [...this.#members.values()].map(({ id, name, acknowledged, leaseEnd }) => {
      return { id, name, acknowledged, live: this.clock < leaseEnd };
    });
  }

  async inFlightOnOld(): Promise<InFlightOnOld> {
    this.#forgetTheDead();
    return { known: [...this.#mutations.values()].map(({ mutation }) => mutation), unaccounted: this.unaccounted() };
  }

  async join(name: string): Promise<Member> {
    const id = `m${++this.#joined}`;
    const leaseEnd = this.clock + this.options.lease;
    const row: MemberRow = { id, name, leaseEnd, acknowledged: this.#record.epoch, phase: this.#record.phase };
    this.#members.set(id, row);
    return new MemoryMember(this, row);
  }

  get clock(): number {
    return this.options.clock.now();
  }

  /** When the next thing ends by time alone, if nothing is renewed or given back. */
  nextEnd(): number | undefined {
    let first = this.tables.nextEnd() ?? Infinity;
    for (const { id } of this.#members.values()) first = Math.min(first, this.lingersUntil(id));
    for (const { until } of this.#mutations.values()) first = Math.min(first, until ?? Infinity);
    return Number.isFinite(first) ? first : undefined;
  }

  /** When what this member holds is over, if it does not renew. */
  lingersUntil(member: string): number {
    return (this.#members.get(member)?.leaseEnd ?? -Infinity) + this.options.linger;
  }

  requireLive(member: string): MemberRow {
    const row = this.#members.get(member);
    if (row === undefined || this.clock >= row.leaseEnd) throw leaseLost();
    return row;
  }

  conduct(member: string): boolean {
    this.requireLive(member);
    const conductor = this.#conductor === undefined ? undefined : this.#members.get(this.#conductor);
    if (conductor === undefined || this.clock >= conductor.leaseEnd) this.#conductor = member;
    return this.#conductor === member;
  }

  renew(member: string): SwitchRecord {
    this.requireLive(member).leaseEnd = this.clock + this.options.lease;
    return this.#record;
  }

  acknowledge(member: string, epoch: number, inFlight: readonly OldMutation[]): void {
    const row = this.requireLive(member);
    if (epoch !== this.#record.epoch) throw new FerryError('changed', { message: `epoch ${epoch} is over` });
    row.acknowledged = epoch;
    row.phase = this.#record.phase;
    for (const mutation of inFlight) this.#mutations.set(`${member} ${mutation.id}`, { member, mutation });
    this.changes.tell();
  }

  ended(member: string, mutation: string, inDoubt: boolean): void {
    const row = this.#mutations.get(`${member} ${mutation}`);
    if (row === undefined) return;
    if (inDoubt) row.until = this.clock + this.options.linger;
    else this.#mutations.delete(`${member} ${mutation}`);
    this.changes.tell();
  }

  leave(member: string): void {
    const until = this.clock + this.options.linger;
    for (const row of this.#mutations.values()) if (row.member === member) row.until ??= until;
    this.tables.leave(member, until);
    this.#members.delete(member);
    this.changes.tell();
  }

  /** Members that may have mutations in flight on old that nobody else knows of. */
  unaccounted(): number {
    this.#forgetTheDead();
    let count = 0;
    for (const { phase } of this.#members.values()) if (ROUTING[phase].mutations === 'old') count++;
    return count;
  }

  mutatedOnOld(key: string): boolean {
    this.#forgetTheDead();
    for (const { mutation } of this.#mutations.values()) if (mutation.key === key) return true;
    return false;
  }

  /** Whether records of keys may be forgotten: nobody asks for them. */
  unrecorded(): boolean {
    this.#forgetTheDead();
    const plain = (phase: MigrationPhase): boolean => ['old', 'new'].includes(ROUTING[phase].mutations);
    return plain(this.#record.phase) && [...this.#members.values()].every(({ phase }) => plain(phase));
  }

  #tooEarlyFor(to: MigrationPhase): string | undefined {
    for (const { name, leaseEnd, acknowledged } of this.#members.values())
      if (this.clock < leaseEnd && acknowledged !== this.#record.epoch)
        return `${name} has not acknowledged ${this.#record.phase}`;
    const { dirty, touched, intents, claims, writes } = this.tables.counts();
    if (to === 'switching' && dirty + touched > 0) return 'there are records of an earlier round';
    if (to === 'finalised' && claims > 0) return `${claims} objects are being carried`;
    if (to !== 'returning' && to !== 'rolled-back') return undefined;
    if (dirty > 0) return `${dirty} keys are to be written back`;
    if (intents + claims + writes > 0) return `${intents + claims + writes} operations are in flight`;
    return undefined;
  }

  #forgetTheDead(): void {
    const { clock } = this;
    for (const { id } of this.#members.values()) if (clock >= this.lingersUntil(id)) this.#members.delete(id);
    for (const [id, { member, until }] of this.#mutations)
      if (clock >= (until ?? this.lingersUntil(member))) this.#mutations.delete(id);
  }
}

interface MemberRow {
  readonly id: string;
  readonly name: string;
  leaseEnd: number;
  acknowledged: number;
  /** The one it acknowledged. */
  phase: MigrationPhase;
}

interface MutationRow {
  readonly member: string;
  readonly mutation: OldMutation;
  /** When it is over for certain; absent while it is known to be in flight. */
  until?: number;
}

class MemoryMember implements Member {
  readonly id: string;
  readonly keys: MemoryKeyLedger;
  readonly #bucket: MemoryMovingBucket;
  readonly #lease: MemberLease;

  constructor(bucket: MemoryMovingBucket, { id, leaseEnd }: MemberRow) {
    this.id = id;
    this.#bucket = bucket;
    this.#lease = new MemberLease(bucket.options.clock, bucket.options.lease, leaseEnd);
    this.keys = new MemoryKeyLedger(bucket, id, this.lost);
  }

  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  isLive(): boolean {
    return this.#lease.isLive();
  }

  async conduct(): Promise<boolean> {
    return this.#bucket.conduct(this.id);
  }

  async renew(): Promise<SwitchRecord> {
    return this.#lease.renew(() => this.#bucket.renew(this.id));
  }

  async acknowledge(epoch: number, inFlight: readonly OldMutation[]): Promise<void> {
    this.#bucket.acknowledge(this.id, epoch, inFlight);
  }

  async ended(mutation: string, inDoubt: boolean): Promise<void> {
    this.#bucket.ended(this.id, mutation, inDoubt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#bucket.leave(this.id);
    } finally {
      this.#lease.end();
    }
  }
}
