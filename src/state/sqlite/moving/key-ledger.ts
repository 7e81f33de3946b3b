import { FerryError } from '../../../model/errors.ts';
import type { Key } from '../../../model/key.ts';
import type { CarriedUpload, Claim, DirtyKey, Intent, KeyLedger, LedgerCounts, Standing } from '../../key-ledger.ts';
import type { Kind } from './key-tables.ts';
import type { SqliteMovingBucket } from './moving-bucket.ts';

export class SqliteKeyLedger implements KeyLedger {
  readonly #held: Held;
  readonly #lost: AbortSignal;

  constructor(bucket: SqliteMovingBucket, member: number, lost: AbortSignal) {
    this.#held = { bucket, member, lost };
    this.#lost = lost;
  }

  async isTouched(key: Key): Promise<boolean> {
    return this.#keys.isTouched(key);
  }

  async touchedAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>> {
    return this.#keys.touchedAmong(keys);
  }

  async touchedBelow(prefixes: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#keys.touchedBelow(prefixes);
  }

  async intend(key: Key, signal?: AbortSignal): Promise<Intent> {
    const id = await this.#together(() => this.#keys.add('intent', key, this.#held.member));
    const intent = new SqliteIntent(this.#held, 'intent', key, id);
    try {
      await this.#wait(() => (this.#keys.stands('claim', key) ? undefined : true), signal);
    } catch (thrown) {
      await intent[Symbol.asyncDispose]();
      throw thrown;
    }
    return intent;
  }

  async claim(key: Key, signal?: AbortSignal): Promise<Claim> {
    return await this.#wait(() => this.#claimNow(key), signal);
  }

  async tryClaim(key: Key): Promise<Claim | undefined> {
    return this.#claimNow(key);
  }

  async beginCarrying(upload: CarriedUpload): Promise<void> {
    this.#written(() => this.#held.bucket.beginCarrying(this.#held.member, upload));
  }

  async endCarrying(upload: CarriedUpload): Promise<void> {
    this.#held.bucket.endCarrying(upload);
  }

  async recordUpload(uploadId: string): Promise<void> {
    this.#written(() => this.#keys.recordUpload(uploadId));
    await this.#shared.sync.done();
  }

  async isNewUpload(uploadId: string): Promise<boolean> {
    return this.#keys.isNewUpload(uploadId);
  }

  async beginWrite(key: Key): Promise<Standing> {
    const id = await this.#together(() => this.#keys.beginWrite(key, this.#held.member));
    const standing = new SqliteStanding(this.#held, 'write', key, id);
    try {
      if (this.#held.bucket.options.writeBack) await this.#shared.sync.done();
    } catch (thrown) {
      await standing[Symbol.asyncDispose]();
      throw thrown;
    }
    return standing;
  }

  async dirty(after: Key | undefined, limit: number): Promise<readonly DirtyKey[]> {
    return this.#transaction(() => this.#keys.dirty(after, limit));
  }

  async dirtyAmong(keys: readonly Key[]): Promise<ReadonlySet<Key>> {
    return this.#keys.dirtyAmong(keys);
  }

  async settle(dirty: DirtyKey): Promise<boolean> {
    return this.#written(() => this.#keys.settle(dirty));
  }

  async counts(): Promise<LedgerCounts> {
    return this.#transaction(() => this.#keys.counts());
  }

  async clear(): Promise<void> {
    this.#written(() => {
      const { intents, claims, writes } = this.#keys.counts();
      if (!this.#held.bucket.unrecorded() || intents + claims + writes > 0)
        throw new FerryError('unavailable', { message: 'the records of the keys are still needed' });
      this.#keys.clear();
    });
    await this.#shared.sync.done();
  }

  get #keys(): SqliteMovingBucket['keys'] {
    return this.#held.bucket.keys;
  }

  get #shared(): SqliteMovingBucket['shared'] {
    return this.#held.bucket.shared;
  }

