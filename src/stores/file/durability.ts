/** When what was written survives a power cut. (What a killed process wrote survives in any case.) */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { FerryError, isFerryError } from '../../model/errors.ts';
import { errno, fileError } from './errors.ts';
import { fsync } from './io.ts';
import type { Tree } from './tree.ts';

/**
 * - `always`: each file and its directory are on disk before its write resolves. Hundreds to a few thousand small files
 *   a second, as the disk allows.
 * - `auto`: large files are synced by themselves; small ones together, at the `flush` before progress is recorded.
 *   So a task resumed after a power cut never counts as done what the disk lost, and small files cost nearly nothing.
 * - `never`: the operating system writes when it likes. After a power cut, run `ferry verify --repair`.
 */
export type FsyncPolicy = 'auto' | 'always' | 'never';

/** From this size on a file is synced by itself under `auto`: the sync costs little against the writing. */
export const LARGE = 8 * 1024 * 1024;
/** So many unsynced files are remembered; the next write waits for a flush. */
const MAX_PENDING = 20_000;
/** Up to so many are synced one by one; more by one `sync -f`, which syncs the whole file system. */
const ONE_BY_ONE = 64;

const run = promisify(execFile);

export class Durability {
  readonly policy: FsyncPolicy;
  readonly #tree: Tree;
  readonly #root: string;
  /** Directory, by its names joined, and the files written in it since the last flush. */
  #pending = new Map<string, PendingDirectory>();
  #count = 0;
  #flushing: Promise<void> = Promise.resolve();

  constructor(policy: FsyncPolicy, tree: Tree, root: string) {
    this.policy = policy;
    this.#tree = tree;
    this.#root = root;
  }

  /** Whether a file of this size is synced before it is given its name. */
  syncsFile(size: number): boolean {
    return this.policy === 'always' || (this.policy === 'auto' && size >= LARGE);
  }

  /** Notes an entry made, replaced or removed; resolves when the policy is satisfied. */
  async changed(directory: readonly string[], name: string | undefined): Promise<void> {
    if (this.policy === 'never') return;
    // The file itself was synced under `always`; writes that wait here together share the syncs of their directories.
    this.note(directory, this.policy === 'always' ? undefined : name);
    if (this.policy === 'always' || this.#count >= MAX_PENDING) await this.flush();
  }

  /** As `changed`, for the next flush. Without a name the directory alone is meant. */
  note(directory: readonly string[], name: string | undefined): void {
    if (this.policy === 'never') return;
    const id = directory.join('/');
    let pending = this.#pending.get(id);
    if (!pending) this.#pending.set(id, (pending = { directory, names: [] }));
    if (name !== undefined) pending.names.push(name);
    this.#count++;
  }

  /** Syncs everything noted so far. Calls meanwhile wait for the one under way. */
  flush(): Promise<void> {
    const next = this.#flushing.then(() => this.#flush());
    this.#flushing = next.catch(() => undefined);
    return next;
  }

  async #flush(): Promise<void> {
    if (this.#count === 0) return;
    const pending = this.#pending;
    const count = this.#count;
    this.#pending = new Map();
    this.#count = 0;
    try {
      if (count > ONE_BY_ONE && (await this.#syncFileSystem())) return;
      for (const { directory, names } of pending.values()) await this.#syncDirectory(directory, names);
    } catch (thrown) {
      // What is not known to be on disk stays noted: the next flush must not succeed without it.
      for (const { directory, names } of pending.values()) {
        this.note(directory, undefined);
        for (const name of names) this.note(directory, name);
      }
      throw fileError(thrown, 'write', '', 'sync files below');
    }
  }

  async #syncFileSystem(): Promise<boolean> {
    try {
      await run('sync', ['-f', '--', this.#root]);
      return true;
    } catch (thrown) {
      if (errno(thrown) !== undefined) return false; // There is no such program.
      const said = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : '';
      if (/option|usage/i.test(said)) return false; // It does not know `-f`.
      throw new FerryError('unavailable', { message: `syncing the file system failed: ${said.trim()}`, cause: thrown });
    }
  }

  async #syncDirectory(directory: readonly string[], names: readonly string[]): Promise<void> {
    try {
      await this.#tree.within(directory, undefined, async (d) => {
        for (const name of names) await syncEntry(d.at(name));
        await fsync(d.fd);
      });
    } catch (thrown) {
      // Removed since, or replaced by something of others; what was written there is no longer in the tree.
      const replaced = isFerryError(thrown, 'irregular') || isFerryError(thrown, 'path-conflict');
      if (errno(thrown) !== 'ENOENT' && !replaced) throw thrown;
    }
  }
}

interface PendingDirectory {
  readonly directory: readonly string[];
  readonly names: string[];
}

async function syncEntry(path: string | Buffer): Promise<void> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  try {
    await using file = await fs.promises.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    await file.sync();
  } catch (thrown) {
    // Removed since, or a link, which has no bytes to sync.
    if (errno(thrown) !== 'ENOENT' && errno(thrown) !== 'ELOOP') throw thrown;
  }
}
