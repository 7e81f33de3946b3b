import type { KeyLedger } from '../../key-ledger.ts';
import type { Member, OldMutation, SwitchRecord } from '../../moving-bucket.ts';
import { SqliteKeyLedger } from './key-ledger.ts';
import { leaseLost } from './lease-lost.ts';
import type { MemberRow, SqliteMovingBucket } from './moving-bucket.ts';

export class SqliteMember implements Member {
  readonly id: string;
  readonly keys: KeyLedger;
  readonly #bucket: SqliteMovingBucket;
  readonly #row: number;
  readonly #lost = new AbortController();
  #liveUntil: number;
  #disarm: () => void = () => undefined;

  constructor(bucket: SqliteMovingBucket, { id, leaseEnd }: MemberRow) {
    this.id = `m${id}`;
    this.#row = id;
    this.#bucket = bucket;
    this.#liveUntil = leaseEnd;
    this.keys = new SqliteKeyLedger(bucket, id, this.lost);
    this.#arm();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isLive(): boolean {
    return this.#bucket.clock < this.#liveUntil;
  }

  async conduct(): Promise<boolean> {
    return this.#bucket.conduct(this.#row);
  }

  async renew(): Promise<SwitchRecord> {
    const asked = this.#bucket.clock;
    const record = this.#bucket.renew(this.#row);
    this.#liveUntil = asked + this.#bucket.shared.options.lease;
    this.#arm();
    return record;
  }

  async acknowledge(epoch: number, inFlight: readonly OldMutation[]): Promise<void> {
    this.#bucket.acknowledge(this.#row, epoch, inFlight);
  }

  async ended(mutation: string, inDoubt: boolean): Promise<void> {
    this.#bucket.ended(this.#row, mutation, inDoubt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disarm();
    this.#bucket.leave(this.#row);
    this.#liveUntil = -Infinity;
    this.#lost.abort(leaseLost());
  }

  #arm(): void {
    this.#disarm();
    const { clock } = this.#bucket.shared.options;
    this.#disarm = clock.after(this.#liveUntil - clock.now(), () => this.#lost.abort(leaseLost()));
  }
}
