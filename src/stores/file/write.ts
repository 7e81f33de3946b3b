/**
 * Writes files so that readers see the old one or the new one, whole.
 *
 * The bytes go into a temporary file in the same directory, which gets its attributes, is synced as the policy says, and
 * is then renamed over the target, or linked to it where nothing may be replaced. Both are atomic on POSIX.
 */
import { randomInt } from 'node:crypto';
import fs, { type BigIntStats } from 'node:fs';
import type { Body } from '../../model/body.ts';
import { bodySize } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type { WriteOptions, WriteResult } from '../../store/store.ts';
import { Digest, pour } from './digest.ts';
import type { Durability } from './durability.ts';
import { errno } from './errors.ts';
import { fsync, type FileIo, type Pace } from './io.ts';
import type { KeyLocks } from './key-locks.ts';
import type { Place } from './names.ts';
import { recordOf, type Sidecars } from './sidecar.ts';
import { markOfProcess, writeTempName } from './temp.ts';
import type { Directory, Tree } from './tree.ts';
import { secondsOf, versionOf } from './version.ts';

export interface WriterOptions {
  readonly tree: Tree;
  readonly pace: Pace;
  readonly durability: Durability;
  /** Undefined where metadata is not kept. */
  readonly sidecars: Sidecars | undefined;
  readonly preserveMode: boolean;
  readonly preserveOwner: boolean;
  readonly keepLinks: boolean;
  readonly unsafeLinks: boolean;
  /** Where this process alone writes here: what is done to one key is done one after the other. */
  readonly locks: KeyLocks | undefined;
  /** Told of directories made on the way to a key. */
  readonly made: (directory: readonly string[]) => void;
}

/** Random numbers up to this do not meet, and there are digits left to count on. */
const MOST = 2 ** 47;

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;

/** What goes with the bytes when a file gets its name. */
export interface Attributes {
  readonly meta?: Partial<ObjectMeta> | undefined;
  readonly tags?: Tags | undefined;
  readonly md5?: string | undefined;
  readonly ifAbsent?: boolean | undefined;
  /** Only where there are locks. */
  readonly ifMatch?: string | undefined;
}

export class Writer {
  readonly options: WriterOptions;
  readonly #mark = markOfProcess();
  /** Of names that are used once in the process: its other stores may write to the same directories. */
  #count = randomInt(MOST);

  constructor(options: WriterOptions) {
    this.options = options;
  }

