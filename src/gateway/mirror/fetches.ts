/** What the fetches of one mirrored bucket have in common: which rule has a key, which fetch is under way, what landed. */
import { FerryError } from '../../model/errors.ts';
import type { MissStatus } from '../../model/gateway.ts';
import type { Key } from '../../model/key.ts';
import type { MirrorBook } from '../../state/mirror-book.ts';
import type { Store } from '../../store/store.ts';
import { AnswerAs } from '../answer-as.ts';
import type { Asking } from './asking.ts';
import { Fetch } from './fetch.ts';
import { Keys } from './keys.ts';
import { Landed } from './landed.ts';
import { readFromOrigin } from './passing.ts';
import { ALONE, type Placement } from './placement.ts';
import type { Rule } from './rule.ts';
import type { SpoolSpace } from './spool-space.ts';

/** Fetches under way in one bucket, with those that wait for their turn. */
export const MOST_FETCHES = 4096;

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

export class Fetches {
  readonly options: MirrorOptions;
  readonly keys = new Keys();
  readonly landed = new Landed();
  #closed = false;

  constructor(options: MirrorOptions) {
    this.options = options;
  }

  /** Which rule has the key, where the bucket's own store answered so. */
  ruleFor(key: Key, status: MissStatus | undefined): Rule | undefined {
    return status === undefined ? undefined : this.options.rules.find((rule) => rule.matches(key, status));
  }

  /** Counts a hit, once for each request. */
  hit<T>(key: Key, once: () => boolean, found: T): T {
    if (once()) this.options.rules.find((rule) => rule.isFor(key))?.tally.add('hits');
    return found;
  }

  /** Whether a client deleted it for good. */
  async isBuried(rule: Rule, key: Key): Promise<boolean> {
    return rule.spec.deletes === 'remember' && (await this.options.book.isBuried(this.options.bucket, key));
  }

  peerOf(key: Key): ReturnType<Placement['peerOf']> {
    return (this.options.placement ?? ALONE).peerOf(this.options.bucket, key);
  }

  /** What an ETag that clients were told of stands for here: that of the origin for that of the copy. */
  etagHere(key: Key, etag: string | undefined): string | undefined {
    return this.landed.copyOf(key, etag) ?? etag;
  }

  /** What is under way ends, and nothing new begins. */
  async stop(): Promise<void> {
    this.#closed = true;
    const fetches = [...this.keys.fetches.values()];
    for (const fetch of fetches) fetch.stop();
    await Promise.all(fetches.map((fetch) => fetch.ended));
  }

  /** The one fetch of the object; a new one where none is under way. `since`: when the bucket was looked at (`Keys.moment`). */
  begin(rule: Rule, key: Key, asking: Asking, since: number): Fetch {
    const under = this.keys.fetches.get(key);
    if (under !== undefined) return under;
    const { bucket, book, space, local } = this.options;
    if (this.#closed) throw new FerryError('interrupted', { message: 'The gateway stops' });
    if (this.keys.fetches.size >= MOST_FETCHES)
      throw new AnswerAs('SlowDown', 'throttled', { key, message: `${MOST_FETCHES} objects are being fetched` });
    const fetch = new Fetch({
      rule,
      key,
      since,
      headers: rule.originHeaders(asking.headers),
      storing: { bucket, book, local },
      space,
      now: () => performance.now(),
      commit: (each, work) =>
        this.keys.commit(each, async () => {
          // Deleted for good between the look at the bucket and the beginning of this fetch.
          if (await this.isBuried(rule, key)) throw new FerryError('already-exists', { key });
          return await work();
        }),
      rest: (each, from, to, signal) => this.#rest(each, from, to, signal),
    });
    this.keys.begin(fetch);
    void this.#watch(fetch);
    return fetch;
  }

  async #watch(fetch: Fetch): Promise<void> {
    const ending = await fetch.ended;
    const { key, meta, rule } = fetch;
    if (ending.how === 'stored') this.landed.remember(key, meta?.etag, ending.written.etag);
    if (ending.how === 'failed' && meta !== undefined) this.options.onFailure?.(key, rule.spec.name, ending.error);
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
    const copy = this.landed.copyOf(key, etag);
    if (copy !== undefined && this.options.local.capabilities.readIfMatch)
      return (await this.options.local.read(key, { ...range, ifMatch: copy }, signal)).body;
    if (etag === undefined)
      throw new FerryError('interrupted', {
        key,
        message: 'The client reads too slowly for an object without an ETag',
      });
    return (await readFromOrigin(rule, key, { ...range, ifMatch: etag }, undefined, signal)).body;
  }
}

const NOTHING: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
};
