/**
 * SQLite as Ferry uses it, and the only file that names `node:sqlite` (whose class is to be renamed, DEP0210).
 *
 * Calls are synchronous: a statement takes microseconds, a commit one fsync. Every error is a `FerryError` that says
 * what to do about it.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { ZodType } from 'zod';
import { FerryError, type ErrorCode } from '../../model/errors.ts';

/** Milliseconds a statement waits for another process's transaction. They take a few; a stopped process may hold one. */
const BUSY_TIMEOUT = 10_000;

export interface DatabaseOptions {
  /** Milliseconds to wait for a lock, in which the process stands still; `BUSY_TIMEOUT` where absent. */
  readonly timeout?: number | undefined;
  /** Where a transaction waited in vain the next do not wait at all, until one can begin. */
  readonly waitsOnce?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
}

export class Database implements Disposable {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #timeout: number;
  readonly #waitsOnce: boolean;
  #waits = true;

  /** Opens `file`; creates it where it is absent, unless `readOnly`. */
  constructor(file: string, options: DatabaseOptions = {}) {
    this.file = file;
    this.#timeout = options.timeout ?? BUSY_TIMEOUT;
    this.#waitsOnce = options.waitsOnce ?? false;
    this.#db = guarded(
      file,
      () =>
        new DatabaseSync(file, {
          timeout: this.#timeout,
          readOnly: options.readOnly ?? false,
          enableForeignKeyConstraints: true,
        }),
    );
  }

  exec(sql: string): void {
    guarded(this.file, () => this.#db.exec(sql));
  }

  prepare<Row>(sql: string): Statement<Row> {
    return new Statement(
      this.file,
      guarded(this.file, () => this.#db.prepare(sql)),
    );
  }

  /**
   * Runs `work` in a transaction that may write from the start, so that it never has to give up halfway. Committed, and
   * with `synchronous=FULL` on disk, when this returns; nothing of it happened when this throws.
   */
  transaction<T>(work: () => T): T {
    this.#begin();
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk makes SQLite roll back by itself.
      if (this.#db.isTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  #begin(): void {
    try {
      this.exec('BEGIN IMMEDIATE');
    } catch (error) {
      if (this.#waitsOnce && isBusy(error)) this.#wait(false);
      throw error;
    }
    this.#wait(true);
  }

  #wait(waits: boolean): void {
    if (this.#waits === waits) return;
    this.#waits = waits;
    this.exec(`PRAGMA busy_timeout = ${waits ? this.#timeout : 0}`);
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * A prepared statement. Values: text, numbers, null; `undefined` is stored as null. `Row` is what its columns hold: the
 * tables are STRICT, so SQLite has checked every type before.
 */
export class Statement<Row> {
  readonly #file: string;
  readonly #statement: StatementSync;

  constructor(file: string, statement: StatementSync) {
    this.#file = file;
    this.#statement = statement;
  }

  /** Number of rows changed. */
  run(...values: readonly Value[]): number {
    return guarded(this.#file, () => Number(this.#statement.run(...values.map(orNull)).changes));
  }

  get(...values: readonly Value[]): Row | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- STRICT tables have the types they declare.
    return guarded(this.#file, () => this.#statement.get(...values.map(orNull)) as Row | undefined);
  }

  all(...values: readonly Value[]): Row[] {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- STRICT tables have the types they declare.
    return guarded(this.#file, () => this.#statement.all(...values.map(orNull)) as Row[]);
  }
}

export type Value = SQLInputValue | undefined;

/** True where another connection holds a lock this one wants. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error instanceof FerryError ? error.cause : error) === SQLITE_BUSY;
}

function orNull(value: Value): SQLInputValue {
  return value ?? null;
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(file, error);
  }
}

// https://sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
/** The shared-memory index could not grow: what a full disk looks like in WAL mode. */
const SQLITE_IOERR_SHMSIZE = 4874;

function translate(file: string, error: unknown): FerryError {
  const text = error instanceof Error ? error.message : String(error);
  const fail = (code: ErrorCode, what: string, remedy?: string): FerryError =>
    new FerryError(code, { message: `${file}: ${what} (${text})`, cause: error, remedy });
  if (extendedCode(error) === SQLITE_IOERR_SHMSIZE) return fail('disk-full', 'no space is left for the state');
  switch (primaryCode(error)) {
    case SQLITE_FULL:
      return fail('disk-full', 'no space is left for the state');
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return damaged(file, text, error);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return fail('permission', 'the state file cannot be opened for writing');
    case SQLITE_BUSY:
      return fail(
        'state',
        'another process keeps the state file locked',
        'Look for a stopped or hanging ferry process and end it; then the others go on, and the same command can be run again.',
      );
    case undefined:
    default:
      return fail('state', 'the state cannot be read or written');
  }
}

/** JSON of a column as `schema` has it; damage where it is not. */
export function storedJson<T>(schema: ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw damaged('the state file', 'a value is not what was written', error);
  }
}

/** The state file holds what Ferry never wrote there. */
export function damaged(file: string, what: string, cause?: unknown): FerryError {
  return new FerryError('state', {
    message: `${file} is damaged: ${what}`,
    cause,
    remedy:
      'Move the file (with its `-wal` and `-shm`) away or put back a backup, check the disk, and run the task again ' +
      'with its task file: what is at the destination is compared, not copied again.',
  });
}

function extendedCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

function primaryCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}
