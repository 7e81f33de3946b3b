import type { KeyLedger } from '../../key-ledger.ts';
import { MemberLease } from '../../member-lease.ts';
import type { Member, OldMutation, SwitchRecord } from '../../moving-bucket.ts';
import { SqliteKeyLedger } from './key-ledger.ts';
import type { MemberRow, SqliteMovingBucket } from './moving-bucket.ts';

export class SqliteMember implements Member {
  readonly id: string;
  readonly keys: KeyLedger;
  readonly #bucket: SqliteMovingBucket;
  readonly #row: number;
  readonly #lease: MemberLease;

  constructor(bucket: SqliteMovingBucket, { id, leaseEnd }: MemberRow) {
    this.id = `m${id}`;
    this.#row = id;
    this.#bucket = bucket;
    const { clock, lease } = bucket.shared.options;
    this.#lease = new MemberLease(clock, lease, leaseEnd);
    this.keys = new SqliteKeyLedger(bucket, id, this.lost);
  }

  get lost(): AbortSignal {
    return this.#lease.lost;
  }

  isLive(): boolean {
    return this.#lease.isLive();
  }

  async conduct(): Promise<boolean> {
    return this.#bucket.conduct(this.#row);
  }

  async renew(): Promise<SwitchRecord> {
    return this.#lease.renew(() => this.#bucket.renew(this.#row));
  }

  async acknowledge(epoch: number, inFlight: readonly OldMutation[]): Promise<void> {
    this.#bucket.acknowledge(this.#row, epoch, inFlight);
  }

  async ended(mutation: string, inDoubt: boolean): Promise<void> {
    this.#bucket.ended(this.#row, mutation, inDoubt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#bucket.leave(this.#row);
    } finally {
      this.#lease.end();
    }
  }
}
