import type { Capabilities } from '../../model/capabilities.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { MiB } from '../../model/units.ts';
import { collect, shortRead, wrongLength } from '../read-body.ts';
import type { ReadBody, ReadResult } from '../store.ts';
import type { Backoff } from './backoff.ts';
import { ReadCall } from './call.ts';
import type { Next } from './layer.ts';
import { ObservedBody } from './observed-body.ts';

/** What breaks a body off without making what came before it wrong. */
const BROKEN_OFF: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'short-read',
  'network',
  'timeout',
  'unavailable',
  'throttled',
  'dns',
  'proxy',
]);

/** A whole body up to this is read anew rather than on where it broke off, if asked for in one piece. */
const ONE_PIECE = MiB;

/**
 * A body that reads on by range where it broke off, of the same version: by `ifMatch` where the store can, and in any
 * case by comparing ETags, or sizes and times where there are none. Another version, or one that cannot be told, throws
 * `changed`. Attempts are
 * counted from the last byte that came. It also counts bytes: a body that ends early did break off.
 */
export class ResumingBody extends ObservedBody {
  readonly #call: ReadCall;
  readonly #signal: AbortSignal | undefined;
  readonly #meta: ObjectMeta;
  readonly #size: number | undefined;
  readonly #can: Capabilities;
  readonly #backoff: Backoff;
  readonly #next: Next;
  #received = 0;
  #failures = 0;
  /** Bytes to pass over, where the store cannot begin in the middle. */
  #skip = 0;
  #cancelled = false;

  constructor(
    result: ReadResult,
    call: ReadCall,
    signal: AbortSignal | undefined,
    can: Capabilities,
    backoff: Backoff,
    next: Next,
  ) {
    super(result.body);
    this.#call = call;
    this.#signal = signal;
    this.#meta = result.meta;
    this.#size = result.body.size;
    this.#can = can;
    this.#backoff = backoff;
    this.#next = next;
  }

  override get size(): number | undefined {
    return this.#size;
  }

  override cancel(): void {
    this.#cancelled = true;
    super.cancel();
  }

  protected override async pull(): Promise<Uint8Array | undefined> {
    for (;;) {
      try {
        const chunk = await super.pull();
        if (chunk === undefined) {
          this.#checkEnd();
          return undefined;
        }
        const wanted = this.#unskipped(chunk);
        if (wanted.byteLength === 0) continue;
        this.#received += wanted.byteLength;
        if (this.#size !== undefined && this.#received > this.#size) throw wrongLength(this.#size);
        this.#failures = 0;
        return wanted;
      } catch (error) {
        await this.#resume(toFerryError(error), BROKEN_OFF);
      }
    }
  }

  protected override async pullAll(limit: number): Promise<Uint8Array> {
    const size = this.#size;
    if (size === undefined || size > ONE_PIECE || size > limit) return collect(this.#rest(), size, limit);
    for (;;) {
      try {
        const bytes = await super.pullAll(limit);
        if (bytes.byteLength === size) return bytes;
        throw bytes.byteLength < size ? shortRead(bytes.byteLength, size) : wrongLength(size);
      } catch (error) {
        // Nobody has seen a byte yet, so even wrong ones can be had again.
        await this.#resume(toFerryError(error), undefined);
      }
    }
  }

  async *#rest(): AsyncGenerator<Uint8Array> {
    for (let chunk = await this.pull(); chunk !== undefined; chunk = await this.pull()) yield chunk;
  }

  #checkEnd(): void {
    if (this.#size !== undefined && this.#received < this.#size) throw shortRead(this.#received, this.#size);
  }

  /** Opens the rest of the object in place of the body that failed, or throws. */
  async #resume(failure: FerryError, codes: ReadonlySet<ErrorCode> | undefined): Promise<void> {
    let error = failure;
    this.inner.cancel();
    const done = this.#size !== undefined && this.#received >= this.#size && this.#size > 0;
    if (this.#cancelled || done || (codes && !codes.has(error.code))) throw error;
    for (;;) {
      await this.#backoff.next(this.#call, error, ++this.#failures, this.#signal);
      try {
        this.inner = await this.#open();
        this.chunks = undefined;
        return;
      } catch (thrown) {
        error = toFerryError(thrown);
      }
    }
  }

  async #open(): Promise<ReadBody> {
    const { key, options } = this.#call;
    const { offset = 0, length, headers } = options ?? {};
    const ranged = this.#can.readRange;
    const from = ranged ? offset + this.#received : offset;
    const left = this.#size === undefined ? undefined : this.#size - (ranged ? this.#received : 0);
    this.#skip = ranged ? 0 : this.#received;
    const whole = from === 0 && length === undefined;
    const result = await this.#next(
      new ReadCall(
        key!,
        { offset: from, length: whole ? undefined : left, ifMatch: this.#condition(), headers },
        this.#signal,
      ),
    );
    if (!isSame(result.meta, this.#meta)) {
      result.body.cancel();
      throw new FerryError('changed', { key });
    }
    return result.body;
  }

  #condition(): string | undefined {
    return this.#call.options?.ifMatch ?? (this.#can.readIfMatch ? this.#meta.etag : undefined);
  }

  #unskipped(chunk: Uint8Array): Uint8Array {
    if (this.#skip === 0) return chunk;
    const passed = Math.min(this.#skip, chunk.byteLength);
    this.#skip -= passed;
    return chunk.subarray(passed);
  }
}

/** Where neither ETag nor time tells the version, the rest may be of another: nothing is put together. */
function isSame(now: ObjectMeta, before: ObjectMeta): boolean {
  if (now.etag !== undefined && before.etag !== undefined) return now.etag === before.etag;
  return now.modified !== undefined && now.size === before.size && now.modified === before.modified;
}
