import { FerryError } from '../../model/errors.ts';
import type { BucketBook, BucketRecord } from '../bucket-book.ts';
import type { Database, Statement } from './database.ts';

export class BucketTable implements BucketBook {
  readonly #all: Statement<BucketRecord>;
  readonly #add: Statement<never>;
  readonly #remove: Statement<never>;

  constructor(db: Database) {
    this.#all = db.prepare('SELECT name, tenant, created FROM buckets ORDER BY name');
    this.#add = db.prepare('INSERT OR IGNORE INTO buckets (name, tenant, created) VALUES (?, ?, ?)');
    this.#remove = db.prepare('DELETE FROM buckets WHERE name = ?');
  }

  async buckets(): Promise<readonly BucketRecord[]> {
    return this.#all.all().map((row) => ({ ...row }));
  }

  async add({ name, tenant, created }: BucketRecord): Promise<void> {
    if (this.#add.run(name, tenant, created) === 0)
      throw new FerryError('already-exists', { message: `there is a bucket ${name} already` });
  }

  async remove(name: string): Promise<void> {
    this.#remove.run(name);
  }
}
