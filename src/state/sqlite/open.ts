/**
 * The state on one machine: a single SQLite file shared by every Ferry process of a user, each working on other tasks.
 *
 * Reads never wait for writers; writes are short transactions that wait for one another. The file must be on a local
 * disk: neither the write-ahead log nor the locks work over NFS or SMB.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { FerryError } from '../../model/errors.ts';
import type { QueueState } from '../queue-book.ts';
import type {
  FailureGroup,
  FailurePage,
  FailureRecord,
  NewTask,
  OpenRanges,
  StateStore,
  TaskJournal,
  TaskLease,
  TaskRecord,
  UploadRecord,
} from '../state-store.ts';
import { BucketTable } from './bucket-table.ts';
import { createPrivately } from './create-privately.ts';
import { Database, isBusy } from './database.ts';
import { DoubtTable } from './doubt-table.ts';
import { FailureTable } from './failure-table.ts';
import { GroupCommit } from './group-commit.ts';
import { FactTable, SqliteJournal, type Tables } from './journal.ts';
import { MirrorTable } from './mirror-table.ts';
import { IntentTable } from './intent-table.ts';
import { LeaseBook, noTask, SqliteLease } from './lease.ts';
import { RangeTable } from './range-table.ts';
import { prepareSchema } from './schema.ts';
import { QueueTable } from './queue-table.ts';
import { requireName, TaskTable, toTaskRecord, type TaskRow } from './task-table.ts';
import { UploadTable } from './upload-table.ts';

/**
 * Opens the state in `file`; creates it, readable by its owner only, where it is absent. Locks are kept beside it in
 * `FILE.locks/`. Rejects with `state` where the file is damaged, not Ferry's, or made by a newer version, with
 * `permission` where it cannot be written, with `disk-full`.
 */
export async function openState(file: string, options: { readonly now?: () => number } = {}): Promise<StateStore> {
  createPrivately(file);
  const db = new Database(file);
  try {
    await prepared(db);
    return new SqliteStateStore(db, options.now ?? Date.now);
  } catch (error) {
    db.close();
    throw error;
  }
}

class SqliteStateStore implements StateStore {
  readonly buckets: BucketTable;
  readonly mirrors: MirrorTable;
  readonly queue: QueueTable;
  readonly #tables: Tables;
  readonly #leases: LeaseBook;

  constructor(db: Database, now: () => number) {
    this.buckets = new BucketTable(db);
    this.mirrors = new MirrorTable(db);
    const tasks = new TaskTable(db);
    this.#tables = {
      db,
      tasks,
      ranges: new RangeTable(db),
      failures: new FailureTable(db),
      doubts: new DoubtTable(db),
      uploads: new UploadTable(db),
      intents: new IntentTable(db),
      facts: new FactTable(db),
      group: new GroupCommit(db, ['task-running', 'internal']),
    };
    this.#leases = new LeaseBook(db, tasks, now);
    this.queue = new QueueTable(db, tasks, (row) => this.#record(row));
  }

  async createTask(task: NewTask): Promise<TaskRecord> {
    requireName(task.name);
    return this.#record(this.#tables.db.transaction(() => this.#tables.tasks.create(task)));
  }

  async getTask(name: string): Promise<TaskRecord | undefined> {
    const row = this.#tables.tasks.byName(name);
    return row && this.#record(row);
  }

  async listTasks(): Promise<readonly TaskRecord[]> {
    return this.#tables.tasks.all().map((row) => this.#record(row));
  }

  async deleteTask(lease: TaskLease, from?: readonly QueueState[]): Promise<boolean> {
    const own = ownLease(lease);
    this.#tables.group.flush();
    const deleted = this.#tables.db.transaction(() => {
      own.require();
      return this.#tables.tasks.delete(own.task, from);
    });
    if (!deleted) return false;
    this.#leases.forget(own);
    this.#tables.db.exec('PRAGMA incremental_vacuum');
    return true;
  }

  lease(name: string, holder: string): Promise<TaskLease> {
    return this.#leases.take(name, holder);
  }

  async journal(lease: TaskLease): Promise<TaskJournal> {
    return new SqliteJournal(this.#tables, ownLease(lease));
  }

  async failures(name: string, options?: FailurePage): Promise<readonly FailureRecord[]> {
    return this.#tables.failures.page(this.#require(name).id, options);
  }

  async failuresOf(name: string, keys: readonly string[]): Promise<readonly FailureRecord[]> {
    return this.#tables.failures.of(this.#require(name).id, keys.slice(0, 1000));
  }

  async failureGroups(name: string): Promise<readonly FailureGroup[]> {
    return this.#tables.failures.groups(this.#require(name).id);
  }

  async doubted(name: string, options?: { from?: string; limit?: number }): Promise<readonly string[]> {
    return this.#tables.doubts.page(this.#require(name).id, options);
  }

  async uploads(name: string): Promise<readonly UploadRecord[]> {
    return this.#tables.uploads.all(this.#require(name).id);
  }

  async openRanges(name: string, limit: number): Promise<OpenRanges> {
    return this.#tables.ranges.open(this.#require(name).id, limit);
  }

  async getFact(task: string, name: string): Promise<unknown> {
    return this.#tables.facts.get(this.#require(task).id, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#tables.group.flush();
      this.#leases.releaseAll();
    } finally {
      this.#tables.db.close();
    }
  }

  #require(name: string): TaskRow {
    const row = this.#tables.tasks.byName(name);
    if (!row) throw noTask(name);
    return row;
  }

  #record(row: TaskRow): TaskRecord {
    return toTaskRecord(row, this.#leases.isHeld(row));
  }
}

function ownLease(lease: TaskLease): SqliteLease {
  if (lease instanceof SqliteLease) return lease;
  throw new FerryError('internal', { message: `the lease of task "${lease.name}" is of another state store` });
}

/** Processes that open, migrate or close the file at the same moment get in each other's way for an instant. */
async function prepared(db: Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return prepareSchema(db);
    } catch (error) {
      if (!isBusy(error) || attempt === 50) throw error;
    }
    await delay(10 + attempt);
  }
}
