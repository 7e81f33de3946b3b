/**
 * A bucket whose missing objects come from elsewhere. A Store round the bucket's own store (decision 0010): what is
 * there is read from there; what is not is fetched once, given to everybody who asks, and stored.
 *
 * Listings show what is stored. Writes and deletes are the clients' alone, and win over every fetch under way
 * (`Keys`). Whatever needs the present object (a copy, a condition of a write, tags) has it fetched and stored first.
 */
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import type { MissStatus } from '../../model/gateway.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { MirrorBook } from '../../state/mirror-book.ts';
import { abortable } from '../../store/abort.ts';
import type { CopySource, ListPage, ListRequest, Multipart, ReadOptions, ReadResult, Store, StoreInfo, WriteOptions, WriteResult } from '../../store/store.ts'; // prettier-ignore
import { AnswerAs } from '../answer-as.ts';
import type { Reading } from '../buckets.ts';
import { CONDITIONS, expectStored, INSIDE, missStatus, type Asking } from './asking.ts';
import { Fetch } from './fetch.ts';
import { Keys } from './keys.ts';
import { MirrorMultipart, type UploadHost } from './mirror-multipart.ts';
import { Landed } from './landed.ts';
import { unavailable } from './origin.ts';
import { lookAtOrigin, readFromOrigin, redirection } from './passing.ts';
import { ALONE, type Placement } from './placement.ts';
import type { Rule } from './rule.ts';
import type { SpoolSpace } from './spool-space.ts';

