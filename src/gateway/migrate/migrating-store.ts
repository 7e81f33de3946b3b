/**
 * A bucket on its way from an old store to a new one, as one store. The rules and their reasons are in the design of
 * live migration; each method here is one of them. What is said to be read last is read last.
 */
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type {
  CompleteOptions,
  CopySource,
  ListedUpload,
  ListPage,
  ListRequest,
  Multipart,
  Part,
  PartOptions,
  PartResult,
  ReadOptions,
  ReadResult,
  Store,
  StoredPart,
  StoreInfo,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { pageOfUploads } from '../../store/upload-page.ts';
import type { KeyLedger } from './ledger.ts';
import { mergedPage } from './merged-listing.ts';
import { copyClaimed, promote, type CopyOne } from './promote.ts';
import type { Passage, Route } from './route.ts';

export interface MigratingOptions {
  readonly old: Store;
  readonly new: Store;
  readonly ledger: KeyLedger;
  readonly route: Route;
  readonly copy: CopyOne;
  /** Every write is recorded, so that old can be brought up to date. */
  readonly writeBack: boolean;
}

export class MigratingStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly multipart: Multipart;
  readonly #old: Store;
  readonly #new: Store;
  readonly #ledger: KeyLedger;
  readonly #route: Route;
  readonly #copyOne: CopyOne;
  readonly #writeBack: boolean;

  constructor(options: MigratingOptions) {
    this.#old = options.old;
    this.#new = options.new;
    this.#ledger = options.ledger;
    this.#route = options.route;
    this.#copyOne = options.copy;
    this.#writeBack = options.writeBack;
    this.info = options.new.info;
    this.capabilities = options.new.capabilities;
    this.multipart = new MigratingMultipart(this, options);
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.#surely(
      () => this.#old.list(request, signal),
      () => mergedPage(this.#old, this.#new, this.#ledger, request, signal),
      () => this.#new.list(request, signal),
    );
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#look(key, (store) => store.stat(key, signal));
  }

  async read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    const open = (store: Store): Promise<ReadResult | undefined> =>
      store.read(key, options, signal).catch((thrown: unknown) => {
        if (isFerryError(thrown, 'not-found')) return undefined;
        throw thrown;
      });
    const found = await this.#look(key, open, ({ body }) => body.cancel());
    if (found === undefined) throw new FerryError('not-found', { key });
    return found;
  }

  async tags(key: Key, signal?: AbortSignal): Promise<Tags> {
    const read = async (store: Store): Promise<Tags | undefined> =>
      (await store.stat(key, signal)) === undefined ? undefined : await store.tags?.(key, signal);
    return (await this.#look(key, read)) ?? {};
  }

  async write(key: Key, body: Body, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    const present = options.ifAbsent === true || options.ifMatch !== undefined;
    return await this.mutate(key, 'write', present, signal, (store) => store.write(key, body, options, signal));
  }

  async setTags(key: Key, tags: Tags, signal?: AbortSignal): Promise<void> {
    await this.mutate(key, 'setTags', true, signal, (store) => store.setTags!(key, tags, signal));
  }

  async copy(from: CopySource, to: Key, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    const present = options.ifAbsent === true || options.ifMatch !== undefined;
    const within = from.store === this;
    return await this.mutate(to, 'copy', present, signal, async (store) => {
      if (within && store === this.#new) await promote(this.#ledger, this.#copyOne, from.key, signal);
      return await store.copy!(within ? { ...from, store } : from, to, options, signal);
    });
  }

  sameServer(other: Store): boolean {
    return other === this && this.#new.copy !== undefined && this.#old.copy !== undefined;
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    using passage = await this.#route.mutating(key, 'remove', signal);
    if (passage.routing === 'old') return await this.#old.remove(key, signal);
    if (passage.routing === 'new' || (await this.#ledger.isTouched(key))) await this.#new.remove(key, signal);
    else await this.#removeUntouched(key, signal);
    if (this.#writeBack) await this.#ledger.markDirty(key);
  }

  /**
   * Exactly one of the last two steps is the delete: the record where new had nothing, the store's delete where it had.
   * To delete from new what was not seen there would kill a PUT that came after; to delete before the record would let
   * an older version shine through.
   */
  async #removeUntouched(key: Key, signal: AbortSignal | undefined): Promise<void> {
    let inNew: boolean;
    {
      await using intent = await this.#ledger.intend(key, signal);
      inNew = (await this.#new.stat(key, signal)) !== undefined;
      intent.lost.throwIfAborted();
      await this.#ledger.touch(key);
    }
    if (inNew) await unknownWhereRefused(key, this.#new.remove(key, signal));
  }

  /** A mutation that is done on one side as it is; `present`: it needs what the object is now. */
  async mutate<T>(
    key: Key,
    operation: string,
    present: boolean,
    signal: AbortSignal | undefined,
    run: (store: Store) => Promise<T>,
  ): Promise<T> {
    using passage = await this.#route.mutating(key, operation, signal);
    if (passage.routing === 'old') return await run(this.#old);
    if (passage.routing === 'both' && present) await promote(this.#ledger, this.#copyOne, key, signal);
    const result = await run(this.#new);
    if (this.#writeBack) await this.#ledger.markDirty(key);
    return result;
  }

  /** What one object is: by new, and where new has none by old, unless new alone decides. */
  #look<T>(
    key: Key,
    ask: (store: Store) => Promise<T | undefined>,
    drop: (found: T) => void = () => undefined,
  ): Promise<T | undefined> {
    return this.#surely(
      () => ask(this.#old),
      async () => {
        const current = await ask(this.#new);
        if (current !== undefined) return current;
        const earlier = await ask(this.#old);
        // Read last, because old may change under an upload begun before the switch.
        if (!(await this.#ledger.isTouched(key))) return earlier;
        if (earlier !== undefined) drop(earlier);
        // Asked again, because a copy may have landed since.
        return await ask(this.#new);
      },
      () => ask(this.#new),
      drop,
    );
  }

  /** A read by the routing there is; one of old alone counts only while the view of the gateway held. */
  async #surely<T>(
    ofOld: () => Promise<T>,
    ofBoth: () => Promise<T>,
    ofNew: () => Promise<T>,
    drop: (found: NonNullable<T>) => void = () => undefined,
  ): Promise<T> {
    for (;;) {
      using passage: Passage = await this.#route.reading();
      if (passage.routing === 'new') return await ofNew();
      if (passage.routing !== 'old') return await ofBoth();
      const found = await ofOld();
      if (passage.stillSure()) return found;
      if (found !== undefined && found !== null) drop(found);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#old[Symbol.asyncDispose]();
    await this.#new[Symbol.asyncDispose]();
  }
}

/** Uploads in parts belong to the side they were begun on, to their end. */
class MigratingMultipart implements Multipart {
  readonly #store: MigratingStore;
  readonly #o: MigratingOptions;

  constructor(store: MigratingStore, options: MigratingOptions) {
    this.#store = store;
    this.#o = options;
  }

  async begin(key: Key, options?: WriteOptions, signal?: AbortSignal): Promise<string> {
    using passage = await this.#o.route.mutating(key, 'begin', signal);
    if (passage.routing === 'old') return await this.#o.old.multipart!.begin(key, options, signal);
    const uploadId = await this.#o.new.multipart!.begin(key, options, signal);
    await this.#o.ledger.recordUpload(uploadId);
    return uploadId;
  }

  async put(
    ref: UploadRef,
    part: number,
    body: Body,
    options?: PartOptions,
    signal?: AbortSignal,
  ): Promise<PartResult> {
    return await (await this.#sideOf(ref)).put(ref, part, body, options, signal);
  }

  async parts(ref: UploadRef, after: number, limit: number, signal?: AbortSignal): Promise<readonly StoredPart[]> {
    const side = await this.#sideOf(ref);
    if (side.parts === undefined) throw new FerryError('unsupported', { message: 'the store lists no parts' });
    return await side.parts(ref, after, limit, signal);
  }

  async list(
    prefix: string,
    after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ListedUpload[]> {
    const sides = await Promise.all(
      [this.#o.old, this.#o.new].map(({ multipart }) => multipart?.list?.(prefix, after, limit, signal) ?? []),
    );
    return pageOfUploads(sides.flat(), prefix, after, limit);
  }

  async abort(ref: UploadRef, signal?: AbortSignal): Promise<void> {
    await (await this.#sideOf(ref)).abort(ref, signal);
  }

  async complete(
    ref: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions = {},
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    const { old, ledger } = this.#o;
    if (await ledger.isNewUpload(ref.uploadId))
      return await this.#store.mutate(ref.key, 'complete', options.ifAbsent === true, signal, (store) =>
        store.multipart!.complete(ref, parts, options, signal),
      );
    using passage = await this.#o.route.mutating(ref.key, 'complete', signal);
    if (passage.routing === 'old') return await old.multipart!.complete(ref, parts, options, signal);
    return await this.#completeLate(ref, parts, options, signal);
  }

  /**
   * An upload begun before the switch. What old has now is promoted and the key touched, so that no reader looks at old
   * any more; only then the upload is completed there and its object copied, replacing.
   */
  async #completeLate(
    ref: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions,
    signal: AbortSignal | undefined,
  ): Promise<WriteResult> {
    const { old, new: next, ledger, copy } = this.#o;
    const { key } = ref;
    {
      await using claim = await ledger.claim(key, signal);
      if (claim !== undefined) {
        await copyClaimed(copy, key, signal === undefined ? claim.lost : AbortSignal.any([signal, claim.lost]));
        await claim.touch();
      }
    }
    if (options.ifAbsent === true && (await next.stat(key, signal)) !== undefined)
      throw new FerryError('already-exists', { key });
    await old.multipart!.complete(ref, parts, {}, signal);
    const { meta, body } = await old.read(key, {}, signal);
    const tags = old.tags === undefined ? undefined : await old.tags(key, signal);
    const written = await next.write(key, { size: meta.size, open: () => body }, { meta, tags }, signal);
    if (this.#o.writeBack) await ledger.markDirty(key);
    return written;
  }

  async #sideOf({ uploadId }: UploadRef): Promise<Multipart> {
    const side = (await this.#o.ledger.isNewUpload(uploadId)) ? this.#o.new : this.#o.old;
    return side.multipart!;
  }
}

/** A delete that is refused after the key was touched may have taken effect for readers: nobody knows. */
async function unknownWhereRefused(key: Key, removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (cause) {
    throw new FerryError('unavailable', { key, message: 'Whether the object is gone is not known', cause });
  }
}
