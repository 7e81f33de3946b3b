/** Finds one object by its place: what it is, and its bytes. */
import fs, { type BigIntStats } from 'node:fs';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { systemMetaOf, type ObjectMeta } from '../../model/object.ts';
import type { ReadOptions, ReadResult } from '../../store/store.ts';
import { errno } from './errors.ts';
import type { Pace, Path } from './io.ts';
import type { LinkPolicy } from './members.ts';
import type { Place } from './names.ts';
import { openFile, WholeBody } from './read.ts';
import type { SidecarRecord, Sidecars } from './sidecar.ts';
import { isInside, type Directory } from './tree.ts';
import { irregularType, modifiedOf, versionOf } from './version.ts';

export interface LookupOptions {
  readonly root: string;
  readonly links: LinkPolicy;
  readonly pace: Pace;
  readonly sidecars: Sidecars | undefined;
}

export class Lookup {
  readonly #options: LookupOptions;

  constructor(options: LookupOptions) {
    this.#options = options;
  }

  /** Undefined where a file stands for a directory or the other way round. */
  async stat(key: Key, directory: Directory, place: Place): Promise<ObjectMeta | undefined> {
    const { links, pace } = this.#options;
    const path = directory.at(place.name);
    let stats = await pace.io.lstat(path);
    if (pace.due) await pace.breathe();
    if (stats.isSymbolicLink()) {
      if (links === 'skip') throw irregular(key, irregularType(stats));
      if (links === 'keep') return place.directory ? undefined : linkMeta(path);
      this.#mustBeInside(key, path);
      stats = fs.statSync(path, { bigint: true });
    }
    if (stats.isDirectory() !== place.directory) return undefined;
    if (place.directory) return directoryMeta(stats);
    if (!stats.isFile()) throw irregular(key, irregularType(stats));
    return await this.#meta(key, stats);
  }

  async read(
    key: Key,
    directory: Directory,
    place: Place,
    options: ReadOptions,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    if (place.directory) {
      const meta = await this.stat(key, directory, place);
      if (!meta) throw new FerryError('not-found', { key, operation: 'read' });
      return { meta, body: new WholeBody(Buffer.alloc(0), signal) };
    }
    const { links, pace } = this.#options;
    const path = directory.at(place.name);
    const follow = links === 'follow';
    try {
      const verify = follow ? (fd: number): void => this.#mustBeInside(key, realOf(fd, path)) : undefined;
      const { stats, body } = await openFile(path, key, options, { pace, follow, verify }, signal);
      try {
        return { meta: await this.#meta(key, stats), body };
      } catch (thrown) {
        body.cancel();
        throw thrown;
      }
    } catch (thrown) {
      if (errno(thrown) !== 'ELOOP' || links !== 'keep') throw thrown;
      return { meta: linkMeta(path), body: new WholeBody(Buffer.alloc(0), signal) };
    }
  }

  #mustBeInside(key: Key, path: Path): void {
    const real = fs.realpathSync.native(path, 'buffer');
    if (!isInside(real, fs.realpathSync.native(this.#options.root)))
      throw irregular(key, 'a symbolic link that leads out of the tree');
  }

  async #meta(key: Key, stats: BigIntStats): Promise<ObjectMeta> {
    const meta: ObjectMeta = { ...directoryMeta(stats), size: Number(stats.size), etag: versionOf(stats) };
    const record = await this.#options.sidecars?.read(key, stats);
    return record ? { ...meta, ...recordMeta(record) } : meta;
  }
}

/** The kernel knows where an open file is; a path may lead elsewhere by now. */
function realOf(fd: number, path: Path): Path {
  const opened = `/proc/self/fd/${fd}`;
  return fs.existsSync(opened) ? opened : path;
}

function directoryMeta(stats: BigIntStats): ObjectMeta {
  return {
    size: 0,
    modified: modifiedOf(stats),
    posix: { mode: Number(stats.mode), uid: Number(stats.uid), gid: Number(stats.gid) },
  };
}

function linkMeta(path: Path): ObjectMeta {
  const stats = fs.lstatSync(path, { bigint: true });
  const meta = directoryMeta(stats);
  return { ...meta, etag: versionOf(stats), posix: { ...meta.posix, link: fs.readlinkSync(path) } };
}

function recordMeta(record: SidecarRecord): Partial<ObjectMeta> {
  return {
    ...systemMetaOf(record),
    user: record.user,
    ...(record.md5 !== undefined && { checksums: { md5: record.md5 } }),
    ...(record.tags && { tagCount: Object.keys(record.tags).length }),
  };
}

function irregular(key: Key, what: string): FerryError {
  return new FerryError('irregular', { key, message: `${JSON.stringify(key)} is ${what}` });
}
