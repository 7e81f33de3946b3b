import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { compareKeys } from '../../model/key.ts';
import type { ObjectEntry, ObjectMeta } from '../../model/object.ts';
import { KiB, TiB } from '../../model/units.ts';
import { wantedRange } from '../../store/range.ts';
import { throwIfAborted } from '../../store/abort.ts';
import type { Clock } from '../../store/clock.ts';
import { sleep, systemClock } from '../../store/clock.ts';
import { MemoryBody } from '../../store/read-body.ts';
import type {
  ListPage,
  ListRequest,
  ReadOptions,
  ReadResult,
  Store,
  StoreInfo,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import type { Content } from './contents.ts';
import { CONTENTS, GeneratedContents } from './contents.ts';
import type { KeyShape } from './keys.ts';
import { GeneratedKeys, scramble } from './keys.ts';

export interface GeneratedStoreOptions {
  readonly count: number;
  readonly shape?: KeyShape | undefined;
  /** Another seed, other keys and contents. */
  readonly seed?: number | undefined;
  /** Sizes go up to this, bytes. */
  readonly maxSize?: number | undefined;
  /** Every object whose position divides by this has another content than without; 0 for none. */
  readonly differEvery?: number | undefined;
  /** Every object whose position divides by this, less one, is not there; 0 for none. */
  readonly missingEvery?: number | undefined;
  /** Each page is answered after this, milliseconds. */
  readonly pageDelay?: number | undefined;
  readonly maxPage?: number | undefined;
  /** Takes writes and removals, and forgets them. */
  readonly discard?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

/** Last modification of the oldest object: 2024-01-01. */
const EPOCH = Date.UTC(2024, 0, 1);

/**
 * A bucket of any size that is computed, not kept: page by page from any key, in memory that does not grow with it. For
 * rehearsals and benchmarks. What is written to it, where it takes writes, is read to the end and forgotten.
 */
export class GeneratedStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly #keys: GeneratedKeys;
  readonly #contents: GeneratedContents;
  readonly #options: GeneratedStoreOptions;
  readonly #seed: number;
  readonly #clock: Clock;
  /** Pages asked for so far. */
  pages = 0;

  constructor(options: GeneratedStoreOptions) {
    const { count, shape = 'flat', seed = 1, maxSize = 64 * KiB } = options;
    const place = `generated://${shape}/${count}?seed=${seed}&differ=${options.differEvery ?? 0}&missing=${options.missingEvery ?? 0}`;
    this.info = { type: 'generated', name: place, identity: place };
    this.capabilities = capabilitiesOf(options.maxPage ?? 1000, options.discard ?? false);
    this.#keys = new GeneratedKeys(shape, count, seed);
    this.#contents = new GeneratedContents(seed, maxSize);
    this.#options = options;
    this.#seed = seed;
    this.#clock = options.clock ?? systemClock;
  }

  async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    throwIfAborted(signal);
    this.pages++;
    if (this.#options.pageDelay) await sleep(this.#clock, this.#options.pageDelay, signal);
    const { maxPage } = this.capabilities.list!;
    const { prefix = '', after, through } = request;
    const limit = Math.min(request.limit ?? maxPage, maxPage);
    const entries: ObjectEntry[] = [];
    let index = this.#first(prefix, after);
    for (; index < this.#keys.count; index++) {
      if (this.#isMissing(index)) continue;
      const key = this.#keys.at(index);
      if (prefix !== '' && !key.startsWith(prefix)) break;
      if (through !== undefined && compareKeys(key, through) > 0) break;
      if (entries.length === limit) return { entries, next: entries.at(-1)!.key };
      const { size, etag } = this.#content(index);
      entries.push({ key, size, modified: modifiedAt(index), etag });
    }
    return { entries };
  }

  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    throwIfAborted(signal);
    return this.#find(key)?.meta;
  }

  async read(key: Key, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    throwIfAborted(signal);
    const found = this.#find(key);
    if (!found) throw new FerryError('not-found', { key });
    const { meta, content } = found;
    if (options.ifMatch !== undefined && options.ifMatch !== meta.etag) throw new FerryError('changed', { key });
    const { offset, length } = wantedRange(meta.size, key, options);
    return { meta, body: new MemoryBody([content.bytes()], offset, length, { signal }) };
  }

  async write(_key: Key, body: Body, _options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    throwIfAborted(signal);
    this.#needDiscard();
    if (!(body instanceof Uint8Array)) {
      let left = body.size;
      for await (const chunk of body.open()) {
        throwIfAborted(signal);
        left -= chunk.byteLength;
      }
      if (left !== 0) throw new FerryError(left > 0 ? 'short-read' : 'wrong-length');
    }
    return {};
  }

  async remove(_key: Key, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.#needDiscard();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }

  #needDiscard(): void {
    if (!this.#options.discard) throw new FerryError('unsupported', { message: 'this store cannot be written to' });
  }

  /** The position of the first key that begins with `prefix` and comes after `after`. */
  #first(prefix: string, after: Key | undefined): number {
    if (prefix === '' && after === undefined) return 0;
    if (after !== undefined && compareKeys(after, prefix) >= 0) return this.#keys.countThrough(after);
    return this.#keys.indexOf(prefix) ?? this.#keys.countThrough(prefix);
  }

  #find(key: Key): { readonly meta: ObjectMeta; readonly content: Content } | undefined {
    const index = this.#keys.indexOf(key);
    if (index === undefined || this.#isMissing(index)) return undefined;
    const content = this.#content(index);
    return { content, meta: { size: content.size, etag: content.etag, modified: modifiedAt(index) } };
  }

  #isMissing(index: number): boolean {
    const { missingEvery } = this.#options;
    return !!missingEvery && (index + 1) % missingEvery === 0;
  }

  #content(index: number): Content {
    const { differEvery } = this.#options;
    const number = scramble(index, this.#seed) % CONTENTS;
    const differs = !!differEvery && index % differEvery === 0;
    return this.#contents.at(differs ? (number + 1) % CONTENTS : number);
  }
}

function modifiedAt(index: number): number {
  return EPOCH + (index % 50_000_000) * 1000;
}

function capabilitiesOf(maxPage: number, discard: boolean): Capabilities {
  return {
    list: { order: 'utf8', maxPage, size: true, modified: true, etag: true, clock: 'ours' },
    read: true,
    readRange: true,
    readIfMatch: true,
    write: discard,
    remove: discard,
    writeIfAbsent: false,
    writeIfMatch: false,
    maxWrite: discard ? 5 * TiB : 0,
    verifiesMd5: false,
    verifiesChecksums: [],
    etag: 'md5',
    multipart: undefined,
    keys: { maxBytes: 1024, tree: false, directories: 'objects' },
    metadata: {
      system: discard,
      userBytes: discard ? 2 * KiB : 0,
      tags: false,
      acl: false,
      modified: discard ? 'set' : 'none',
      posix: false,
      storageClasses: [],
    },
    copy: undefined,
    fetch: false,
    presign: false,
  };
}