/** Fetches under way in one bucket, with those that wait for their turn. */
const MOST_FETCHES = 4096;
export interface MirrorOptions {
  readonly bucket: string;
  readonly local: Store;
  readonly rules: readonly Rule[];
  readonly book: MirrorBook;
  readonly space: SpoolSpace;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly placement?: Placement | undefined;
  /** Told of fetches that failed for reasons clients do not see. */
  readonly onFailure?: ((key: string, rule: string, error: FerryError) => void) | undefined;
}

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
  readonly #options: MirrorOptions;
  readonly #keys = new Keys();
  readonly #landed = new Landed();
  #closed = false;

  constructor(options: MirrorOptions) {
    const { local } = options;
    this.#options = options;
    this.local = local;
    const change: UploadHost['change'] = (key, conditions, work) => this.#change(key, conditions, work);
    if (local.multipart) this.multipart = new MirrorMultipart(local.multipart, { change, source: localSource });
    if (local.removeMany)
      this.removeMany = (keys, signal) =>
        this.#keys.change(keys, async () => {
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
      stat: (key, signal) => this.#stat(key, asking, once, signal),
      read: (key, options, signal) => this.#read(key, options ?? {}, asking, once, signal),
    };
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.local.list(request, signal);
  }

  /** For who needs the object here: it is fetched and stored first. */
  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    const there = await this.local.stat(key, signal);
    if (there !== undefined) return there;
    const rule = this.#ruleFor(key, 404);
    if (rule === undefined) return undefined;
    if (!rule.spec.store) return await this.#stat(key, INSIDE, () => true, signal);
    return (await this.ensure(key, signal)) ? await this.local.stat(key, signal) : undefined;
  }

  read(key: Key, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    return this.#read(key, options, INSIDE, () => true, signal);
  }

  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return this.#change(key, options, (now) => this.local.write(key, body, now, signal));
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    await this.#keys.change([key], async () => {
      await this.#bury([key]);
      await this.local.remove(key, signal);
    });
  }

  /** Before they are removed: once they are gone here, nothing else keeps the origin's from shining through. */
  async #bury(keys: readonly Key[]): Promise<void> {
    const { book, bucket } = this.#options;
    for (const key of keys) if (this.#ruleFor(key, 404)?.spec.deletes === 'remember') await book.bury(bucket, key);
  }

  /** A client's change of a key; one under a condition has the present object here first, and goes by its ETag here. */
  async #change<C extends Pick<WriteOptions, 'ifAbsent' | 'ifMatch'>, T>(
    key: Key,
    conditions: C | undefined,
    work: (conditions: C | undefined) => Promise<T>,
  ): Promise<T> {
    if (conditions?.ifAbsent === true || conditions?.ifMatch !== undefined) await this.ensure(key);
    return await this.#keys.change([key], async () => {
      if (conditions?.ifMatch === undefined) return await work(conditions);
      return await work({ ...conditions, ifMatch: this.etagHere(key, conditions.ifMatch) });
    });
  }

  /** Resolves once the object is stored here; false where there is none anywhere, or the rule stores nothing. */
  async ensure(key: Key, signal?: AbortSignal): Promise<boolean> {
    const since = this.#keys.moment;
    if ((await this.local.stat(key, signal)) !== undefined) return true;
    const rule = this.#ruleFor(key, 404);
    if (rule === undefined || !rule.spec.store || (await this.#isBuried(rule, key))) return false;
    try {
      const fetch = this.#fetch(rule, key, INSIDE, since);
      await abortable(fetch.opened, signal);
      const ending = await abortable(fetch.ended, signal);
      if (ending.how === 'failed') throw ending.error;
      return true;
    } catch (thrown) {
      if (isFerryError(thrown, 'not-found')) return false;
      throw thrown;
    }
  }

  /** What an ETag that clients were told of stands for here: that of the origin for that of the copy. */
  etagHere(key: Key, etag: string | undefined): string | undefined {
    return this.#landed.copyOf(key, etag) ?? etag;
  }

  /** Stops what is under way, and closes the bucket's store; origins belong to whoever opened them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const fetches = [...this.#keys.fetches.values()];
    for (const fetch of fetches) fetch.stop();
    await Promise.all(fetches.map((fetch) => fetch.ended));
    await this.local[Symbol.asyncDispose]();
  }

  // Looking at an object.

  async #stat(
    key: Key,
    asking: Asking,
    once: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<ObjectMeta | undefined> {
    const wish = asking.headers?.get('x-ferry-mirror');
    const since = this.#keys.moment;
    let failure: FerryError | undefined;
    try {
      const there = await this.local.stat(key, signal);
      if (there !== undefined) return this.#hit(key, once, this.#named(key, asking, there));
      if (wish === 'look') return undefined;
    } catch (thrown) {
      failure = toFerryError(thrown);
    }
    const rule = this.#ruleFor(key, missStatus(failure));
    if (rule === undefined) {
      if (failure !== undefined) throw failure;
      return undefined;
    }
    if (once()) rule.tally.add('misses');
    if (failure === undefined && (await this.#isBuried(rule, key))) return undefined;
    const peer = this.#peerOf(key);
    if (peer !== undefined) return await peer.stat(key, signal);
    try {
      const fetches = rule.spec.store && failure === undefined;
      const joins = this.#keys.fetches.has(key) || rule.spec.head === 'fetch' || asking.method === 'GET';
      if (!fetches || (!joins && wish !== 'wait')) return await lookAtOrigin(rule, key, asking.headers, signal);
      if (rule.spec.mode === 'redirect' && wish !== 'wait') {
        this.#fetch(rule, key, asking, since);
        return await lookAtOrigin(rule, key, asking.headers, signal);
      }
      const fetch = this.#fetch(rule, key, asking, since);
      const meta = await abortable(fetch.opened, signal);
      if (wish === 'wait') await expectStored(fetch);
      return meta;
    } catch (thrown) {
      if (!isFerryError(thrown, 'not-found')) throw thrown;
      // That the origin has nothing does not say that the store has not.
      if (failure !== undefined) throw failure;
      return undefined;
    }
  }

  // Reading an object.

  async #read(
    key: Key,
    options: ReadOptions,
    asking: Asking,
    once: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    const since = this.#keys.moment;
    let failure: FerryError;
    try {
      const { meta, body } = await this.#readHere(key, options, signal);
      return this.#hit(key, once, { meta: this.#named(key, asking, meta), body });
    } catch (thrown) {
      failure = toFerryError(thrown);
    }
    const status = missStatus(failure);
    const rule = this.#ruleFor(key, status);
    if (rule === undefined) throw failure;
    if (once()) rule.tally.add('misses');
    if (status === 404 && (await this.#isBuried(rule, key))) throw failure;
    const peer = this.#peerOf(key);
    if (peer !== undefined) return await peer.read(key, options, signal);
    if (!rule.spec.store || status !== 404) return await this.#pass(rule, key, options, asking, failure, signal);
    if (rule.spec.mode === 'redirect' && asking !== INSIDE) {
      if (rule.absences.get(key) === undefined) this.#fetch(rule, key, asking, since);
      throw rule.absences.get(key) === 'not-found' ? failure : await redirection(rule, key);
    }
    return await this.#share(rule, key, options, asking, since, signal);
  }

  /** Past the store: what it hides or cannot tell now may be there, so it is not overwritten, nor said to be nowhere. */
  async #pass(
    rule: Rule,
    key: Key,
    options: ReadOptions,
    asking: Asking,
    failure: FerryError,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    try {
      return await readFromOrigin(rule, key, options, asking.headers, signal);
    } catch (thrown) {
      throw isFerryError(thrown, 'not-found') ? failure : thrown;
    }
  }

  async #readHere(key: Key, options: ReadOptions, signal: AbortSignal | undefined): Promise<ReadResult> {
    if (options.ifMatch === undefined) return await this.local.read(key, options, signal);
    const ifMatch = this.etagHere(key, options.ifMatch);
    try {
      return await this.local.read(key, { ...options, ifMatch }, signal);
    } catch (thrown) {
      // Looked at while it came, and stored this moment: the same object by its other name.
      const under = this.#keys.fetches.get(key);
      if (!isFerryError(thrown, 'changed') || under?.meta?.etag !== options.ifMatch) throw thrown;
      await under?.ended;
      return await this.local.read(key, { ...options, ifMatch: this.etagHere(key, options.ifMatch) }, signal);
    }
  }

  /** Who goes on with what was begun while the object came asks for the ETag that was told then, and is told it again. */
  #named(key: Key, { headers }: Asking, meta: ObjectMeta): ObjectMeta {
    const origin = this.#landed.originOf(key, meta.etag);
    if (origin === undefined || headers === undefined) return meta;
    const asked = CONDITIONS.some((name) => headers.get(name)?.includes(`"${origin}"`) === true);
    return asked ? { ...meta, etag: origin } : meta;
  }

  /** From the one fetch of the object; a range that has not come yet by a request of its own, at once. */
  async #share(
    rule: Rule,
    key: Key,
    options: ReadOptions,
    asking: Asking,
    since: number,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    const { offset = 0, length, ifMatch } = options;
    const under = this.#keys.fetches.get(key);
    const near = offset === 0 || under?.reaches(offset) === true;
    const direct = rule.origins.every(({ busy, store }) => !busy && store.capabilities.readRange);
    if (!near && direct) {
      const own = readFromOrigin(rule, key, options, asking.headers, signal);
      // First come, first served at the origin: what the client waits for, then the whole.
      if (this.#keys.fetches.size < MOST_FETCHES) this.#fetch(rule, key, asking, since);
      return await own;
    }
    const fetch = this.#fetch(rule, key, asking, since);
    const meta = await abortable(fetch.opened, signal);
    if (ifMatch !== undefined && meta.etag !== ifMatch) throw new FerryError('changed', { key, operation: 'read' });
    // Where a range ends nobody knows before the whole has come.
    if (meta.size < 0 && (offset > 0 || length !== undefined))
      return await this.#readWhenStored(fetch, options, signal);
    const to = length === undefined ? undefined : Math.min(offset + length, meta.size);
    if (meta.size >= 0 && (offset > meta.size || (offset === meta.size && offset > 0)))
      throw new FerryError('wrong-length', { key, retryable: 'never', message: `the object has ${meta.size} bytes` });
    const body = fetch.body(offset, to, signal);
    if (body !== undefined) return { meta, body };
    // It ended this moment, or its beginning is gone.
    if (fetch.over && (await fetch.ended).how !== 'failed') return await this.#readHere(key, options, signal);
    return await readFromOrigin(rule, key, options, asking.headers, signal);
  }

  async #readWhenStored(fetch: Fetch, options: ReadOptions, signal: AbortSignal | undefined): Promise<ReadResult> {
    const ending = await abortable(fetch.ended, signal);
    if (ending.how === 'failed') throw unavailable(fetch.rule, fetch.key, ending.error);
    return await this.#readHere(fetch.key, options, signal);
  }

  // Fetching.

  #fetch(rule: Rule, key: Key, asking: Asking, since: number): Fetch {
    const under = this.#keys.fetches.get(key);
    if (under !== undefined) return under;
    const { bucket, book, space } = this.#options;
    if (this.#closed) throw new FerryError('interrupted', { message: 'The gateway stops' });
    if (this.#keys.fetches.size >= MOST_FETCHES)
      throw new AnswerAs('SlowDown', 'throttled', { key, message: `${MOST_FETCHES} objects are being fetched` });
    const fetch = new Fetch({
      rule,
      key,
      since,
      headers: rule.originHeaders(asking.headers),
      storing: { bucket, book, local: this.local },
      space,
      now: () => performance.now(),
      commit: (each, work) =>
        this.#keys.commit(each, async () => {
          // Deleted for good between the look at the bucket and the beginning of this fetch.
          if (await this.#isBuried(rule, key)) throw new FerryError('already-exists', { key });
          return await work();
        }),
      rest: (each, from, to, signal) => this.#rest(each, from, to, signal),
    });
    this.#keys.begin(fetch);
    void this.#watch(fetch);
    return fetch;
  }

  async #watch(fetch: Fetch): Promise<void> {
    const ending = await fetch.ended;
    const { key, meta, rule } = fetch;
    if (ending.how === 'stored') this.#landed.remember(key, meta?.etag, ending.written.etag);
    if (ending.how === 'failed' && meta !== undefined) this.#options.onFailure?.(key, rule.spec.name, ending.error);
  }

  /** For a reader who fell so far behind that its bytes are gone: from the copy, or from the origin, of this version. */
  async #rest(
    fetch: Fetch,
    from: number,
    to: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<Uint8Array>> {
    const { key, rule } = fetch;
    const { etag, size } = fetch.meta!;
    const end = to ?? (size < 0 ? undefined : size);
    if (end === from) return NOTHING;
    const range = { offset: from, length: end === undefined ? undefined : end - from };
    const copy = this.#landed.copyOf(key, etag);
    if (copy !== undefined && this.capabilities.readIfMatch)
      return (await this.local.read(key, { ...range, ifMatch: copy }, signal)).body;
    if (etag === undefined)
      throw new FerryError('interrupted', {
        key,
        message: 'The client reads too slowly for an object without an ETag',
      });
    return (await readFromOrigin(rule, key, { ...range, ifMatch: etag }, undefined, signal)).body;
  }

  // Rules.

  #ruleFor(key: Key, status: MissStatus | undefined): Rule | undefined {
    return status === undefined ? undefined : this.#options.rules.find((rule) => rule.matches(key, status));
  }

  #hit<T>(key: Key, once: () => boolean, found: T): T {
    if (once()) this.#options.rules.find((rule) => rule.isFor(key))?.tally.add('hits');
    return found;
  }

  async #isBuried(rule: Rule, key: Key): Promise<boolean> {
    return rule.spec.deletes === 'remember' && (await this.#options.book.isBuried(this.#options.bucket, key));
  }

  #peerOf(key: Key): ReturnType<Placement['peerOf']> {
    return (this.#options.placement ?? ALONE).peerOf(this.#options.bucket, key);
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

const NOTHING: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};
