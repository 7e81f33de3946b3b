/**
 * Directories of a tree, opened so that no path ever leaves its root.
 *
 * A path given to the kernel as a string is resolved anew each time, and somebody may swap a directory on it for a
 * symbolic link meanwhile. So directories are opened one component after the other, each without following links, kept
 * open, and what is in them is named relative to the open directory. Node has no `openat`; on Linux
 * `/proc/self/fd/N/name` means the same. Elsewhere every component is looked at before use: that is safe in a tree
 * nobody attacks, and is the best there is.
 */
import fs from 'node:fs';
import path from 'node:path';
import { makeDirectory } from '../../host/make-directory.ts';
import { FerryError } from '../../model/errors.ts';
import type { FileReach } from '../../store/file-reach.ts';
import type { DiskEncoding } from './encoding.ts';
import { errno } from './errors.ts';
import type { Path } from './io.ts';

/** Open directories kept for the next use. Those in use come on top. */
const MAX_IDLE = 128;
/** So long an anchored directory counts as still being where its path says, milliseconds. */
const TRUST = 100;

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
const PROC = '/proc/self/fd';

export interface TreeOptions {
  readonly root: string;
  readonly encoding: DiskEncoding;
  /** Open directories through symbolic links too, as long as they stay in the tree. Never for writing. */
  readonly follow: boolean;
  /** Where the root may be, looked at whenever it is opened; anywhere where absent. */
  readonly reach?: FileReach | undefined;
  /** False does without `/proc`, as on systems that have none. */
  readonly anchors?: boolean | undefined;
}

export class Tree {
  readonly #options: TreeOptions;
  /** By names joined with `/`, least recently used first. */
  readonly #open = new Map<string, Directory>();
  #realRoot: string | undefined;
  #anchored: boolean | undefined;

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  /**
   * Calls `use` with the directory `names` leads to. With `make` missing ones are made, and it is told of each. Where `use` fails because the directory was removed just then, it is opened (or made) again, once.
   */
  async within<T>(
    names: readonly string[],
    make: ((made: readonly string[]) => void) | undefined,
    use: (directory: Directory) => T | Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      let directory: Directory | undefined;
      try {
        directory = this.#acquire(names, make);
        return await use(directory);
      } catch (thrown) {
        if (attempt > 1 || errno(thrown) !== 'ENOENT' || !this.#forgetMoved(names)) throw thrown;
      } finally {
        if (directory) this.#release(directory);
      }
    }
  }

  /** Drops what is known of a directory and everything in it, after it was removed. */
  forget(names: readonly string[]): void {
    const id = names.join('/');
    for (const [key, directory] of this.#open)
      if (key === id || id === '' || key.startsWith(`${id}/`)) this.#drop(key, directory);
  }

  close(): void {
    for (const [key, directory] of this.#open) this.#drop(key, directory);
  }

  #acquire(names: readonly string[], make: ((made: readonly string[]) => void) | undefined): Directory {
    const id = names.join('/');
    const known = this.#open.get(id);
    if (known) {
      const now = performance.now();
      const trusted = known.anchored && now - known.checkedAt < TRUST;
      if (trusted || known.inPlace()) {
        if (!trusted) known.checkedAt = now;
        this.#open.delete(id);
        this.#open.set(id, known);
        known.users++;
        return known;
      }
      this.#drop(id, known);
    }
    const directory = names.length === 0 ? this.#openRoot(make) : this.#openBelow(names, make);
    directory.users++;
    this.#open.set(id, directory);
    if (this.#open.size > MAX_IDLE) this.#evict();
    return directory;
  }

  /** Drops the first directory on the way that is not where it was, and all below; false where there is none. */
  #forgetMoved(names: readonly string[]): boolean {
    for (let depth = 0; depth <= names.length; depth++) {
      const some = names.slice(0, depth);
      if (this.#open.get(some.join('/'))?.inPlace() !== false) continue;
      this.forget(some);
      return true;
    }
    return false;
  }

  #release(directory: Directory): void {
    directory.users--;
    if (directory.users === 0 && directory.dropped) directory.close();
  }

  #drop(id: string, directory: Directory): void {
    this.#open.delete(id);
    directory.dropped = true;
    if (directory.users === 0) directory.close();
  }

  #evict(): void {
    for (const [id, directory] of this.#open) {
      if (this.#open.size <= MAX_IDLE) return;
      if (directory.users === 0) this.#drop(id, directory);
    }
  }

