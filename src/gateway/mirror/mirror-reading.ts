/** How objects of a mirrored bucket are looked at and read: here where they are stored, else from the one fetch of each. */
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { abortable } from '../../store/abort.ts';
import type { ReadOptions, ReadResult, Store } from '../../store/store.ts';
import { CONDITIONS, expectStored, INSIDE, missStatus, type Asking } from './asking.ts';
import type { Fetch } from './fetch.ts';
import { MOST_FETCHES, type Fetches } from './fetches.ts';
import { unavailable } from './origin.ts';
import { lookAtOrigin, readFromOrigin, redirection } from './passing.ts';
import type { Rule } from './rule.ts';

export class MirrorReading {
  readonly #fetches: Fetches;
  readonly #local: Store;

  constructor(fetches: Fetches) {
    this.#fetches = fetches;
    this.#local = fetches.options.local;
  }

  /** What the object is, here or at its origin. `once` is true for the first look of a request. */
  async stat(
    key: Key,
    asking: Asking,
    once: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<ObjectMeta | undefined> {
    const wish = asking.headers?.get('x-ferry-mirror');
    const since = this.#fetches.keys.moment;
    let failure: FerryError | undefined;
    try {
      const there = await this.#local.stat(key, signal);
      if (there !== undefined) return this.#fetches.hit(key, once, this.#named(key, asking, there));
      if (wish === 'look') return undefined;
    } catch (thrown) {
      failure = toFerryError(thrown);
    }
    const rule = this.#fetches.ruleFor(key, missStatus(failure));
    if (rule === undefined) {
      if (failure !== undefined) throw failure;
      return undefined;
    }
    if (once()) rule.tally.add('misses');
    asking.served?.('origin');
    if (failure === undefined && (await this.#fetches.isBuried(rule, key))) return undefined;
    const peer = this.#fetches.peerOf(key);
    if (peer !== undefined) return await peer.stat(key, signal);
    try {
      const fetches = rule.spec.store && failure === undefined;
      const joins = this.#fetches.keys.fetches.has(key) || rule.spec.head === 'fetch' || asking.method === 'GET';
      if (!fetches || (!joins && wish !== 'wait')) return await lookAtOrigin(rule, key, asking.headers, signal);
      if (rule.spec.mode === 'redirect' && wish !== 'wait') {
        this.#fetches.begin(rule, key, asking, since);
        return await lookAtOrigin(rule, key, asking.headers, signal);
      }
      const fetch = this.#fetches.begin(rule, key, asking, since);
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

  /** Its bytes, from here or as they come. */
  async read(
    key: Key,
    options: ReadOptions,
    asking: Asking,
    once: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<ReadResult> {
    const since = this.#fetches.keys.moment;
    let failure: FerryError;
    try {
      const { meta, body } = await this.#readHere(key, options, signal);
      return this.#fetches.hit(key, once, { meta: this.#named(key, asking, meta), body });
    } catch (thrown) {
      failure = toFerryError(thrown);
    }
    const status = missStatus(failure);
    const rule = this.#fetches.ruleFor(key, status);
    if (rule === undefined) throw failure;
    if (once()) rule.tally.add('misses');
    asking.served?.('origin');
    if (status === 404 && (await this.#fetches.isBuried(rule, key))) throw failure;
    const peer = this.#fetches.peerOf(key);
    if (peer !== undefined) return await peer.read(key, options, signal);
    if (!rule.spec.store || status !== 404) return await this.#pass(rule, key, options, asking, failure, signal);
    if (rule.spec.mode === 'redirect' && asking !== INSIDE) {
      if (rule.absences.get(key) === undefined) this.#fetches.begin(rule, key, asking, since);
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
    if (options.ifMatch === undefined) return await this.#local.read(key, options, signal);
    const ifMatch = this.#fetches.etagHere(key, options.ifMatch);
    try {
      return await this.#local.read(key, { ...options, ifMatch }, signal);
    } catch (thrown) {
      // Looked at while it came, and stored this moment: the same object by its other name.
      const under = this.#fetches.keys.fetches.get(key);
      if (!isFerryError(thrown, 'changed') || under?.meta?.etag !== options.ifMatch) throw thrown;
      await under?.ended;
      return await this.#local.read(key, { ...options, ifMatch: this.#fetches.etagHere(key, options.ifMatch) }, signal);
    }
  }

  /** Who goes on with what was begun while the object came asks for the ETag that was told then, and is told it again. */
  #named(key: Key, { headers }: Asking, meta: ObjectMeta): ObjectMeta {
    const origin = this.#fetches.landed.originOf(key, meta.etag);
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
    const under = this.#fetches.keys.fetches.get(key);
    const near = offset === 0 || under?.reaches(offset) === true;
    const direct = rule.origins.every(({ busy, store }) => !busy && store.capabilities.readRange);
    if (!near && direct) {
      const own = readFromOrigin(rule, key, options, asking.headers, signal);
      // First come, first served at the origin: what the client waits for, then the whole.
      if (this.#fetches.keys.fetches.size < MOST_FETCHES) this.#fetches.begin(rule, key, asking, since);
      return await own;
    }
    const fetch = this.#fetches.begin(rule, key, asking, since);
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
}
