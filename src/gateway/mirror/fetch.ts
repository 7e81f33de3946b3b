/**
 * One object on its way from an origin: fetched once, however many clients want it, and stored whatever becomes of
 * them. Clients read what has come at their own pace.
 */
import { createHash, type Hash } from 'node:crypto';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { knownMd5 } from '../../engine/compare.ts';
import { collect } from '../../store/read-body.ts';
import type { ReadBody, ReadResult, WriteResult } from '../../store/store.ts';
import { askInTurn, refuseTooLarge, type Origin } from './origin.ts';
import type { Rule } from './rule.ts';
import { Overrun, Spool } from './spool.ts';
import type { SpoolSpace } from './spool-space.ts';
import { floorFor, storeIncoming, type StoringContext } from './storing.ts';

/** How a fetch ended as far as the store is concerned. */
export type Ending =
  | { readonly how: 'stored'; readonly written: WriteResult }
  /** A client's object is there. */
  | { readonly how: 'given-way' }
  | { readonly how: 'failed'; readonly error: FerryError };

export interface FetchOptions {
  readonly rule: Rule;
  readonly key: string;
  /** The moment (`Keys.moment`) before the object was seen to be missing. */
  readonly since: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly storing: StoringContext;
  readonly space: SpoolSpace;
  /** Milliseconds, for measuring speed. */
  readonly now: () => number;
  /** Runs what makes the object visible, unless a client has changed the key since. */
  commit<T>(fetch: Fetch, work: () => Promise<T>): Promise<T>;
  /** The rest of a body whose reader fell behind. */
  rest(fetch: Fetch, from: number, to: number | undefined, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export class Fetch {
  /** What clients are told of the object. Rejects where the origin does not give it. */
  readonly opened: Promise<ObjectMeta>;
  /** Never rejects. */
  readonly ended: Promise<Ending>;
  /** A client changed the key: nothing may be stored, and nobody new joins. */
  superseded = false;
  readonly #options: FetchOptions;
  readonly #stop = new AbortController();
  #spool: Spool | undefined;
  #meta: ObjectMeta | undefined;
  #unstored = false;

  constructor(options: FetchOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<ObjectMeta>();
    this.opened = promise;
    // Somebody may have asked only for the storing.
    promise.catch(() => undefined);
    this.ended = this.#run(resolve, reject);
  }

  get key(): string {
    return this.#options.key;
  }

  get since(): number {
    return this.#options.since;
  }

  get rule(): Rule {
    return this.#options.rule;
  }

  get meta(): ObjectMeta | undefined {
    return this.#meta;
  }

  /** Nothing is kept any more, and `ended` resolves at once. */
  get over(): boolean {
    return this.#meta !== undefined && this.#spool === undefined;
  }

  /** Whether the byte at `offset` is here, or the next to come. */
  reaches(offset: number): boolean {
    return this.#spool?.has(offset) === true;
  }

  /** Cuts everything: the gateway stops. */
  stop(): void {
    this.#stop.abort(new FerryError('interrupted', { message: 'The gateway stops' }));
  }

  /**
   * Bytes from `from` to `to`, to the end where absent; `opened` has resolved. Undefined where the beginning is gone,
   * or nothing is kept any more.
   */
  body(from: number, to: number | undefined, signal?: AbortSignal): ReadBody | undefined {
    const spool = this.#spool;
    if (spool === undefined || (from < spool.length && !spool.has(from))) return undefined;
    const { size } = this.#meta!;
    const whole = from === 0 && (to === undefined || to === size);
    const length = to !== undefined ? to - from : size < 0 ? undefined : size - from;
    // Only the end of all says that all was well.
    const until = whole || size < 0 ? to : (to ?? size);
    const reader = spool.reader(from, whole ? undefined : until, signal);
    const rest = (at: number): Promise<AsyncIterable<Uint8Array>> => this.#options.rest(this, at, to, signal);
    return new TailBody(reader, from, length, rest);
  }

  async #run(opened: (meta: ObjectMeta) => void, refused: (error: unknown) => void): Promise<Ending> {
    const { rule, key, headers, space, storing } = this.#options;
    const { signal } = this.#stop;
    let result: ReadResult | undefined;
    let spool: Spool | undefined;
    try {
      const { origin, answer } = await askInTurn(rule, key, (each, originKey) =>
        each.store.read(originKey, each.store.capabilities.readHeaders === true ? { headers } : {}, signal),
      );
      result = answer;
      const meta = rule.kept(answer.meta);
      const size = meta.size < 0 ? undefined : meta.size;
      refuseTooLarge(rule, size ?? 0);
      const floor = Math.min(floorFor(storing.local, size), space.limit);
      spool = await Spool.open(space, size, floor, signal);
      this.#spool = spool;
      this.#meta = meta;
      opened(meta);
      const md5 = knownMd5(origin.store.capabilities, answer.meta);
      const pumped = this.#pump(spool, answer, origin, md5);
      const ending = await this.#store(spool, meta, md5);
      await pumped;
      return ending;
    } catch (thrown) {
      result?.body.cancel();
      refused(thrown);
      return { how: 'failed', error: toFerryError(thrown) };
    } finally {
      this.#spool = undefined;
      spool?.release();
    }
  }

  /** From the origin into the spool. Never rejects: the spool has the error. */
  async #pump(spool: Spool, { body }: ReadResult, origin: Origin, md5: string | undefined): Promise<void> {
    const { rule } = this.#options;
    const { signal } = this.#stop;
    const speed = new Speed(rule.spec.limits, this.#options.now);
    const hash: Hash | undefined = md5 === undefined ? undefined : createHash('md5');
    try {
      const chunks = body[Symbol.asyncIterator]();
      for (;;) {
        speed.waits();
        const step = await chunks.next();
        if (step.done === true) break;
        speed.got(step.value.byteLength, origin.heldBack);
        rule.tally.add('bytes', step.value.byteLength);
        refuseTooLarge(rule, spool.length + step.value.byteLength);
        hash?.update(step.value);
        await spool.append(step.value, signal);
        if (this.#unstored && spool.readers === 0) throw nobodyWants();
      }
      if (hash !== undefined && hash.digest('hex') !== md5)
        throw new FerryError('wrong-checksum', { message: 'The bytes do not match the MD5 the origin told' });
      origin.ended(undefined);
      spool.end();
    } catch (thrown) {
      body.cancel();
      const error = toFerryError(thrown);
      origin.ended(error);
      spool.fail(error);
    }
  }

  async #store(spool: Spool, meta: ObjectMeta, md5: string | undefined): Promise<Ending> {
    const { key, storing, rule } = this.#options;
    try {
      const commit = <T>(work: () => Promise<T>): Promise<T> => this.#options.commit(this, work);
      const superseded = (): boolean => this.superseded;
      const incoming = { key, meta, md5, spool, commit, superseded, signal: this.#stop.signal };
      const written = await storeIncoming(storing, incoming);
      rule.tally.add('stored');
      return { how: 'stored', written };
    } catch (thrown) {
      // Clients still get what comes.
      this.#unstored = true;
      spool.paceByReaders();
      const error = toFerryError(thrown);
      if (error.code === 'already-exists' || this.superseded) return { how: 'given-way' };
      rule.tally.add('failures');
      return { how: 'failed', error };
    }
  }
}

/** A body read from a spool, and from elsewhere where its reader fell behind. */
class TailBody implements ReadBody {
  readonly size: number | undefined;
  readonly #reader: AsyncIterableIterator<Uint8Array>;
  readonly #rest: (at: number) => Promise<AsyncIterable<Uint8Array>>;
  readonly #from: number;

  constructor(
    reader: AsyncIterableIterator<Uint8Array>,
    from: number,
    size: number | undefined,
    rest: (at: number) => Promise<AsyncIterable<Uint8Array>>,
  ) {
    this.#reader = reader;
    this.#from = from;
    this.size = size;
    this.#rest = rest;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    let chunks: AsyncIterator<Uint8Array> = this.#reader;
    let at = this.#from;
    const pull = async (): Promise<IteratorResult<Uint8Array>> => {
      try {
        return await chunks.next();
      } catch (thrown) {
        if (!(thrown instanceof Overrun)) throw thrown;
      }
      chunks = (await this.#rest(at))[Symbol.asyncIterator]();
      return await chunks.next();
    };
    return {
      async next() {
        const step = await pull();
        if (step.done !== true) at += step.value.byteLength;
        return step;
      },
      async return() {
        await chunks.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  bytes(limit: number): Promise<Uint8Array> {
    return collect(this, this.size, limit);
  }

  cancel(): void {
    void this.#reader.return?.();
  }
}

/** Fewer bytes than agreed, in time spent waiting for them, are no progress. */
class Speed {
  readonly #least: number;
  readonly #window: number;
  readonly #now: () => number;
  #since = 0;
  #waited = 0;
  #bytes = 0;

  constructor({ minSpeed, timeout }: { readonly minSpeed: number; readonly timeout: number }, now: () => number) {
    this.#least = minSpeed;
    this.#window = timeout;
    this.#now = now;
  }

  waits(): void {
    this.#since = this.#now();
  }

  got(bytes: number, heldBack: boolean): void {
    this.#waited += this.#now() - this.#since;
    this.#bytes += bytes;
    if (this.#waited < this.#window) return;
    const slow = this.#bytes * 1000 < this.#least * this.#waited;
    if (slow && !heldBack)
      throw new FerryError('timeout', {
        message: `The origin sent ${this.#bytes} bytes in ${Math.round(this.#waited / 1000)} s`,
      });
    this.#waited = 0;
    this.#bytes = 0;
  }
}

function nobodyWants(): FerryError {
  return new FerryError('interrupted', { message: 'It cannot be stored, and no client reads it any more' });
}