  #openRoot(make: ((made: readonly string[]) => void) | undefined): Directory {
    const { root, encoding, reach } = this.#options;
    reach?.check({ at: ['path'], path: root });
    if (make) makeRoot(root);
    this.#realRoot = fs.realpathSync.native(root);
    const fd = fs.openSync(this.#realRoot, O_RDONLY | O_DIRECTORY);
    if (reach !== undefined) checkOpened(fd, this.#realRoot, reach);
    this.#anchored ??= this.#options.anchors !== false && isAnchor(fd, this.#realRoot);
    return new Directory(fd, Buffer.from(this.#realRoot), encoding, this.#anchored);
  }

  #openBelow(names: readonly string[], make: ((made: readonly string[]) => void) | undefined): Directory {
    const above = names.slice(0, -1);
    const name = names.at(-1)!;
    const parent = this.#acquire(above, make);
    try {
      const flags = O_RDONLY | O_DIRECTORY | (this.#options.follow ? 0 : O_NOFOLLOW);
      let fd: number;
      try {
        fd = fs.openSync(parent.at(name), flags);
      } catch (thrown) {
        if (errno(thrown) === 'ENOTDIR' || errno(thrown) === 'ELOOP') throw notADirectory(parent, name, names);
        if (!make || errno(thrown) !== 'ENOENT') throw thrown;
        makeWithin(parent.at(name));
        make(names);
        fd = fs.openSync(parent.at(name), flags);
      }
      return this.#opened(fd, parent, name, names);
    } finally {
      this.#release(parent);
    }
  }

  /** Checks where an opened directory really is. */
  #opened(fd: number, parent: Directory, name: string, names: readonly string[]): Directory {
    const { encoding, follow } = this.#options;
    let where = joinPath(parent.where, encoding.encode(name));
    if (follow) where = fs.realpathSync.native(parent.anchored ? `${PROC}/${fd}` : where, 'buffer');
    const directory = new Directory(fd, where, encoding, parent.anchored);
    if (!follow || isInside(where, this.#realRoot!)) return directory;
    directory.close();
    throw new FerryError('irregular', {
      message: `${JSON.stringify(names.join('/'))} is a symbolic link that leads out of the tree`,
    });
  }
}

/** An open directory. Valid while the `within` it was given by lasts. */
export class Directory {
  readonly fd: number;
  /** Path of the directory itself, for system calls. */
  readonly path: Path;
  /** Its real path. */
  readonly where: Buffer;
  readonly anchored: boolean;
  checkedAt = performance.now();
  users = 0;
  dropped = false;
  readonly #encoding: DiskEncoding;

  constructor(fd: number, where: Buffer, encoding: DiskEncoding, anchored: boolean) {
    this.fd = fd;
    this.where = where;
    this.anchored = anchored;
    this.path = anchored ? `${PROC}/${fd}` : where;
    this.#encoding = encoding;
  }

  /** Path of an entry, for system calls. */
  at(name: string): Path {
    if (this.#encoding.plain && typeof this.path === 'string') return `${this.path}/${name}`;
    return joinPath(this.path, this.#encoding.encode(name));
  }

  /** Path of an entry whose name is known as bytes only. */
  atBytes(name: Buffer): Path {
    return joinPath(this.path, name);
  }

  /** Whether the open directory is still the one its path leads to. */
  inPlace(): boolean {
    try {
      if (this.anchored) return fs.readlinkSync(`${PROC}/${this.fd}`, 'buffer').equals(this.where);
      const [mine, there] = [fs.fstatSync(this.fd), fs.lstatSync(this.where)];
      return (
        mine.ino === there.ino &&
        mine.dev === there.dev &&
        fs.realpathSync.native(this.where, 'buffer').equals(this.where)
      );
    } catch {
      return false;
    }
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}

/** True where `target` is the root or something in it. Both real paths. */
export function isInside(target: Buffer, root: string): boolean {
  const top = Buffer.from(root === '/' ? '/' : `${root}/`);
  return target.equals(Buffer.from(root)) || target.subarray(0, top.length).equals(top);
}

function makeRoot(root: string): void {
  try {
    makeDirectory(root);
  } catch (thrown) {
    const why = errno(thrown);
    if (why !== 'ENOENT' && why !== 'ENOTDIR' && why !== 'EEXIST') throw thrown;
    const what = fs.existsSync(root) ? 'is no directory' : 'cannot be made: what is above it takes no directory';
    throw new FerryError('no-such-directory', { message: `${root} ${what} (${why})`, cause: thrown });
  }
}

function makeWithin(where: Path): void {
  try {
    fs.mkdirSync(where);
  } catch (thrown) {
    if (errno(thrown) !== 'EEXIST') throw thrown;
  }
}

function notADirectory(parent: Directory, name: string, names: readonly string[]): FerryError {
  const shown = JSON.stringify(names.join('/'));
  const link = fs.lstatSync(parent.at(name), { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return link
    ? new FerryError('irregular', { message: `${shown} is a symbolic link; nothing is read or written through it` })
    : new FerryError('path-conflict', { message: `${shown} is a file, and the key needs a directory there` });
}

function joinPath(base: Path, name: string | Buffer): Buffer {
  return Buffer.concat([
    typeof base === 'string' ? Buffer.from(base) : base,
    Buffer.from(path.sep),
    typeof name === 'string' ? Buffer.from(name) : name,
  ]);
}

/** What was opened is what may be: a directory on the way may have become a link meanwhile. */
function checkOpened(fd: number, real: string, reach: FileReach): void {
  try {
    const where = fs.existsSync(`${PROC}/${fd}`) ? fs.readlinkSync(`${PROC}/${fd}`) : real;
    reach.check({ at: ['path'], path: where });
  } catch (thrown) {
    fs.closeSync(fd);
    throw thrown;
  }
}

/** Whether the names of open files lead anywhere on this system. */
function isAnchor(fd: number, real: string): boolean {
  try {
    return fs.readlinkSync(`${PROC}/${fd}`) === real && fs.statSync(`${PROC}/${fd}/.`).isDirectory();
  } catch {
    return false;
  }
}
