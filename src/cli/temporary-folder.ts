/**
 * Temporary files of one process, in a folder that dies with it.
 *
 * The folder, `ferry-tmp-HOST-XXXXXX`, holds a file the process has locked. The kernel frees the lock when the process
 * dies, however that happens, so whose lock can be taken is dead and left its files behind. Folders of other hosts, on a
 * shared file system whose locks may mean nothing, and of other users are left alone.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FerryError } from '../model/errors.ts';
import { FileLock } from '../state/sqlite/file-lock.ts';

const HOST = createHash('sha256').update(os.hostname()).digest('hex').slice(0, 8);
const PREFIX = `ferry-tmp-${HOST}-`;
const LOCK = 'owner.lock';

export class TemporaryFolder implements Disposable {
  readonly #parent: string;
  #made: { readonly folder: string; readonly lock: FileLock } | undefined;

  constructor(parent: string) {
    this.#parent = parent;
  }

  /** Made when first asked for. Throws `disk-full` or `permission`. */
  get path(): string {
    return (this.#made ??= make(this.#parent)).folder;
  }

  [Symbol.dispose](): void {
    if (!this.#made) return;
    const { folder, lock } = this.#made;
    this.#made = undefined;
    // Locked to the end: else it would be taken for abandoned while it goes.
    fs.rmSync(folder, { recursive: true, force: true });
    lock.release();
  }
}

/** Removes the folders of processes of this user and host that are gone; gives how many there were. Never throws. */
export function removeAbandoned(parent: string): number {
  let removed = 0;
  for (const name of namesIn(parent)) {
    if (name.startsWith(PREFIX) && removeIfAbandoned(path.join(parent, name))) removed++;
  }
  return removed;
}

function make(parent: string): { folder: string; lock: FileLock } {
  try {
    for (;;) {
      const folder = fs.mkdtempSync(path.join(parent, PREFIX));
      const lock = lockIn(folder);
      if (lock) return { folder, lock };
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'disk-full';
    throw new FerryError(full ? 'disk-full' : 'permission', {
      message: `no folder for temporary files can be made in ${parent}`,
      remedy: `${full ? 'Make room there' : 'Correct its permissions'}, or set TMPDIR to another directory.`,
      cause,
    });
  }
}

/** Undefined where somebody clears up at this very moment, and took a folder without a lock for abandoned. */
function lockIn(folder: string): FileLock | undefined {
  const file = path.join(folder, LOCK);
  try {
    const lock = FileLock.tryAcquire(file);
    if (lock && fs.existsSync(file)) return lock;
    lock?.release();
    return undefined;
  } catch (thrown) {
    if (!fs.existsSync(folder)) return undefined;
    throw thrown;
  }
}

function namesIn(parent: string): readonly string[] {
  try {
    return fs.readdirSync(parent);
  } catch {
    return []; // Nothing of ours can be there.
  }
}

function removeIfAbandoned(folder: string): boolean {
  try {
    const stat = fs.lstatSync(folder);
    if (!stat.isDirectory() || stat.uid !== (process.getuid?.() ?? stat.uid)) return false;
    const lock = FileLock.tryAcquire(path.join(folder, LOCK));
    if (!lock) return false;
    try {
      fs.rmSync(folder, { recursive: true, force: true });
    } finally {
      lock.release();
    }
    return true;
  } catch {
    return false; // It stays: litter is no reason for a run to fail.
  }
}
