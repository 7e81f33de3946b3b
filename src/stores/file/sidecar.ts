/**
 * Metadata a file system has no place for, in small files of their own: `.ferry-meta/HH/HASH.VERSION.json` in the root,
 * where HASH is the SHA-256 of the key and HH its first two digits. The key stands inside.
 *
 * Hashes, because a mirror of the tree would need `a` and `a/b` to be a file and a directory at once, and a suffix can
 * push a name over 255 bytes. VERSION is the modification time (ns) and size of the file it belongs to, and that makes
 * replacing an object atomic: (1) the sidecar of the new version is written under its own name, (2) the new file is
 * renamed over the old one, (3) the old version's sidecar is removed. A reader looks at the file first and then for the
 * sidecar of just that version. A crash before 2 leaves the old object with its old sidecar, after 2 the new with the
 * new; what remains of the other is a few hundred bytes nobody reads. A file another program has changed has no sidecar
 * any more, which is right: its Content-Type may be wrong too.
 */
import { createHash } from 'node:crypto';
import fs, { type BigIntStats } from 'node:fs';
import * as z from 'zod';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import { errno } from './errors.ts';
import { META_FOLDER } from './names.ts';
import type { Tree } from './tree.ts';

const text = z.string().max(64 * 1024);
const schema = z.object({
  key: text,
  contentType: text.optional(),
  cacheControl: text.optional(),
  contentDisposition: text.optional(),
  contentEncoding: text.optional(),
  contentLanguage: text.optional(),
  expires: text.optional(),
  user: z.record(text, text).optional(),
  tags: z.record(text, text).optional(),
  /** Of the bytes, as written. */
  md5: z.string().length(32).optional(),
});
export type SidecarRecord = z.infer<typeof schema>;

/** Largest sidecar read, bytes. */
const MAX_SIDECAR = 1024 * 1024;

export class Sidecars {
  readonly #tree: Tree;
  readonly #made: (directory: readonly string[]) => void;

  /** `made` is told of folders made on the way. */
  constructor(tree: Tree, made: (directory: readonly string[]) => void) {
    this.#tree = tree;
    this.#made = made;
  }

  /** Undefined where this version has none, or one that cannot be read as one. */
  async read(key: Key, stats: BigIntStats): Promise<SidecarRecord | undefined> {
    const { folder, file } = locate(key, stats);
    let json: string;
    try {
      json = await this.#tree.within(folder, undefined, (directory) => readSmall(directory.at(file)));
    } catch (thrown) {
      if (errno(thrown) === 'ENOENT') return undefined;
      throw thrown;
    }
    try {
      const record = schema.parse(JSON.parse(json));
      return record.key === key ? record : undefined;
    } catch {
      return undefined; // Not written by Ferry, or damaged: as good as absent, and the bytes of the object are intact.
    }
  }

  /** Step 1 above; `temp` is a name no other writer uses. Resolves with where it was written. */
  async write(record: SidecarRecord, stats: BigIntStats, temp: string): Promise<{ folder: string[]; file: string }> {
    const place = locate(record.key, stats);
    await this.#tree.within(place.folder, this.#made, (directory) => {
      fs.writeFileSync(directory.at(temp), JSON.stringify(record), { flag: 'wx' });
      fs.renameSync(directory.at(temp), directory.at(place.file));
    });
    return place;
  }

  async remove(key: Key, stats: BigIntStats): Promise<void> {
    const { folder, file } = locate(key, stats);
    try {
      await this.#tree.within(folder, undefined, (directory) => fs.unlinkSync(directory.at(file)));
    } catch (thrown) {
      if (errno(thrown) !== 'ENOENT') throw thrown;
    }
  }
}

/** What a write asks to keep, as a record. */
export function recordOf(
  key: Key,
  meta: Partial<ObjectMeta> | undefined,
  tags: Tags | undefined,
  md5: string | undefined,
): SidecarRecord {
  return {
    key,
    contentType: meta?.contentType,
    cacheControl: meta?.cacheControl,
    contentDisposition: meta?.contentDisposition,
    contentEncoding: meta?.contentEncoding,
    contentLanguage: meta?.contentLanguage,
    expires: meta?.expires,
    user: meta?.user && Object.keys(meta.user).length > 0 ? { ...meta.user } : undefined,
    tags: tags && Object.keys(tags).length > 0 ? { ...tags } : undefined,
    md5,
  };
}

function locate(key: Key, stats: BigIntStats): { folder: string[]; file: string } {
  const hash = createHash('sha256').update(key).digest('hex');
  const version = `${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}`;
  return { folder: [META_FOLDER, hash.slice(0, 2)], file: `${hash}.${version}.json` };
}

function readSmall(path: string | Buffer): string {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    if (fs.fstatSync(fd).size > MAX_SIDECAR) return '';
    return fs.readFileSync(fd, 'utf8');
  } finally {
    fs.closeSync(fd);
  }
}
