/** Uploads in parts that were begun and not completed, and the parts the destination has acknowledged. */
import * as z from 'zod';
import { FerryError } from '../../model/errors.ts';
import type { PartRecord, UploadRecord } from '../state-store.ts';
import { storedJson, type Database, type Statement } from './database.ts';

interface PartRow {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
  readonly checksums: string | null;
}

const CHECKSUMS = z.record(z.string(), z.string());

type UploadRow = Omit<UploadRecord, 'owesTags'> & { readonly owesTags: 0 | 1 };

const UPLOAD =
  'key, upload_id AS uploadId, part_size AS partSize, size, source_version AS sourceVersion, started_at AS startedAt, owes_tags AS owesTags';

export class UploadTable {
  readonly #insert: Statement<never>;
  readonly #delete: Statement<never>;
  readonly #all: Statement<UploadRow>;
  readonly #get: Statement<UploadRow & { readonly id: number }>;
  readonly #putPart: Statement<never>;
  readonly #parts: Statement<PartRow>;
  readonly #known: Statement<{ readonly known: 1 }>;

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT INTO uploads (task_id, key, upload_id, part_size, size, source_version, started_at, owes_tags)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#delete = db.prepare('DELETE FROM uploads WHERE task_id = ? AND key = ?');
    this.#all = db.prepare(`SELECT ${UPLOAD} FROM uploads WHERE task_id = ? ORDER BY key`);
    this.#get = db.prepare(`SELECT id, ${UPLOAD} FROM uploads WHERE task_id = ? AND key = ?`);
    this.#putPart = db.prepare(
      `INSERT OR REPLACE INTO parts (upload, number, etag, size, checksums)
       SELECT id, ?, ?, ?, ? FROM uploads WHERE task_id = ? AND key = ?`,
    );
    this.#parts = db.prepare('SELECT number, etag, size, checksums FROM parts WHERE upload = ? ORDER BY number');
    this.#known = db.prepare('SELECT 1 AS known FROM uploads WHERE upload_id = ?');
  }

  all(task: number): UploadRecord[] {
    return this.#all.all(task).map(toUpload);
  }

  get(task: number, key: string): { upload: UploadRecord; parts: readonly PartRecord[] } | undefined {
    const row = this.#get.get(task, key);
    if (!row) return undefined;
    const { id, ...upload } = row;
    return { upload: toUpload(upload), parts: this.#parts.all(id).map(toPart) };
  }

  /** Whether it is one of any task. */
  knows(uploadId: string): boolean {
    return this.#known.get(uploadId) !== undefined;
  }

  /** Replaces an upload of the same key, and forgets its parts. */
  begin(task: number, upload: UploadRecord): void {
    this.#delete.run(task, upload.key);
    const { key, uploadId, partSize, size, sourceVersion, startedAt, owesTags } = upload;
    this.#insert.run(task, key, uploadId, partSize, size, sourceVersion, startedAt, owesTags ? 1 : 0);
  }

  putPart(task: number, key: string, part: PartRecord): void {
    const checksums = part.checksums && JSON.stringify(part.checksums);
    const stored = this.#putPart.run(part.number, part.etag, part.size, checksums, task, key);
    if (stored === 0)
      throw new FerryError('internal', { message: 'a part was recorded of an upload never begun', key });
  }

  end(task: number, key: string): void {
    this.#delete.run(task, key);
  }
}

function toUpload(row: UploadRow): UploadRecord {
  return { ...row, owesTags: row.owesTags === 1 };
}

function toPart(row: PartRow): PartRecord {
  return {
    number: row.number,
    etag: row.etag,
    size: row.size,
    checksums: row.checksums === null ? undefined : storedJson(CHECKSUMS, row.checksums),
  };
}