  async write(
    key: Key,
    place: Place,
    body: Body,
    options: WriteOptions,
    signal: AbortSignal | undefined,
  ): Promise<WriteResult> {
    const size = bodySize(body);
    if (place.directory) return await this.#makeDirectory(key, place, size, options);
    const link = options.meta?.posix?.link;
    if (link !== undefined) return await this.#makeLink(key, place, link, options);
    const { tree, pace, durability, sidecars, made } = this.options;
    const digest = new Digest(options, sidecars ? ['md5'] : []);
    const temp = this.tempName();
    const result = await tree.within(place.directories, made, async (directory) => {
      const { io } = pace;
      const path = directory.at(temp);
      const fd = await io.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, this.firstMode(options.meta));
      let open = true;
      try {
        await pour(body, fd, 0, pace, digest, signal);
        const checksums = digest.finish();
        this.setAttributes(fd, options.meta);
        if (durability.syncsFile(size)) await fsync(fd);
        const stats = await io.fstat(fd);
        open = false;
        await io.close(fd);
        const attributes = { ...options, md5: checksums.md5 };
        await this.commit(key, directory, temp, place.name, stats, attributes);
        return { etag: versionOf(stats), checksums };
      } catch (thrown) {
        if (open) await io.close(fd);
        await discard(io, path);
        throw thrown;
      }
    });
    await durability.changed(place.directories, place.name);
    return result;
  }

  tempName(): string {
    return writeTempName(this.#mark, this.#count++);
  }

  /** Until it gets the mode asked for nobody else may read a file: it may be written for days. */
  firstMode(meta: Partial<ObjectMeta> | undefined): number {
    return this.options.preserveMode && meta?.posix?.mode !== undefined ? 0o600 : 0o666;
  }

  /** Owner, mode and time as asked for. Owner first: changing it clears the set-uid bits of the mode. */
  setAttributes(fd: number, meta: Partial<ObjectMeta> | undefined): void {
    const { preserveMode, preserveOwner } = this.options;
    const { mode, uid, gid } = meta?.posix ?? {};
    if (preserveOwner && uid !== undefined && gid !== undefined) fs.fchownSync(fd, uid, gid);
    // Set-uid and set-gid bits mean something only together with the owner they were given by.
    if (preserveMode && mode !== undefined) fs.fchmodSync(fd, mode & (preserveOwner ? 0o7777 : 0o1777));
    if (meta?.modified !== undefined) fs.futimesSync(fd, secondsOf(meta.modified), secondsOf(meta.modified));
  }

  /** Gives a finished temporary file its name. */
  async commit(
    key: Key,
    directory: Directory,
    temp: string,
    name: string,
    stats: BigIntStats,
    attributes: Attributes,
  ): Promise<void> {
    const { locks } = this.options;
    const commit = (): Promise<void> => this.#commit(key, directory, temp, name, stats, attributes);
    return await (locks === undefined ? commit() : locks.hold(key, commit));
  }

  /** The order is argued in sidecar.ts. */
  async #commit(
    key: Key,
    directory: Directory,
    temp: string,
    name: string,
    stats: BigIntStats,
    attributes: Attributes,
  ): Promise<void> {
    const { sidecars, pace } = this.options;
    const target = directory.at(name);
    const { meta, tags, md5, ifAbsent, ifMatch } = attributes;
    if (ifMatch !== undefined) expectVersion(key, target, ifMatch, 'write');
    if (!sidecars) return await this.#name(directory.at(temp), target, key, ifAbsent === true);
    const before = fs.lstatSync(target, { bigint: true, throwIfNoEntry: false });
    if (ifAbsent && before) throw taken(key, before.isDirectory());
    const written = await sidecars.write(recordOf(key, meta, tags, md5), stats, this.tempName());
    this.options.durability.note(written.folder, written.file);
    await this.#name(directory.at(temp), target, key, ifAbsent === true);
    const sameVersion = before?.mtimeNs === stats.mtimeNs && before.size === stats.size;
    if (before?.isFile() && !sameVersion) await sidecars.remove(key, before);
    if (pace.due) await pace.breathe();
  }

  async #name(temp: string | Buffer, target: string | Buffer, key: Key, ifAbsent: boolean): Promise<void> {
    const { io } = this.options.pace;
    try {
      if (!ifAbsent) return await io.rename(temp, target);
      await io.link(temp, target);
    } catch (thrown) {
      throw namingError(thrown, target, key);
    }
    await io.unlink(temp);
  }

  async #makeDirectory(key: Key, place: Place, size: number, options: WriteOptions): Promise<WriteResult> {
    if (size > 0)
      throw new FerryError('bad-key', { key, message: 'a directory holds no bytes, and a key that ends in / is one' });
    const { tree, durability, made } = this.options;
    await tree.within(place.directories, made, (directory) => {
      const target = directory.at(place.name);
      try {
        fs.mkdirSync(target);
      } catch (thrown) {
        if (errno(thrown) !== 'EEXIST') throw thrown;
        if (fs.lstatSync(target).isDirectory()) {
          if (options.ifAbsent) throw taken(key, false);
        } else throw conflict(key);
      }
    });
    if (options.meta) {
      const itself = [...place.directories, place.name];
      await tree.within(itself, undefined, (d) => this.setAttributes(d.fd, options.meta));
      durability.note(itself, undefined);
    }
    await durability.changed(place.directories, undefined);
    return {};
  }

  async #makeLink(key: Key, place: Place, link: string, options: WriteOptions): Promise<WriteResult> {
    const { tree, durability, made, keepLinks, unsafeLinks } = this.options;
    if (!keepLinks)
      throw new FerryError('unsupported', {
        key,
        message: `${JSON.stringify(key)} is a symbolic link, and this directory takes none`,
        remedy: 'Set `symlinks: keep` at the destination, or `skip` or `follow` at the source.',
      });
    if (!unsafeLinks && !staysInside(link, place.directories.length))
      throw new FerryError('irregular', {
        key,
        message: `the symbolic link ${JSON.stringify(key)} leads to ${JSON.stringify(link)}, which may be outside the tree`,
        remedy: 'Correct the link, leave it out by a filter, or set `unsafe_links: true`.',
      });
    const etag = await tree.within(place.directories, made, async (directory) => {
      const temp = directory.at(this.tempName());
      fs.symlinkSync(link, temp);
      try {
        const modified = options.meta?.modified;
        if (modified !== undefined) fs.lutimesSync(temp, secondsOf(modified), secondsOf(modified));
        const version = versionOf(fs.lstatSync(temp, { bigint: true }));
        await this.#name(temp, directory.at(place.name), key, options.ifAbsent === true);
        return version;
      } catch (thrown) {
        fs.rmSync(temp, { force: true });
        throw thrown;
      }
    });
    await durability.changed(place.directories, undefined);
    return { etag };
  }
}

/**
 * Whether a link in a directory `depth` levels below the root stays in the tree whatever else is in it. `..` may only
 * come first: after a name that is itself a link it leads above that one's target, not back.
 */
export function staysInside(link: string, depth: number): boolean {
  if (link.startsWith('/')) return false;
  const steps = link.split('/').filter((step) => step !== '' && step !== '.');
  const ups = steps.findIndex((step) => step !== '..');
  const leading = ups === -1 ? steps.length : ups;
  return leading <= depth && !steps.slice(leading).includes('..');
}

/** Holds only as long as nobody else changes the file. */
export function expectVersion(key: Key, target: string | Buffer, ifMatch: string, operation: string): void {
  const there = fs.lstatSync(target, { bigint: true, throwIfNoEntry: false });
  if (there === undefined) throw new FerryError('not-found', { key, operation });
  if (!there.isFile() || versionOf(there) !== ifMatch) throw new FerryError('changed', { key, operation });
}

export function taken(key: Key, directory: boolean): FerryError {
  return directory ? conflict(key) : new FerryError('already-exists', { key, operation: 'write' });
}

function conflict(key: Key): FerryError {
  const other = key.endsWith('/') ? key.slice(0, -1) : `${key}/`;
  return new FerryError('path-conflict', {
    key,
    operation: 'write',
    message: `${JSON.stringify(key)} cannot be stored: ${JSON.stringify(other)} is there`,
  });
}

function namingError(thrown: unknown, target: string | Buffer, key: Key): unknown {
  const number = errno(thrown);
  if (number === 'EISDIR' || number === 'ENOTEMPTY') return conflict(key);
  if (number === 'EEXIST') return taken(key, fs.lstatSync(target, { throwIfNoEntry: false })?.isDirectory() === true);
  if (number === 'EPERM' || number === 'ENOTSUP' || number === 'EMLINK')
    return new FerryError('unsupported', {
      key,
      message: 'the file system has no hard links, so it cannot create a file only where there is none',
      cause: thrown,
    });
  return thrown;
}

/** Removes a temporary file after a failure. That failure is what matters; a file left over is removed as litter. */
export async function discard(io: FileIo, temp: string | Buffer): Promise<void> {
  try {
    await io.unlink(temp);
  } catch {
    // See above.
  }
}
