/**
 * A bucket whose missing objects come from elsewhere. A Store round the bucket's own store (decision 0010): what is
 * there is read from there; what is not is fetched once, given to everybody who asks, and stored.
 *
 * Listings show what is stored. Writes and deletes are the clients' alone, and win over every fetch under way
 * (`Keys`). Whatever needs the present object (a copy, a condition of a write, tags) has it fetched and stored first.
 */
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { abortable } from '../../store/abort.ts';
import type { CopySource, ListPage, ListRequest, Multipart, ReadOptions, ReadResult, Store, StoreInfo, WriteOptions, WriteResult } from '../../store/store.ts'; // prettier-ignore
import type { Reading } from '../buckets.ts';
import { INSIDE, type Asking } from './asking.ts';
import { Fetches, type MirrorOptions } from './fetches.ts';
import { MirrorMultipart, type UploadHost } from './mirror-multipart.ts';
import { MirrorReading } from './mirror-reading.ts';

export class MirrorStore implements Store {
  readonly local: Store;
  readonly multipart?: Multipart | undefined;
  declare readonly removeMany?: NonNullable<Store['removeMany']>;
  declare readonly flush?: NonNullable<Store['flush']>;
  declare readonly copy?: NonNullable<Store['copy']>;
  declare readonly sameServer?: NonNullable<Store['sameServer']>;
  declare readonly presign?: NonNullable<Store['presign']>;
  declare readonly tags?: NonNullable<Store['tags']>;
  declare readonly setTags?: NonNullable<Store['setTags']>;
  declare readonly partLayout?: NonNullable<Store['partLayout']>;
  readonly #fetches: Fetches;
  readonly #reading: MirrorReading;

  constructor(options: MirrorOptions) {
    const { local } = options;
    this.#fetches = new Fetches(options);
    this.#reading = new MirrorReading(this.#fetches);
    this.local = local;
    const change: UploadHost['change'] = (key, conditions, work) => this.#change(key, conditions, work);
    if (local.multipart) this.multipart = new MirrorMultipart(local.multipart, { change, source: localSource });
    if (local.removeMany)
      this.removeMany = (keys, signal) =>
        this.#fetches.keys.change(keys, async () => {
          await this.#bury(keys);
          return await local.removeMany!(keys, signal);
        });
    if (local.flush) this.flush = (signal) => local.flush!(signal);
    if (local.sameServer) this.sameServer = (other) => local.sameServer!(localOf(other));
    if (local.copy)
      this.copy = async (from, to, copyOptions, signal) => {
        // Before the change: a copy onto itself would wait for what waits for it.
        const source = await localSource(from, signal);
        return await this.#change(to, copyOptions, (now) => local.copy!(source, to, now, signal));
      };
    if (local.tags)
      this.tags = async (key, signal) => {
        await this.ensure(key, signal);
        return await local.tags!(key, signal);
      };
    if (local.setTags)
      this.setTags = async (key, tags, signal) => {
        await this.ensure(key, signal);
        await local.setTags!(key, tags, signal);
      };
    if (local.partLayout)
      this.partLayout = async (key, ifMatch, signal) => {
        await this.ensure(key, signal);
        return await local.partLayout!(key, this.etagHere(key, ifMatch), signal);
      };
  }

  get info(): StoreInfo {
    return this.local.info;
  }

  get capabilities(): Capabilities {
    return this.local.capabilities;
  }

  get clockSkew(): number | undefined {
    return this.local.clockSkew;
  }

  /** The view of one request: clients may be redirected, and their headers passed on. */
  asked(asking: Asking): Reading {
    let counted = false;
    const once = (): boolean => !counted && (counted = true);
    return {
      capabilities: this.capabilities,
      stat: (key, signal) => this.#reading.stat(key, asking, once, signal),
      read: (key, options, signal) => this.#reading.read(key, options ?? {}, asking, once, signal),
    };
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.local.list(request, signal);
  }

  /** For who needs the object here: it is fetched and stored first. */
  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    const there = await this.local.stat(key, signal);
    if (there !== undefined) return there;
    const rule = this.#fetches.ruleFor(key, 404);
    if (rule === undefined) return undefined;
    if (!rule.spec.store) return await this.#reading.stat(key, INSIDE, () => true, signal);
    return (await this.ensure(key, signal)) ? await this.local.stat(key, signal) : undefined;
  }

  read(key: Key, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    return this.#reading.read(key, options, INSIDE, () => true, signal);
  }

  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return this.#change(key, options, (now) => this.local.write(key, body, now, signal));
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    await this.#fetches.keys.change([key], async () => {
      await this.#bury([key]);
      await this.local.remove(key, signal);
    });
  }

  /** Before they are removed: once they are gone here, nothing else keeps the origin's from shining through. */
  async #bury(keys: readonly Key[]): Promise<void> {
    const { book, bucket } = this.#fetches.options;
    for (const key of keys)
      if (this.#fetches.ruleFor(key, 404)?.spec.deletes === 'remember') await book.bury(bucket, key);
  }

  /** A client's change of a key; one under a condition has the present object here first, and goes by its ETag here. */
  async #change<C extends Pick<WriteOptions, 'ifAbsent' | 'ifMatch'>, T>(
    key: Key,
    conditions: C | undefined,
    work: (conditions: C | undefined) => Promise<T>,
  ): Promise<T> {
    if (conditions?.ifAbsent === true || conditions?.ifMatch !== undefined) await this.ensure(key);
    return await this.#fetches.keys.change([key], async () => {
      if (conditions?.ifMatch === undefined) return await work(conditions);
      return await work({ ...conditions, ifMatch: this.etagHere(key, conditions.ifMatch) });
    });
  }

  /** Resolves once the object is stored here; false where there is none anywhere, or the rule stores nothing. */
  async ensure(key: Key, signal?: AbortSignal): Promise<boolean> {
    const since = this.#fetches.keys.moment;
    if ((await this.local.stat(key, signal)) !== undefined) return true;
    const rule = this.#fetches.ruleFor(key, 404);
    if (rule === undefined || !rule.spec.store || (await this.#fetches.isBuried(rule, key))) return false;
    try {
      const fetch = this.#fetches.begin(rule, key, INSIDE, since);
      await abortable(fetch.opened, signal);
      const ending = await abortable(fetch.ended, signal);
      if (ending.how === 'failed') throw ending.error;
      return true;
    } catch (thrown) {
      if (isFerryError(thrown, 'not-found')) return false;
      throw thrown;
    }
  }

  /** What an ETag that clients were told of stands for here. */
  etagHere(key: Key, etag: string | undefined): string | undefined {
    return this.#fetches.etagHere(key, etag);
  }

  /** Stops what is under way, and closes the bucket's store; origins belong to whoever opened them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetches.stop();
    await this.local[Symbol.asyncDispose]();
  }
}

/** The store under a mirror; any other as it is. */
function localOf(store: Store): Store {
  return store instanceof MirrorStore ? store.local : store;
}

/** What is copied from, where the store that copies by itself has it. */
async function localSource(from: CopySource, signal: AbortSignal | undefined): Promise<CopySource> {
  const { store, key, ifMatch } = from;
  if (!(store instanceof MirrorStore)) return from;
  await store.ensure(key, signal);
  return { store: store.local, key, ifMatch: store.etagHere(key, ifMatch) };
}
