import * as z from 'zod';
import type {
  Checkpoint,
  FailureRecord,
  PartRecord,
  RangeRecord,
  TaskJournal,
  TaskRecord,
  UploadIntent,
  UploadRecord,
} from '../state-store.ts';
import { storedJson, type Database, type Statement } from './database.ts';
import type { DoubtTable } from './doubt-table.ts';
import type { FailureTable } from './failure-table.ts';
import type { GroupCommit } from './group-commit.ts';
import type { IntentTable } from './intent-table.ts';
import { noTask, type SqliteLease } from './lease.ts';
import type { RangeTable } from './range-table.ts';
import { toTaskRecord, type TaskTable } from './task-table.ts';
import type { UploadTable } from './upload-table.ts';

/** What every journal of one database shares. */
export interface Tables {
  readonly db: Database;
  readonly tasks: TaskTable;
  readonly ranges: RangeTable;
  readonly failures: FailureTable;
  readonly doubts: DoubtTable;
  readonly uploads: UploadTable;
  readonly intents: IntentTable;
  readonly facts: FactTable;
  readonly group: GroupCommit;
}

/** Each write is one transaction that begins by asking whether the lease still stands. */
export class SqliteJournal implements TaskJournal {
  readonly #tables: Tables;
  readonly #lease: SqliteLease;
  readonly #task: number;

  constructor(tables: Tables, lease: SqliteLease) {
    this.#tables = tables;
    this.#lease = lease;
    this.#task = lease.task;
  }

  get task(): TaskRecord {
    const row = this.#tables.tasks.byId(this.#task);
    if (!row) throw noTask(this.#lease.name);
    return toTaskRecord(row, true);
  }

  async beginPass(ranges: readonly RangeRecord[], startedAt: number): Promise<void> {
    this.#write(() => {
      this.#tables.ranges.replace(this.#task, ranges);
      this.#tables.doubts.addFailures(this.#task);
      this.#tables.failures.clear(this.#task);
      this.#tables.tasks.beginPass(this.#task, startedAt);
    });
    this.#giveBackSpace();
  }

  async ranges(): Promise<readonly RangeRecord[]> {
    return this.#tables.ranges.all(this.#task);
  }

  async checkpoint(change: Checkpoint): Promise<void> {
    const { ranges, failures, tasks } = this.#tables;
    this.#write(() => {
      ranges.apply(this.#task, change.ranges);
      for (const key of change.resolved) failures.delete(this.#task, key);
      for (const failure of change.failed) failures.put(this.#task, failure);
      tasks.progress(this.#task, change.counters);
    });
  }

  async endPass(state: 'finished' | 'failed', endedAt: number, error?: TaskRecord['error']): Promise<void> {
    const { ranges, doubts, tasks } = this.#tables;
    this.#write(() => {
      const open = tasks.byId(this.#task)?.pass_open === 1;
      const whole = open && (state === 'finished' || ranges.all(this.#task).every(({ done }) => done));
      if (whole) doubts.clear(this.#task);
      ranges.clear(this.#task);
      tasks.endPass(this.#task, state, endedAt, error, whole);
    });
  }

  async interrupt(state: 'interrupted' | 'failed', endedAt: number, error?: TaskRecord['error']): Promise<void> {
    this.#write(() => this.#tables.tasks.interrupt(this.#task, state, endedAt, error));
  }

  async failures(options?: { after?: string; limit?: number }): Promise<readonly FailureRecord[]> {
    return this.#tables.failures.page(this.#task, options);
  }

  async withdraw(keys: readonly string[]): Promise<void> {
    const { failures, doubts } = this.#tables;
    this.#write(() => {
      for (const key of keys) {
        doubts.add(this.#task, key);
        failures.delete(this.#task, key);
      }
    });
  }

  async doubted(options?: { from?: string; limit?: number }): Promise<readonly string[]> {
    return this.#tables.doubts.page(this.#task, options);
  }

  async uploads(): Promise<readonly UploadRecord[]> {
    return this.#tables.uploads.all(this.#task);
  }

  async upload(key: string): Promise<{ upload: UploadRecord; parts: readonly PartRecord[] } | undefined> {
    return this.#tables.uploads.get(this.#task, key);
  }

  intendUpload(intent: UploadIntent): Promise<void> {
    return this.#tables.group.add(() => {
      this.#lease.require();
      this.#tables.intents.put(this.#task, intent);
    });
  }

  async uploadIntents(): Promise<readonly UploadIntent[]> {
    this.#tables.group.flush();
    return this.#tables.intents.all(this.#task);
  }

  async settleUploadIntents(key: string, since?: number): Promise<void> {
    this.#write(() => {
      if (since === undefined) this.#tables.intents.settle(this.#task, key);
      else this.#tables.intents.met(this.#task, key, since);
    });
  }

  async knowsUpload(uploadId: string): Promise<boolean> {
    return this.#tables.uploads.knows(uploadId);
  }

  async beginUpload(upload: UploadRecord): Promise<void> {
    this.#write(() => {
      this.#tables.uploads.begin(this.#task, upload);
      this.#tables.intents.met(this.#task, upload.key, upload.startedAt);
    });
  }

  recordPart(key: string, part: PartRecord): Promise<void> {
    return this.#tables.group.add(() => {
      this.#lease.require();
      this.#tables.uploads.putPart(this.#task, key, part);
    });
  }

  async endUpload(key: string): Promise<void> {
    this.#write(() => this.#tables.uploads.end(this.#task, key));
  }

  async getFact(name: string): Promise<unknown> {
    return this.#tables.facts.get(this.#task, name);
  }

  async setFact(name: string, value: unknown): Promise<void> {
    this.#write(() => this.#tables.facts.set(this.#task, name, value));
  }

  #write(work: () => void): void {
    this.#tables.group.flush();
    this.#tables.db.transaction(() => {
      this.#lease.require();
      work();
    });
  }

  /** Pages that forgotten failures and ranges leave free go back to the file system. */
  #giveBackSpace(): void {
    this.#tables.db.exec('PRAGMA incremental_vacuum');
  }
}

export class FactTable {
  readonly #put: Statement<never>;
  readonly #delete: Statement<never>;
  readonly #get: Statement<{ value: string }>;

  constructor(db: Database) {
    this.#put = db.prepare('INSERT OR REPLACE INTO facts (task_id, name, value) VALUES (?, ?, ?)');
    this.#delete = db.prepare('DELETE FROM facts WHERE task_id = ? AND name = ?');
    this.#get = db.prepare('SELECT value FROM facts WHERE task_id = ? AND name = ?');
  }

  get(task: number, name: string): unknown {
    const row = this.#get.get(task, name);
    return row && storedJson(z.unknown(), row.value);
  }

  /** `undefined` forgets the fact. */
  set(task: number, name: string, value: unknown): void {
    if (value === undefined) this.#delete.run(task, name);
    else this.#put.run(task, name, JSON.stringify(value));
  }
}
