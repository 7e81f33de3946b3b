import { closeSync, fdatasync, openSync } from 'node:fs';
import { FerryError } from '../../../model/errors.ts';

/**
 * Brings what was committed to disk without stopping the process for it: SQLite leaves the log to the operating system
 * (`synchronous=NORMAL`), and the log is synced here. Those who ask while a sync is under way share the next one.
 *
 * A log whose frames are on disk up to a commit is read back up to there after a power cut
 * (https://sqlite.org/walformat.html, recovery); folding it into the database syncs both first.
 */
export class LogSync implements Disposable {
  readonly #file: string;
  #fd: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `file`: of the database; the log is beside it as long as the database is open. */
  constructor(file: string) {
    this.#file = `${file}-wal`;
  }

  /** Resolves when everything committed before the call is on disk; rejects with `state` where the disk fails. */
  done(): Promise<void> {
    if (this.#running === undefined) return (this.#running = this.#sync());
    return (this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return (this.#running = this.#sync());
      }));
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  async #sync(): Promise<void> {
    try {
      const fd = (this.#fd ??= openSync(this.#file, 'r'));
      await new Promise<void>((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));
    } catch (cause) {
      throw new FerryError('state', { message: `${this.#file} cannot be brought to disk: ${String(cause)}`, cause });
    } finally {
      this.#running = undefined;
    }
  }
}
