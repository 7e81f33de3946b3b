/** Remembers unfinished uploads as long as the process lives: for repairs, which have no journal of their own. */
import type { PartRecord, UploadRecord } from '../state/state-store.ts';
import type { UploadRef } from '../store/store.ts';
import type { MoveContext } from './move/job.ts';

export class VolatileUploads implements Required<MoveContext['uploads']> {
  readonly #uploads = new Map<string, { upload: UploadRecord; parts: PartRecord[] }>();
  readonly #facts = new Map<string, unknown>();

  /** What was begun and not ended. */
  all(): readonly UploadRef[] {
    return [...this.#uploads.values()].map(({ upload }) => ({ key: upload.key, uploadId: upload.uploadId }));
  }

  upload(key: string): Promise<{ upload: UploadRecord; parts: readonly PartRecord[] } | undefined> {
    return Promise.resolve(this.#uploads.get(key));
  }

  beginUpload(upload: UploadRecord): Promise<void> {
    this.#uploads.set(upload.key, { upload, parts: [] });
    return Promise.resolve();
  }

  recordPart(key: string, part: PartRecord): Promise<void> {
    this.#uploads.get(key)?.parts.push(part);
    return Promise.resolve();
  }

  endUpload(key: string): Promise<void> {
    this.#uploads.delete(key);
    return Promise.resolve();
  }

  getFact(name: string): Promise<unknown> {
    return Promise.resolve(this.#facts.get(name));
  }

  setFact(name: string, value: unknown): Promise<void> {
    this.#facts.set(name, value);
    return Promise.resolve();
  }
}
