/**
 * What the processes of one machine share about buckets that are being moved: a SQLite file of its own beside the state,
 * because it is written with every change a client makes, where the state is written once a second.
 *
 * Commits are seen by all processes at once. Those that have to survive a power cut wait for the disk besides
 * (`LogSync`); a process that is killed loses none either way. The file must be on a local disk.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MovingBook, MovingBucket, MovingBucketOptions } from '../../moving-bucket.ts';
import type { MovingClock } from '../../member-lease.ts';
import { createPrivately } from '../create-privately.ts';
import { Database, isBusy } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';
import { LogSync } from './log-sync.ts';
import { SqliteMovingBucket, type Shared } from './moving-bucket.ts';
import { prepareMovingSchema } from './schema.ts';
import { Waiting } from './waiting.ts';

export interface MovingOptions {
  /** Monotonic, and the same in all processes of the machine: `machineClock`. */
  readonly clock: MovingClock;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds a member stays live after it renewed. */
  readonly lease: number;
  /** Names this run of the machine, whose clock starts anew with each; what Linux tells where absent. */
  readonly boot?: string | undefined;
}

/**
 * Rejects with `state`, `permission` or `disk-full`, as `openState`.
 *
 * A process that is stopped in the middle of a transaction keeps the file locked to all others. They wait for it as long as
 * a lease, once: after that nobody here is live, and what is asked rejects with `state` at once until the file is free.
 * Nothing that stands in the name of a live member is so ever left standing because it could not be given back.
 */
export async function openMoving(file: string, options: MovingOptions): Promise<MovingBook> {
  createPrivately(file);
  const db = new Database(file, { timeout: options.lease, waitsOnce: true });
  try {
    await prepared(db);
    const group = new GroupCommit(db, ['unavailable', 'internal']);
    return new SqliteMovingBook({ db, options, sync: new LogSync(file), group, waiting: new Waiting() });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The clock all processes of a Linux machine share; it stands while the machine sleeps. */
export const machineClock: MovingClock = {
  now: () => Number(process.hrtime.bigint()) / 1e6,
  after(ms, work) {
    const timer = setTimeout(work, Math.max(0, ms)).unref();
    return () => clearTimeout(timer);
  },
};

/** Of anything that lingered already when the machine was restarted, milliseconds: how long is left is not known. */
const LONGEST_LINGER = 600_000;

class SqliteMovingBook implements MovingBook {
  readonly #shared: Shared;
  readonly #buckets = new Map<string, SqliteMovingBucket>();

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#beginAnew(shared.options.boot ?? bootOfMachine());
  }

  async names(): Promise<readonly string[]> {
    const rows = this.#shared.db.prepare<{ name: string }>('SELECT name FROM buckets ORDER BY name').all();
    return rows.map(({ name }) => name);
  }

  async bucket(name: string, options: MovingBucketOptions): Promise<MovingBucket> {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = await SqliteMovingBucket.open(this.#shared, name, options);
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shared.group.flush();
    this.#shared.sync[Symbol.dispose]();
    this.#shared.db.close();
  }

  /**
   * After a restart of the machine no process of before lives, and its clock starts anew. What they had sent may still be
   * carried out: what they held lingers as if their leases ran out now.
   */
  #beginAnew(boot: string): void {
    const { db, options } = this.#shared;
    db.transaction(() => {
      if (db.prepare('SELECT id FROM boots WHERE id = ?').get(boot) !== undefined) return;
      db.prepare('UPDATE members SET lease_end = ?').run(options.clock.now());
      for (const table of ['standings', 'mutations'])
        db.prepare(`UPDATE ${table} SET until = ? WHERE until IS NOT NULL`).run(options.clock.now() + LONGEST_LINGER);
      db.exec('DELETE FROM boots');
      db.prepare('INSERT INTO boots (id) VALUES (?)').run(boot);
    });
  }
}

/** Processes that open the file at the same moment get in each other's way for an instant. */
async function prepared(db: Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return prepareMovingSchema(db);
    } catch (error) {
      if (!isBusy(error) || attempt === 50) throw error;
    }
    await delay(10 + attempt);
  }
}

/** Elsewhere than on Linux the machine is taken for one that was never restarted: leases of before then run out late. */
function bootOfMachine(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
