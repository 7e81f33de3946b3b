/**
 * The right to work on a task: a file lock, which only one process can have and the kernel takes back from the dead, and
 * a fencing token in the database, which every write checks. The lock keeps honest processes apart; the token stops the
 * one whose lock was lost (its file removed, the database put on a share) before it writes over its successor.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeDirectory } from '../../host/make-directory.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { TaskLease } from '../state-store.ts';
import type { Database } from './database.ts';
import { FileLock } from './file-lock.ts';
import type { TaskRow, TaskTable } from './task-table.ts';

/** A look at the lock (`FileLock.isHeld`) keeps it for an instant; so long, in milliseconds, is that waited for. */
const PATIENCE = 100;
const PAUSE = 10;

export class LeaseBook {
  readonly #db: Database;
  readonly #tasks: TaskTable;
  readonly #directory: string;
  readonly #now: () => number;
  readonly #own = new Set<SqliteLease>();

  /** Locks are files in `DATABASE.locks/`, named by the task's number, which is never used again. */
  constructor(db: Database, tasks: TaskTable, now: () => number) {
    this.#db = db;
    this.#tasks = tasks;
    this.#directory = `${db.file}.locks`;
    this.#now = now;
    makeDirectory(this.#directory, 0o700);
  }

  async take(name: string, holder: string): Promise<SqliteLease> {
    const task = this.#tasks.byName(name);
    if (!task) throw noTask(name);
    const lock = await this.#lock(task);
    try {
      const since = this.#now();
      const token = this.#db.transaction(() => this.#tasks.hold(task.id, holder, since));
      if (token === undefined) throw noTask(name); // Deleted while this process waited for the lock.
      const lease = new SqliteLease(this.#db, this.#tasks, task, token, () => {
        this.#own.delete(lease);
        lock.release();
      });
      this.#own.add(lease);
      return lease;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Whether the holder the row names is alive. */
  isHeld(task: TaskRow): boolean {
    if (task.holder === null) return false;
    for (const lease of this.#own) if (lease.task === task.id) return true;
    return FileLock.isHeld(this.#file(task.id));
  }

  /** The task is gone, and its lease with it. */
  forget(lease: SqliteLease): void {
    lease.end();
    rmSync(this.#file(lease.task), { force: true });
  }

  releaseAll(): void {
    for (const lease of this.#own) lease.release();
  }

  async #lock(task: TaskRow): Promise<FileLock> {
    for (let waited = 0; ; waited += PAUSE) {
      const lock = FileLock.tryAcquire(this.#file(task.id));
      if (lock) return lock;
      if (waited >= PATIENCE) throw running(this.#tasks.byId(task.id) ?? task);
      await delay(PAUSE);
    }
  }

  #file(task: number): string {
    return path.join(this.#directory, `${task}.lock`);
  }
}

export class SqliteLease implements TaskLease {
  readonly name: string;
  readonly token: number;
  /** The task's number. */
  readonly task: number;
  readonly #db: Database;
  readonly #tasks: TaskTable;
  readonly #unlock: () => void;
  readonly #lost = new AbortController();
  #ended = false;

  constructor(db: Database, tasks: TaskTable, task: TaskRow, token: number, unlock: () => void) {
    this.name = task.name;
    this.task = task.id;
    this.token = token;
    this.#db = db;
    this.#tasks = tasks;
    this.#unlock = unlock;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Within a write transaction: throws `task-running` where the right to write is gone. */
  require(): void {
    if (this.#ended) {
      throw new FerryError('task-running', { message: `the lease of task "${this.name}" was given back` });
    }
    if (this.#tasks.isHeld(this.task, this.token)) return;
    const task = this.#tasks.byId(this.task);
    const error = task?.holder
      ? running(task)
      : new FerryError('task-running', { message: `the lease of task "${this.name}" was lost` });
    this.#lost.abort(error);
    throw error;
  }

  release(): void {
    if (this.#ended) return;
    try {
      this.#db.transaction(() => this.#tasks.letGo(this.task, this.token));
    } catch (error) {
      // The lock is what counts: a holder's name left behind (the disk is full) is seen to be a dead one's.
      if (!isFerryError(error)) throw error;
    } finally {
      this.end();
    }
  }

  /** Gives back the lock without a word in the database. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unlock();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}

export function noTask(name: string): FerryError {
  return new FerryError('task-not-found', { message: `there is no task "${name}"` });
}

function running(task: TaskRow): FerryError {
  const since = task.held_since === null ? '' : ` since ${new Date(task.held_since).toISOString()}`;
  return new FerryError('task-running', {
    message: `task "${task.name}" is running: ${task.holder ?? 'another process'}${since}`,
  });
}
