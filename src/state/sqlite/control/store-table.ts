import * as z from 'zod';
import { FerryError } from '../../../model/errors.ts';
import type { NewStore, StoreBook, StoreRecord } from '../../control/store-book.ts';
import { storedJson, type Database, type Statement } from '../database.ts';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly path: string;
  readonly options: string;
  readonly secrets: string;
  readonly created_at: number;
  readonly version: number;
  readonly tested: string | null;
}

const OPTIONS = z.record(z.string(), z.unknown());
const SECRETS = z.record(z.string(), z.string());

export class StoreTable implements StoreBook {
  readonly #insert: Statement<never>;
  readonly #page: Statement<Row>;
  readonly #byName: Statement<Row>;
  readonly #replace: Statement<never>;
  readonly #setTested: Statement<never>;
  readonly #remove: Statement<never>;
  readonly #secrets: Statement<unknown>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      'INSERT OR IGNORE INTO stores (name, type, path, options, secrets, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#page = db.prepare('SELECT * FROM stores WHERE name > ? ORDER BY name LIMIT ?');
    this.#byName = db.prepare('SELECT * FROM stores WHERE name = ?');
    this.#replace = db.prepare(
      `UPDATE stores SET type = ?, path = ?, options = ?, secrets = ?, tested = NULL, version = version + 1
       WHERE name = ? AND version = ?`,
    );
    this.#setTested = db.prepare('UPDATE stores SET tested = ? WHERE name = ?');
    this.#remove = db.prepare('DELETE FROM stores WHERE name = ? AND version = ?');
    this.#secrets = db.prepare("SELECT 1 FROM stores WHERE secrets <> '{}' LIMIT 1");
  }

  async add({ name, type, path, options, secrets, createdAt }: NewStore): Promise<void> {
    const added = this.#insert.run(name, type, path, JSON.stringify(options), JSON.stringify(secrets), createdAt);
    if (added === 0)
      throw new FerryError('already-exists', {
        message: `there is a store "${name}" already`,
        remedy: 'Choose another name, or change that store.',
      });
  }

  async stores({ after = '', limit }: { after?: string | undefined; limit: number }): Promise<readonly StoreRecord[]> {
    return this.#page.all(after, limit).map(recordOf);
  }

  async store(name: string): Promise<StoreRecord | undefined> {
    const row = this.#byName.get(name);
    return row && recordOf(row);
  }

  async replace(store: Omit<NewStore, 'createdAt'>, version: number): Promise<boolean> {
    const { name, type, path, options, secrets } = store;
    return this.#replace.run(type, path, JSON.stringify(options), JSON.stringify(secrets), name, version) === 1;
  }

  async setTested(name: string, tested: unknown): Promise<void> {
    this.#setTested.run(JSON.stringify(tested), name);
  }

  async remove(name: string, version: number): Promise<boolean> {
    return this.#remove.run(name, version) === 1;
  }

  async hasSecrets(): Promise<boolean> {
    return this.#secrets.get() !== undefined;
  }
}

function recordOf(row: Row): StoreRecord {
  const { name, type, path, options, secrets, created_at, version, tested } = row;
  return {
    name,
    type,
    path,
    options: storedJson(OPTIONS, options),
    secrets: storedJson(SECRETS, secrets),
    createdAt: created_at,
    version,
    tested: tested === null ? undefined : storedJson(z.unknown(), tested),
  };
}
