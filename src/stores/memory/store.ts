import type { Body } from '../../model/body.ts';
import { bodySize } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { compareKeys, keyBytes } from '../../model/key.ts';
import { systemMetaOf, type ObjectEntry, type ObjectMeta, type Tags } from '../../model/object.ts';
import { GiB, KiB, MiB, TiB } from '../../model/units.ts';
import type { HttpClient } from '../../wire/http/client.ts';
import { wantedRange } from '../../store/range.ts';
import { throwIfAborted } from '../../store/abort.ts';
import { MemoryBody } from '../../store/read-body.ts';
import type {
  CopySource,
  ListPage,
  ListRequest,
  PartLayout,
  ReadOptions,
  ReadResult,
  RemoveFailure,
  Store,
  StoreInfo,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { download } from './download.ts';
import { MemoryMultipart } from './multipart.ts';
import type { StoredObject } from './space.ts';
import { absorb, checksumsOf, md5Of, MemorySpace } from './space.ts';

export interface MemoryStoreOptions {
  /** Shown in `info`; stores of one name and space are one place. */
  readonly name?: string | undefined;
  /** Where the objects are; a new empty space where absent. Undefined in `missing`. */
  readonly space?: MemorySpace | undefined;
  /** The bucket does not exist: every call rejects with `no-such-bucket`. */
  readonly missing?: boolean | undefined;
  /** Put before every key. */
  readonly prefix?: string | undefined;
  /** Replaces what is declared by default, and the store behaves so: it ignores what it does not declare. */
  readonly capabilities?: Partial<Capabilities> | undefined;
  /** Largest chunk a body yields, bytes. */
  readonly chunkSize?: number | undefined;
  /** Without it `fetch` is not offered. */
  readonly http?: HttpClient | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

/** Everything a store can be asked for, with the limits of S3. */
export const MEMORY_CAPABILITIES: Capabilities = {
  list: { order: 'utf8', maxPage: 1000, size: true, modified: true, etag: true, clock: 'ours' },
  read: true,
  readRange: true,
  readIfMatch: true,
  write: true,
  remove: true,
  writeIfAbsent: true,
  writeIfMatch: true,
  maxWrite: 5 * GiB,
  verifiesMd5: true,
  verifiesChecksums: ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
  etag: 'md5',
  multipart: {
    minPart: 5 * MiB,
    maxPart: 5 * GiB,
    maxParts: 10_000,
    maxObject: 5 * TiB,
    equalParts: false,
    completeIfAbsent: true,
    completeIfMatch: true,
    completeChecksums: ['crc32', 'crc32c', 'crc64nvme'],
    tags: 'kept',
  },
  keys: { maxBytes: 1024, tree: false, directories: 'objects' },
  metadata: {
    system: true,
    userBytes: 2 * KiB,
    tags: true,
    acl: true,
    modified: 'set',
    posix: true,
    storageClasses: ['STANDARD', 'STANDARD_IA'],
  },
  copy: { maxSize: 5 * GiB, ifAbsent: true, ifMatch: true, tags: 'kept' },
  fetch: true,
  presign: false,
};

/**
 * Objects in the memory of this process. It does what its capabilities declare and silently ignores the rest, as real
 * stores do, so that every combination can be rehearsed.
 */
export class MemoryStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly multipart?: MemoryMultipart | undefined;
  readonly space: MemorySpace;
  readonly #prefix: string;
  readonly #missing: boolean;
  readonly #chunkSize: number | undefined;
  readonly #http: HttpClient | undefined;
  readonly now: () => number;

  constructor(options: MemoryStoreOptions = {}) {
    const root = `memory://${options.name ?? 'memory'}`;
    const prefix = options.prefix ?? '';
    const name = `${root}/${prefix}`;
    this.info = { type: 'memory', name, identity: name, place: { root, prefix } };
    this.capabilities = {
      ...MEMORY_CAPABILITIES,
      fetch: options.http !== undefined,
      ...options.capabilities,
    };
    this.space = options.space ?? new MemorySpace();
    this.#prefix = prefix;
    this.#missing = options.missing ?? false;
    this.#chunkSize = options.chunkSize;
    this.#http = options.http;
    this.now = options.now ?? Date.now;
    if (this.capabilities.multipart) this.multipart = new MemoryMultipart(this, this.capabilities.multipart);
  }

  async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    this.#begin(signal);
    const { list } = this.capabilities;
    if (!list) throw new FerryError('unsupported', { message: 'this store cannot list' });
    const limit = Math.min(request.limit ?? list.maxPage, list.maxPage);
    return list.order === 'utf8' ? this.#ordered(request, limit) : this.#unordered(request, limit);
  }

  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    this.#begin(signal);
    return this.find(key)?.meta;
  }

  async read(key: Key, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    this.#begin(signal);
    const object = this.require(key, this.capabilities.readIfMatch ? options.ifMatch : undefined);
    const ranged = this.capabilities.readRange;
    const size = object.meta.size;
    const { offset, length } = wantedRange(size, key, ranged ? options : {});
    const body = new MemoryBody(object.pieces, offset, length, { chunkSize: this.#chunkSize, signal });
    return { meta: object.meta, body };
  }

  async write(key: Key, body: Body, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    this.#begin(signal);
    if (bodySize(body) > this.capabilities.maxWrite) {
      throw new FerryError('too-large', { message: `one write takes ${this.capabilities.maxWrite} bytes at most` });
    }
    this.allow(key, options);
    const bytes = await absorb(body, this.#checked(options), signal);
    const etag = this.#etag(() => md5Of([bytes]));
    return this.commit(key, [bytes], etag, options);
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    this.#begin(signal);
    this.space.objects.delete(this.#prefix + key);
  }

  async removeIf(key: Key, ifMatch: string, signal?: AbortSignal): Promise<void> {
    this.#begin(signal);
    this.require(key, ifMatch);
    this.space.objects.delete(this.#prefix + key);
  }

  async removeMany(keys: readonly Key[], signal?: AbortSignal): Promise<readonly RemoveFailure[]> {
    this.#begin(signal);
    for (const key of keys) this.space.objects.delete(this.#prefix + key);
    return [];
  }

  async copy(from: CopySource, to: Key, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    this.#begin(signal);
    const { copy } = this.capabilities;
    if (!copy) throw new FerryError('unsupported', { message: 'this store cannot copy' });
    const object = this.sourceOf(from);
    if (object.meta.size > copy.maxSize) {
      throw new FerryError('too-large', { message: `one copy takes ${copy.maxSize} bytes at most` });
    }
    this.allow(to, options);
    const etag = this.#etag(() => md5Of(object.pieces));
    return this.commit(to, object.pieces, etag, {
      ...options,
      meta: options.meta ?? object.meta,
      tags: options.tags ?? object.tags,
    });
  }

  sameServer(other: Store): boolean {
    return other instanceof MemoryStore;
  }

  async fetch(url: string, key: Key, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    this.#begin(signal);
    if (!this.#http) throw new FerryError('unsupported', { message: 'this store has no HTTP client' });
    this.allow(key, options);
    const { bytes, meta } = await download(this.#http, url, this.capabilities.maxWrite, signal);
    return this.write(key, bytes, { ...options, meta: options.meta ?? meta }, signal);
  }

  async tags(key: Key, signal?: AbortSignal): Promise<Tags> {
    this.#begin(signal);
    return this.require(key).tags;
  }

  async setTags(key: Key, tags: Tags, signal?: AbortSignal): Promise<void> {
    this.#begin(signal);
    const object = this.require(key);
    const meta = { ...object.meta, tagCount: Object.keys(tags).length };
    this.space.objects.set(this.#prefix + key, { ...object, meta, tags: { ...tags } });
  }

  async partLayout(key: Key, ifMatch: string | undefined, signal?: AbortSignal): Promise<PartLayout | undefined> {
    this.#begin(signal);
    const { meta, pieces } = this.require(key, ifMatch);
    return meta.parts === undefined ? undefined : { count: meta.parts, first: pieces[0]!.byteLength };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The objects belong to the space, which outlives the store.
  }

  find(key: Key): StoredObject | undefined {
    return this.space.objects.get(this.#prefix + key);
  }

  require(key: Key, ifMatch?: string): StoredObject {
    const object = this.find(key);
    if (!object) throw new FerryError('not-found', { key });
    if (ifMatch !== undefined && object.meta.etag !== ifMatch) throw new FerryError('changed', { key });
    return object;
  }

  /** What a copy reads, in this store or a sibling. */
  sourceOf(from: CopySource): StoredObject {
    if (!(from.store instanceof MemoryStore)) {
      throw new FerryError('unsupported', { message: `this store cannot copy from ${from.store.info.name}` });
    }
    return from.store.require(from.key, from.ifMatch);
  }

  /** Whether `key` may be written under these conditions, now. */
  allow(key: Key, options: Pick<WriteOptions, 'ifAbsent' | 'ifMatch'>): void {
    const { keys, writeIfAbsent, writeIfMatch } = this.capabilities;
    const there = this.find(key);
    if (options.ifAbsent && writeIfAbsent && there) throw new FerryError('already-exists', { key });
    if (options.ifMatch !== undefined && writeIfMatch && there?.meta.etag !== options.ifMatch) {
      throw new FerryError(there ? 'changed' : 'not-found', { key });
    }
    if (key === '' || !key.isWellFormed() || keyBytes(key) > keys.maxBytes) throw new FerryError('bad-key', { key });
    const reason = keys.refuse?.(key);
    if (reason !== undefined) throw new FerryError('bad-key', { key, message: reason });
    if (keys.tree) this.#fitTree(key);
  }

  /** Makes an object visible. The conditions are judged again: the body took time. */
  commit(
    key: Key,
    pieces: readonly Uint8Array[],
    etag: string | undefined,
    options: WriteOptions,
    parts?: number,
  ): WriteResult {
    this.allow(key, options);
    const { metadata } = this.capabilities;
    const given = options.meta ?? {};
    const tags = metadata.tags ? { ...options.tags } : {};
    const checksums = checksumsOf(this.#checked(options));
    const meta: ObjectMeta = {
      ...(metadata.system ? systemMetaOf(given) : {}),
      size: pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
      modified: (metadata.modified === 'set' ? given.modified : undefined) ?? this.now(),
      etag,
      user: metadata.userBytes > 0 ? { ...given.user } : {},
      storageClass: metadata.storageClasses.length > 0 ? (given.storageClass ?? metadata.storageClasses[0]) : undefined,
      checksums,
      tagCount: Object.keys(tags).length,
      parts,
      posix: metadata.posix ? given.posix : undefined,
    };
    this.space.objects.set(this.#prefix + key, { pieces, meta, tags, acl: options.acl });
    return { etag, checksums };
  }

  /** `md5` where ETags are MD5s, else what fits. */
  #etag(md5: () => string): string | undefined {
    const { etag } = this.capabilities;
    if (etag === 'md5' || etag === 'unknown') return md5();
    return etag === 'opaque' ? this.space.nextVersion() : undefined;
  }

  /** The checksums of `options` this store looks at. */
  #checked(options: WriteOptions): Pick<WriteOptions, 'md5' | 'checksum'> {
    const { verifiesMd5, verifiesChecksums } = this.capabilities;
    const { md5, checksum } = options;
    return {
      md5: verifiesMd5 ? md5 : undefined,
      checksum: checksum && verifiesChecksums.includes(checksum.algorithm) ? checksum : undefined,
    };
  }

  #begin(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (this.#missing) throw new FerryError('no-such-bucket');
  }

  #fitTree(key: Key): void {
    for (let slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      const parent = key.slice(0, slash);
      if (parent !== '' && this.find(parent)) throw pathConflict(key, parent);
    }
    if (key.endsWith('/')) return;
    const inside = `${this.#prefix}${key}/`;
    this.space.objects.scan(inside, (other) => {
      if (other.startsWith(inside)) throw pathConflict(key, other.slice(this.#prefix.length));
      return false;
    });
  }

  #ordered(request: ListRequest, limit: number): ListPage {
    const entries: ObjectEntry[] = [];
    let more = false;
    this.#scan(request.prefix ?? '', request.after, (key, object) => {
      if (request.through !== undefined && compareKeys(key, request.through) > 0) return false;
      if (entries.length === limit) {
        more = true;
        return false;
      }
      entries.push(this.#entry(key, object));
      return true;
    });
    return more ? { entries, next: entries.at(-1)!.key } : { entries };
  }

  /** The keys in order, but every page turned round, and only the cursor counts. */
  #unordered(request: ListRequest, limit: number): ListPage {
    const { entries, next } = this.#ordered({ prefix: request.prefix, after: request.cursor }, limit);
    const turned = entries.toReversed();
    return next === undefined ? { entries: turned } : { entries: turned, cursor: next };
  }

  #scan(prefix: string, after: Key | undefined, visit: (key: Key, object: StoredObject) => boolean): void {
    const within = this.#prefix + prefix;
    const from = after === undefined ? within : this.#prefix + after;
    this.space.objects.scan(compareKeys(from, within) < 0 ? within : from, (full, object) => {
      if (!full.startsWith(within)) return false;
      const key = full.slice(this.#prefix.length);
      // The marker of the directory the store itself is in has no name here.
      return key === '' || key === after ? true : visit(key, object);
    });
  }

  #entry(key: Key, { meta }: StoredObject): ObjectEntry {
    const { list, keys } = this.capabilities;
    return {
      key,
      size: list!.size ? meta.size : undefined,
      modified: list!.modified ? meta.modified : undefined,
      etag: list!.etag ? meta.etag : undefined,
      storageClass: meta.storageClass,
      directory: keys.tree && key.endsWith('/') ? { empty: !this.#holds(key) } : undefined,
    };
  }

  #holds(directory: Key): boolean {
    let found = false;
    this.#scan(directory, directory, () => {
      found = true;
      return false;
    });
    return found;
  }
}

function pathConflict(key: Key, other: Key): FerryError {
  return new FerryError('path-conflict', { key, message: `"${key}" and "${other}" cannot both exist` });
}
