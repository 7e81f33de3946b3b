/** Remembers unfinished uploads as long as the process lives: for repairs, which have no journal of their own. */
import { NO_UPLOAD, type PartRecord, type UploadIntent, type UploadRecord } from '../state/state-store.ts';
import type { UploadRef } from '../store/store.ts';
import type { MoveContext } from './move/job.ts';

export class VolatileUploads implements Required<MoveContext['uploads']> {
  readonly #uploads = new Map<string, { upload: UploadRecord; parts: PartRecord[] }>();
  readonly #intents = new Map<string, UploadIntent[]>();
  readonly #facts = new Map<string, unknown>();

  /** Uploads in parts that were begun and not ended. */
  all(): readonly UploadRef[] {
    const begun = [...this.#uploads.values()].map(({ upload: { key, uploadId } }) => ({ key, uploadId }));
    return begun.filter(({ uploadId }) => uploadId !== NO_UPLOAD);
  }

  upload(key: string): Promise<{ upload: UploadRecord; parts: readonly PartRecord[] } | undefined> {
    return Promise.resolve(this.#uploads.get(key));
  }

  intendUpload(intent: UploadIntent): Promise<void> {
    const others = (this.#intents.get(intent.key) ?? []).filter(({ since }) => since !== intent.since);
    this.#intents.set(intent.key, [...others, intent]);
    return Promise.resolve();
  }

  uploadIntents(): Promise<readonly UploadIntent[]> {
    return Promise.resolve([...this.#intents.values()].flat());
  }

  settleUploadIntents(key: string, since?: number): Promise<void> {
    const others = (this.#intents.get(key) ?? []).filter((intent) => since !== undefined && intent.since !== since);
    if (others.length === 0) this.#intents.delete(key);
    else this.#intents.set(key, others);
    return Promise.resolve();
  }

  knowsUpload(id: string): Promise<boolean> {
    return Promise.resolve([...this.#uploads.values()].some(({ upload }) => upload.uploadId === id));
  }

  beginUpload(upload: UploadRecord): Promise<void> {
    this.#uploads.set(upload.key, { upload, parts: [] });
    return this.settleUploadIntents(upload.key, upload.startedAt);
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
