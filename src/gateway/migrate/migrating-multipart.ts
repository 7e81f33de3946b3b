import type { Body } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type {
  CompleteOptions,
  ListedUpload,
  Multipart,
  Part,
  PartOptions,
  PartResult,
  Store,
  StoredPart,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { pageOfUploads } from '../../store/upload-page.ts';
import { accounted, failClosed, unknownOutcome } from './certainty.ts';
import type { MigratingOptions, MigratingStore } from './migrating-store.ts';
import type { MutationPassage } from './route.ts';

/** Uploads in parts belong to the side they were begun on, to their end. */
export class MigratingMultipart implements Multipart {
  declare readonly parts?: NonNullable<Multipart['parts']>;
  declare readonly list?: NonNullable<Multipart['list']>;
  readonly #store: MigratingStore;
  readonly #o: MigratingOptions;

  constructor(store: MigratingStore, options: MigratingOptions) {
    this.#store = store;
    this.#o = options;
    const { old, new: next } = options;
    if (old.multipart!.parts && next.multipart!.parts)
      this.parts = async (ref, after, limit, signal): Promise<readonly StoredPart[]> =>
        await (
          await this.#sideOf(ref)
        ).parts!(ref, after, limit, signal);
    if (old.multipart!.list && next.multipart!.list)
      this.list = (prefix, after, limit, signal) => this.#list(prefix, after, limit, signal);
  }

  async begin(key: Key, options?: WriteOptions, signal?: AbortSignal): Promise<string> {
    using passage = await this.#o.route.mutating(key, 'begin', signal);
    const { old, new: next } = this.#o;
    const side = passage.mutations === 'old' ? old : next;
    const uploadId = await failClosed(side.multipart!.begin(key, options, signal));
    if (passage.mutations === 'recorded') await passage.keys.recordUpload(uploadId);
    if (!passage.stillSure()) throw unknownOutcome(key);
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

  async abort(ref: UploadRef, signal?: AbortSignal): Promise<void> {
    await (await this.#sideOf(ref)).abort(ref, signal);
  }

  async complete(
    ref: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions = {},
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    const begunOnNew = await this.#isOfNew(ref);
    const run = (store: Store, cut: AbortSignal): Promise<WriteResult> =>
      store.multipart!.complete(ref, parts, options, cut);
    return await this.#store.change({
      key: ref.key,
      operation: 'complete',
      signal,
      needs: begunOnNew && options.ifAbsent === true ? [ref.key] : [],
      writes: begunOnNew,
      run: async (store, cut, passage) =>
        store === this.#o.old && begunOnNew
          ? await this.#completeBack(ref, parts, options, cut, passage)
          : await run(store, cut),
      recorded: begunOnNew
        ? undefined
        : (sides, cut) => this.#store.rules.completeLate(sides, ref, parts, options, cut),
    });
  }

  /** An upload begun on new, after everything went back to old: completed there, out of sight, and brought to old. */
  async #completeBack(
    ref: UploadRef,
    parts: readonly Part[],
    { ifAbsent }: CompleteOptions,
    signal: AbortSignal,
    passage: MutationPassage,
  ): Promise<WriteResult> {
    const { new: next, carrier } = this.#o;
    const { key } = ref;
    // In the next round new has to be empty.
    if (passage.phase !== 'rolled-back') throw new FerryError('not-found', { key });
    passage.crosses();
    const { etag } = await accounted(next.multipart!.complete(ref, parts, {}, signal), passage);
    const how = ifAbsent === true ? 'create' : 'replace';
    const carried = await accounted(
      carrier.carry(key, 'old', how, {
        ifMatch: etag,
        sure: () => passage.stillSure(),
        uploads: passage.keys,
        signal,
      }),
      passage,
    );
    await accounted(next.remove(key, signal), passage);
    if (carried.outcome === 'there') throw new FerryError('already-exists', { key });
    if (carried.outcome === 'nothing') throw unknownOutcome(key);
    return { etag: carried.etag };
  }

  async #list(
    prefix: string,
    after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly ListedUpload[]> {
    const sides = await Promise.all(
      [this.#o.old, this.#o.new].map((side) => failClosed(side.multipart!.list!(prefix, after, limit, signal))),
    );
    return pageOfUploads(sides.flat(), prefix, after, limit);
  }

  async #sideOf(ref: UploadRef): Promise<Multipart> {
    return ((await this.#isOfNew(ref)) ? this.#o.new : this.#o.old).multipart!;
  }

  async #isOfNew({ uploadId }: UploadRef): Promise<boolean> {
    const { route } = this.#o;
    return route.phase === 'finalised' || (await route.reading().keys.isNewUpload(uploadId));
  }
}
