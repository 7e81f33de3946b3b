import type { MirrorBook, MirrorCounters, MirrorUpload, RuleCounters } from '../mirror-book.ts';
import type { Database, Statement } from './database.ts';

export class MirrorTable implements MirrorBook {
  readonly #count: Statement<never>;
  readonly #counters: Statement<RuleCounters>;
  readonly #bury: Statement<never>;
  readonly #buried: Statement<{ readonly key: string }>;
  readonly #begun: Statement<never>;
  readonly #ended: Statement<never>;
  readonly #uploads: Statement<MirrorUpload>;

  constructor(db: Database) {
    this.#count = db.prepare(`
      INSERT INTO mirror_counters (bucket, rule, hits, misses, absent, stored, bytes, failures, last_use)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (bucket, rule) DO UPDATE SET
        hits = hits + excluded.hits,
        misses = misses + excluded.misses,
        absent = absent + excluded.absent,
        stored = stored + excluded.stored,
        bytes = bytes + excluded.bytes,
        failures = failures + excluded.failures,
        last_use = coalesce(max(last_use, excluded.last_use), excluded.last_use, last_use)
    `);
    this.#counters = db.prepare(`
      SELECT bucket, rule, hits, misses, absent, stored, bytes, failures, last_use AS lastUse
      FROM mirror_counters ORDER BY bucket, rule
    `);
    this.#bury = db.prepare('INSERT OR IGNORE INTO mirror_deleted (bucket, key) VALUES (?, ?)');
    this.#buried = db.prepare('SELECT key FROM mirror_deleted WHERE bucket = ? AND key = ?');
    this.#begun = db.prepare('INSERT OR IGNORE INTO mirror_uploads (bucket, key, upload_id) VALUES (?, ?, ?)');
    this.#ended = db.prepare('DELETE FROM mirror_uploads WHERE bucket = ? AND key = ? AND upload_id = ?');
    this.#uploads = db.prepare('SELECT key, upload_id AS uploadId FROM mirror_uploads WHERE bucket = ? ORDER BY key');
  }

  async count(bucket: string, rule: string, more: MirrorCounters): Promise<void> {
    const { hits, misses, absent, stored, bytes, failures, lastUse } = more;
    this.#count.run(bucket, rule, hits, misses, absent, stored, bytes, failures, lastUse);
  }

  async counters(): Promise<readonly RuleCounters[]> {
    return this.#counters.all().map((row) => ({ ...row }));
  }

  async bury(bucket: string, key: string): Promise<void> {
    this.#bury.run(bucket, key);
  }

  async isBuried(bucket: string, key: string): Promise<boolean> {
    return this.#buried.get(bucket, key) !== undefined;
  }

  async uploadBegun(bucket: string, { key, uploadId }: MirrorUpload): Promise<void> {
    this.#begun.run(bucket, key, uploadId);
  }

  async uploadEnded(bucket: string, { key, uploadId }: MirrorUpload): Promise<void> {
    this.#ended.run(bucket, key, uploadId);
  }

  async uploads(bucket: string): Promise<readonly MirrorUpload[]> {
    return this.#uploads.all(bucket).map((row) => ({ ...row }));
  }
}
