/** A directory tree as a Store. What it is made of is in the files beside this one. */
import fs from 'node:fs';
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import { throwIfAborted } from '../../store/abort.ts';
import type { FileReach } from '../../store/file-reach.ts';
import type {
  ListPage,
  ListRequest,
  Multipart,
  ReadOptions,
  ReadResult,
  Store,
  StoreInfo,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { fileCapabilities } from './capabilities.ts';
import { Durability, type FsyncPolicy } from './durability.ts';
import type { DiskEncoding } from './encoding.ts';
import { errno, fileError } from './errors.ts';
import { KeyLocks } from './key-locks.ts';
import { ImpliedDirectories } from './implied.ts';
import { Pace } from './io.ts';
import { Listing } from './listing.ts';
import { Lookup } from './lookup.ts';
import type { LinkPolicy } from './members.ts';
import { placeOf, type Place } from './names.ts';
import { recordOf, Sidecars } from './sidecar.ts';
import { Tree, type Directory } from './tree.ts';
import { Uploads } from './uploads.ts';
import { expectVersion, Writer } from './write.ts';

export interface FileStoreOptions {
  /** Absolute path of the root. */
  readonly root: string;
  /** Where the root may be; anywhere where absent. */
  readonly reach?: FileReach | undefined;
  /** For people, and what tells this place from others; see `StoreInfo`. */
  readonly name: string;
  readonly identity: string;
  readonly place?: StoreInfo['place'];
  readonly view?: StoreInfo['view'];
  /** Opened to write: a root that is missing is empty, and what crashes left half written is cleaned away. */
  readonly written: boolean;
  readonly tmpdir: () => string;
  readonly encoding: DiskEncoding;
  readonly links: LinkPolicy;
  readonly unsafeLinks: boolean;
  readonly metadata: 'none' | 'sidecar';
  readonly preserveMode: boolean;
  readonly preserveOwner: boolean;
  readonly fsync: FsyncPolicy;
  /** Clients use it through this process alone, so one version can be replaced and no other. */
  readonly soleWriter: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class FileStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly multipart: Multipart;
  /** Absent where others may write. */
  declare readonly removeIf?: Required<Store>['removeIf'];
  readonly #encoding: DiskEncoding;
  readonly #pace = new Pace();
  /** Never through links. */
  readonly #tree: Tree;
  /** Through links where they are followed. */
  readonly #readTree: Tree;
  readonly #durability: Durability;
  readonly #sidecars: Sidecars | undefined;
  readonly #writer: Writer;
  readonly #lookup: Lookup;
  readonly #listing: Listing;
  readonly #implied: ImpliedDirectories;
  readonly #locks: KeyLocks | undefined;

  constructor(options: FileStoreOptions) {
    const { root, encoding, links, reach } = options;
    this.#encoding = encoding;
    const { name, identity, place, view } = options;
    this.info = { type: 'file', name, identity, place, view };
    this.capabilities = fileCapabilities(root, encoding, options);
    this.#tree = new Tree({ root, encoding, follow: false, reach });
    this.#readTree = links === 'follow' ? new Tree({ root, encoding, follow: true, reach }) : this.#tree;
    this.#durability = new Durability(options.fsync, this.#tree, root);
    this.#implied = new ImpliedDirectories(this.#tree);
    const made = (directory: readonly string[]): void => {
      this.#durability.note(directory.slice(0, -1), undefined);
      this.#implied.add(directory);
    };
    this.#locks = options.soleWriter ? new KeyLocks() : undefined;
    this.#sidecars = options.metadata === 'sidecar' ? new Sidecars(this.#tree, made) : undefined;
    this.#writer = new Writer({
      tree: this.#tree,
      pace: this.#pace,
      durability: this.#durability,
      sidecars: this.#sidecars,
      preserveMode: options.preserveMode,
      preserveOwner: options.preserveOwner,
      keepLinks: links === 'keep',
      unsafeLinks: options.unsafeLinks,
      locks: this.#locks,
      made,
    });
    this.#lookup = new Lookup({ root, links, pace: this.#pace, sidecars: this.#sidecars });
    this.#listing = new Listing({ ...options, tree: this.#readTree, pace: this.#pace });
    this.multipart = this.#uploads(options.now);
    if (this.#locks) this.removeIf = (key, ifMatch, signal) => this.#removeIf(key, ifMatch, signal);
  }

  async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    throwIfAborted(signal);
    return await this.#listing.page(request, signal);
  }

  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    throwIfAborted(signal);
    const stat = (directory: Directory, place: Place): Promise<ObjectMeta | undefined> =>
      this.#lookup.stat(key, directory, place);
    try {
      return await this.#at(key, this.#readTree, 'stat', 'look at', stat);
    } catch (thrown) {
      if (isAbsence(thrown)) return undefined;
      throw thrown;
    }
  }

  async read(key: Key, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    throwIfAborted(signal);
    const read = (directory: Directory, place: Place): Promise<ReadResult> =>
      this.#lookup.read(key, directory, place, options, signal);
    try {
      return await this.#at(key, this.#readTree, 'read', 'open', read);
    } catch (thrown) {
      if (isAbsence(thrown)) throw new FerryError('not-found', { key, operation: 'read', cause: thrown });
      throw thrown;
    }
  }

  async write(key: Key, body: Body, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    throwIfAborted(signal);
    if (options.ifMatch !== undefined && (this.#locks === undefined || key.endsWith('/')))
      throw new FerryError('unsupported', { key, message: 'a file system cannot replace one version only' });
    return await this.#guard(key, 'write', async () => {
      const place = placeOf(key, this.#encoding);
      const result = await this.#writer.write(key, place, body, options, signal);
      if (place.directory) this.#implied.delete([...place.directories, place.name]);
      return result;
    });
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const remove = (directory: Directory, place: Place): Promise<boolean> =>
      this.#inTurn(key, () => this.#remove(key, directory, place));
    try {
      if (!(await this.#at(key, this.#tree, 'remove', 'remove', remove))) return;
    } catch (thrown) {
      if (isAbsence(thrown)) return;
      throw thrown;
    }
    await this.#removed(key);
  }

  async #removeIf(key: Key, ifMatch: string, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    await this.#at(key, this.#tree, 'removeIf', 'remove', (directory, place) =>
      this.#inTurn(key, async () => {
        if (place.directory) throw new FerryError('unsupported', { key, message: 'a directory has no versions' });
        expectVersion(key, directory.at(place.name), ifMatch, 'removeIf');
        await this.#remove(key, directory, place);
      }),
    );
    await this.#removed(key);
  }

  async #removed(key: Key): Promise<void> {
    const { directories } = placeOf(key, this.#encoding);
    await this.#implied.prune(directories, (directory) => this.#forget(directory));
    await this.#durability.changed(directories, undefined);
    if (this.#pace.due) await this.#pace.breathe();
  }

  async flush(signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#durability.flush();
  }

  async tags(key: Key, signal?: AbortSignal): Promise<Tags> {
    throwIfAborted(signal);
    const sidecars = this.#sidecars;
    if (!sidecars) throw new FerryError('unsupported', { key, message: 'tags need `metadata: sidecar`' });
    return await this.#at(key, this.#readTree, 'tags', 'read the tags of', async (directory, place) => {
      const stats = fs.lstatSync(directory.at(place.name), { bigint: true });
      return (await sidecars.read(key, stats))?.tags ?? {};
    });
  }

  async setTags(key: Key, tags: Tags, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const sidecars = this.#sidecars;
    if (!sidecars) throw new FerryError('unsupported', { key, message: 'tags need `metadata: sidecar`' });
    const set = async (directory: Directory, place: Place): Promise<void> => {
      const stats = fs.lstatSync(directory.at(place.name), { bigint: true });
      const record = (await sidecars.read(key, stats)) ?? recordOf(key, undefined, undefined, undefined);
      // The same version keeps its name, so the new record takes the place of the old at once.
      const { folder, file } = await sidecars.write({ ...record, tags: { ...tags } }, stats, this.#writer.tempName());
      await this.#durability.changed(folder, file);
    };
    try {
      await this.#at(key, this.#tree, 'setTags', 'tag', (...at) => this.#inTurn(key, () => set(...at)));
    } catch (thrown) {
      if (isAbsence(thrown)) throw new FerryError('not-found', { key, operation: 'setTags', cause: thrown });
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listing[Symbol.asyncDispose]();
    try {
      await this.#durability.flush();
    } finally {
      this.#tree.close();
      this.#readTree.close();
    }
  }

  #uploads(now: () => number): Multipart {
    const uploads = new Uploads(this.#writer, (key) => placeOf(key, this.#encoding), now);
    return {
      begin: (key, options = {}, signal) => this.#guard(key, 'begin', () => uploads.begin(key, options, signal)),
      put: (ref, part, body, options = {}, signal) =>
        this.#guard(ref.key, 'put', () => uploads.put(ref, part, body, options, signal)),
      complete: (ref, parts, options = {}, signal) =>
        this.#guard(ref.key, 'complete', () => uploads.complete(ref, parts, options, signal)),
      abort: (ref, signal) => this.#guard(ref.key, 'abort', () => uploads.abort(ref, signal)),
      inProgress: (key, signal) => this.#guard(key, 'inProgress', () => uploads.inProgress(key, signal)),
      parts: (ref, after, limit, signal) =>
        this.#guard(ref.key, 'parts', () => uploads.parts(ref, after, limit, signal)),
      list: (prefix, after, limit, signal) =>
        this.#guard(prefix, 'uploads', () => uploads.list(prefix, after, limit, signal)),
      isEmpty: (ref, signal) => this.#guard(ref.key, 'isEmpty', () => uploads.isEmpty(ref, signal)),
    };
  }

  /** False where the directory stays because something is in it. */
  async #remove(key: Key, directory: Directory, place: Place): Promise<boolean> {
    const path = directory.at(place.name);
    if (!place.directory) {
      const before = this.#sidecars && fs.lstatSync(path, { bigint: true });
      await this.#pace.io.unlink(path);
      if (before?.isFile()) await this.#sidecars?.remove(key, before);
      return true;
    }
    const names = [...place.directories, place.name];
    try {
      fs.rmdirSync(path);
    } catch (thrown) {
      if (errno(thrown) !== 'ENOTEMPTY' && errno(thrown) !== 'EEXIST') throw thrown;
      this.#implied.add(names);
      return false;
    }
    this.#forget(names);
    return true;
  }

  #inTurn<T>(key: Key, work: () => Promise<T>): Promise<T> {
    return this.#locks === undefined ? work() : this.#locks.hold(key, work);
  }

  #forget(directory: readonly string[]): void {
    this.#implied.delete(directory);
    this.#tree.forget(directory);
    if (this.#readTree !== this.#tree) this.#readTree.forget(directory);
  }

  #at<T>(
    key: Key,
    tree: Tree,
    operation: string,
    doing: string,
    use: (directory: Directory, place: Place) => Promise<T>,
  ): Promise<T> {
    return this.#guard(
      key,
      operation,
      async () => {
        const place = placeOf(key, this.#encoding);
        return await tree.within(place.directories, undefined, (directory) => use(directory, place));
      },
      doing,
    );
  }

  async #guard<T>(key: Key, operation: string, work: () => Promise<T>, doing: string = operation): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw fileError(thrown, operation, key, doing).with({ key, operation });
    }
  }
}

/** Nothing is stored under the key: it is not there, cannot be, or a file or directory stands in its place. */
function isAbsence(thrown: unknown): boolean {
  return isFerryError(thrown, 'not-found') || isFerryError(thrown, 'path-conflict') || isFerryError(thrown, 'bad-key');
}
