/** What the control plane keeps on one machine: a SQLite file of its own beside the state of tasks. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlState } from '../../control/control-state.ts';
import { createPrivately } from '../create-privately.ts';
import { Database, isBusy } from '../database.ts';
import { AccessTable } from './access-table.ts';
import { AnswerTable } from './answer-table.ts';
import { AuditTable } from './audit-table.ts';
import { CallbackTable } from './callback-table.ts';
import { EventTable } from './event-table.ts';
import { JobTable } from './job-table.ts';
import { ScheduleTable } from './schedule-table.ts';
import { prepareControlSchema } from './schema.ts';
import { SettingTable } from './setting-table.ts';
import { StoreTable } from './store-table.ts';
import { UserTable } from './user-table.ts';

/** Rejects with `state`, `permission` or `disk-full`, as `openState`. */
export async function openControl(file: string): Promise<ControlState> {
  createPrivately(file);
  const db = new Database(file);
  try {
    await prepared(db);
    return new SqliteControlState(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

class SqliteControlState implements ControlState {
  readonly access: AccessTable;
  readonly audit: AuditTable;
  readonly answers: AnswerTable;
  readonly stores: StoreTable;
  readonly users: UserTable;
  readonly settings: SettingTable;
  readonly callbacks: CallbackTable;
  readonly events: EventTable;
  readonly jobs: JobTable;
  readonly schedules: ScheduleTable;
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
    this.access = new AccessTable(db);
    this.audit = new AuditTable(db);
    this.answers = new AnswerTable(db);
    this.stores = new StoreTable(db);
    this.users = new UserTable(db);
    this.settings = new SettingTable(db);
    this.callbacks = new CallbackTable(db);
    this.events = new EventTable(db);
    this.schedules = new ScheduleTable(db);
    this.jobs = new JobTable(db, this.callbacks);
  }

  async hasSealed(): Promise<boolean> {
    if ((await this.stores.hasSecrets()) || (await this.users.users()).length > 0) return true;
    return (await this.events.sources()).some(({ secrets }) => Object.keys(secrets).length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.audit.flush();
    this.jobs.flush();
    this.events.flush();
    this.callbacks.flush();
    this.#db.close();
  }
}

/** Processes that open the file at the same moment get in each other's way for an instant. */
async function prepared(db: Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return prepareControlSchema(db);
    } catch (error) {
      if (!isBusy(error) || attempt === 50) throw error;
    }
    await delay(10 + attempt);
  }
}