  #claimNow(key: Key): Claim | undefined {
    const { bucket, member } = this.#held;
    const found = this.#written(() => {
      if (this.#keys.stands('intent', key) || this.#keys.stands('claim', key)) return undefined;
      if (bucket.mutatedOnOld(key) || bucket.unaccounted() > 0) return undefined;
      const id = this.#keys.add('claim', key, member);
      return { id, touched: this.#keys.isTouched(key), completing: this.#keys.completing(key) };
    });
    return found && new SqliteClaim(this.#held, key, found);
  }

  /** In one transaction, by a member that is live. */
  #written<T>(work: () => T): T {
    return this.#transaction(() => {
      this.#held.bucket.requireLive(this.#held.member);
      return work();
    });
  }

  /** The same, with what others write in this turn of the event loop. */
  #together<T>(work: () => T): Promise<T> {
    return this.#shared.group.add(() => {
      this.#held.bucket.requireLive(this.#held.member);
      return work();
    });
  }

  #transaction<T>(work: () => T): T {
    // In the order in which it was asked for.
    this.#shared.group.flush();
    return this.#shared.db.transaction(work);
  }

  #wait<T>(look: () => T | undefined, signal: AbortSignal | undefined): Promise<T> {
    return this.#shared.waiting.until(look, [signal, this.#lost]);
  }
}

/** In whose name something stands. */
interface Held {
  readonly bucket: SqliteMovingBucket;
  readonly member: number;
  readonly lost: AbortSignal;
}

/** What could not be given back is tried again after so long, milliseconds. */
const AGAIN = 500;

class SqliteStanding implements Standing {
  protected readonly key: Key;
  readonly #held: Held;
  readonly #kind: Kind;
  readonly #id: number;
  #doubt = false;

  constructor(held: Held, kind: Kind, key: Key, id: number) {
    this.#held = held;
    this.#kind = kind;
    this.key = key;
    this.#id = id;
  }

  inDoubt(): void {
    this.#doubt = true;
  }

  /** Where that fails it is tried again behind: what stands in the name of a member that lives on would never end. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#giveBack();
    } catch (thrown) {
      this.#giveBackLater();
      throw thrown;
    }
  }

  async #giveBack(): Promise<void> {
    const { keys, shared } = this.#held.bucket;
    await shared.group.add(() => {
      if (this.#kind === 'write') keys.endWrite(this.#id, this.key, this.#doubt);
      else keys.end(this.#id, this.#doubt);
    });
    shared.waiting.tell();
  }

  #giveBackLater(): void {
    const { bucket, lost } = this.#held;
    bucket.shared.options.clock.after(AGAIN, () => {
      if (!lost.aborted) this.#giveBack().catch(() => this.#giveBackLater());
    });
  }

  /** Durable when it resolves. */
  protected async record(work: (keys: SqliteMovingBucket['keys']) => void): Promise<void> {
    const { bucket, member } = this.#held;
    const { keys, shared } = bucket;
    await shared.group.add(() => {
      bucket.requireLive(member);
      if (!keys.isHeld(this.#id))
        throw new FerryError('internal', { key: this.key, message: 'what was given back is used' });
      work(keys);
    });
    await shared.sync.done();
  }
}

class SqliteIntent extends SqliteStanding implements Intent {
  touch(): Promise<void> {
    return this.record((keys) => keys.touch(this.key));
  }
}

class SqliteClaim extends SqliteIntent implements Claim {
  #touched: boolean;
  #completing: string | undefined;

  constructor(
    held: Held,
    key: Key,
    found: { readonly id: number; readonly touched: boolean; readonly completing: string | undefined },
  ) {
    super(held, 'claim', key, found.id);
    this.#touched = found.touched;
    this.#completing = found.completing;
  }

  get touched(): boolean {
    return this.#touched;
  }

  get completing(): string | undefined {
    return this.#completing;
  }

  override async touch(): Promise<void> {
    await super.touch();
    this.#touched = true;
  }

  async setCompleting(uploadId: string | undefined): Promise<void> {
    await this.record((keys) => keys.setCompleting(this.key, uploadId));
    this.#completing = uploadId;
  }
}
