import * as z from 'zod';
import { FerryError } from '../../../model/errors.ts';
import type { UserBook, UserRecord } from '../../control/user-book.ts';
import { storedJson, type Database, type Statement } from '../database.ts';

interface Row {
  readonly name: string;
  readonly tenant: string;
  readonly access_key_id: string;
  readonly secret: string;
  readonly buckets: string | null;
  readonly read_only: number;
  readonly created_at: number;
}

const BUCKETS = z.array(z.string());

export class UserTable implements UserBook {
  readonly #insert: Statement<never>;
  readonly #all: Statement<Row>;
  readonly #remove: Statement<never>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT OR IGNORE INTO users (name, tenant, access_key_id, secret, buckets, read_only, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#all = db.prepare('SELECT * FROM users ORDER BY name');
    this.#remove = db.prepare('DELETE FROM users WHERE name = ?');
  }

  async add({ name, tenant, accessKeyId, secret, buckets, readOnly, createdAt }: UserRecord): Promise<void> {
    const listed = buckets === undefined ? undefined : JSON.stringify(buckets);
    if (this.#insert.run(name, tenant, accessKeyId, secret, listed, readOnly ? 1 : 0, createdAt) === 0)
      throw new FerryError('already-exists', {
        message: `there is a user with the name "${name}" or the access key ${accessKeyId} already`,
        remedy: 'Choose another, or remove that user first.',
      });
  }

  async users(): Promise<readonly UserRecord[]> {
    return this.#all.all().map(({ name, tenant, access_key_id, secret, buckets, read_only, created_at }) => ({
      name,
      tenant,
      accessKeyId: access_key_id,
      secret,
      buckets: buckets === null ? undefined : storedJson(BUCKETS, buckets),
      readOnly: read_only === 1,
      createdAt: created_at,
    }));
  }

  async remove(name: string): Promise<boolean> {
    return this.#remove.run(name) === 1;
  }
}
