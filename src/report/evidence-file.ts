/**
 * Evidence of a run or verification, streamed to a file as a hash chain (`chain.ts`): a header that names what was
 * compared, a record for each object, and a last record with the counts, so that a file cut short is noticed.
 *
 * Memory: one buffer of 64 KiB.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Evidence, EvidenceSink } from '../engine/evidence.ts';
import { CHAIN_START, chainLine } from './chain.ts';

const FLUSH_CHARS = 64 * 1024;

export class EvidenceFile implements EvidenceSink {
  readonly path: string;
  readonly #keep: 'all' | 'differences';
  readonly #handle: FileHandle;
  #head = CHAIN_START;
  #lines = 0;
  #text = '';
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, keep: 'all' | 'differences', handle: FileHandle) {
    this.path = path;
    this.#keep = keep;
    this.#handle = handle;
  }

  /** Replaces a file that is there. `header` becomes the first record. */
  static async create(path: string, keep: 'all' | 'differences', header: object): Promise<EvidenceFile> {
    const file = new EvidenceFile(path, keep, await open(path, 'w', 0o600));
    file.#append({ type: 'header', format: 1, ...header });
    return file;
  }

  /** Writes the record, unless the objects are equal and only differences are kept. */
  add(evidence: Evidence): Promise<void> | void {
    if (evidence.result === 'equal' && this.#keep === 'differences') return;
    this.#append(evidence);
    if (this.#text.length >= FLUSH_CHARS) return this.#flush();
  }

  /** Has what is known so far written, for who reads along. Where that fails, the next write tells. */
  show(): void {
    if (this.#text !== '') void this.#flush().catch(() => undefined);
  }

  /** Writes the last record and makes all of it durable. Resolves with the head and the number of lines. */
  async finish(end: object): Promise<{ readonly head: string; readonly lines: number }> {
    this.#append({ type: 'end', ...end });
    await this.#flush();
    await this.#handle.sync();
    await this.#handle.close();
    return { head: this.#head, lines: this.#lines };
  }

  #append(record: object): void {
    const { head, line } = chainLine(this.#head, JSON.stringify(record));
    this.#head = head;
    this.#lines++;
    this.#text += line;
  }

  #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    this.#writing = this.#writing.then(() => this.#handle.appendFile(text));
    return this.#writing;
  }
}
