import { Budget } from '../../engine/move/budget.ts';
import { Hashing } from '../../engine/move/hashing.ts';
import type { MoveContext } from '../../engine/move/job.ts';
import { Mover } from '../../engine/move/mover.ts';
import { Gate } from '../../engine/pace/gate.ts';
import { VolatileUploads } from '../../engine/volatile-uploads.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { TaskSpec } from '../../model/task.ts';
import { MiB } from '../../model/units.ts';
import type { CarriedUpload, CarriedUploads } from '../../state/key-ledger.ts';
import type { UploadRecord } from '../../state/state-store.ts';
import type { ComposedStore } from '../../store/compose.ts';
import type { Carried, Carrier, CarryOptions } from './carrier.ts';
import { guardedComposed } from './guarded.ts';

/** Buffered whole, all objects together. */
const BUFFERS = 32 * MiB;
const PARTS_AT_ONCE = 8;

export interface MoverCarrierOptions {
  readonly old: ComposedStore;
  readonly new: ComposedStore;
  /** `copySpec` of the bucket. */
  readonly spec: TaskSpec;
  readonly now: () => number;
  readonly tmpdir: () => string;
}

/**
 * Carries single objects as the bulk engine does, of any size, with checksums end to end: for clients that cannot wait
 * for the copy, and for write-back.
 *
 * Uploads in parts it begins are recorded where the caller says: whoever takes over from a process that is killed aborts
 * them. One that dies between the store's answer and the record leaves its upload unfinished, out of sight.
 */
export class MoverCarrier implements Carrier, Disposable {
  readonly createOnly: boolean;
  readonly #o: MoverCarrierOptions;
  readonly #budget = new Budget(BUFFERS);
  readonly #hashing = new Hashing();
  readonly #closed = new AbortController();
  readonly #gate = new Gate(PARTS_AT_ONCE, this.#closed.signal);

  constructor(options: MoverCarrierOptions) {
    this.#o = options;
    this.createOnly = createsOnly(options.new, options.old);
  }

  async carry(
    key: Key,
    to: 'old' | 'new',
    how: 'create' | 'replace',
    { ifMatch, sure, inDoubt, uploads: recorded, signal }: CarryOptions,
  ): Promise<Carried> {
    const [source, inner] = to === 'new' ? [this.#o.old, this.#o.new] : [this.#o.new, this.#o.old];
    const destination = guardedComposed(inner, { sure, inDoubt });
    const meta = await source.stat(key, signal);
    if (meta === undefined) return { outcome: 'nothing' };
    if (ifMatch !== undefined && meta.etag !== undefined && meta.etag !== ifMatch)
      throw new FerryError('changed', { key, store: source.info.name });
    const entry = { key, size: meta.size, etag: meta.etag, modified: meta.modified };
    const uploads = new RecordedUploads(to, recorded);
    const stop = this.#closed.signal;
    const context: MoveContext = {
      spec: { ...this.#o.spec, createOnly: how === 'create' },
      source,
      destination,
      uploads,
      gate: this.#gate,
      signal: signal === undefined ? stop : AbortSignal.any([signal, stop]),
      now: this.#o.now,
      tmpdir: this.#o.tmpdir,
      hashing: this.#hashing,
      retries: () => destination.stats.retries,
      onBytes: () => undefined,
      custody: (_key, _signal, work) => work(),
    };
    try {
      const moved = await new Mover(context, this.#budget).move(entry, how === 'create');
      if (moved === undefined) return { outcome: 'there' };
      return { outcome: 'carried', etag: moved.etag ?? (await destination.stat(key, signal))?.etag };
    } catch (thrown) {
      if (how === 'create' && isFerryError(thrown, 'already-exists')) return { outcome: 'there' };
      if (ifMatch === undefined && isFerryError(thrown, 'not-found')) return { outcome: 'nothing' };
      throw thrown;
    } finally {
      // One that cannot be aborted now stays recorded.
      for (const ref of uploads.all())
        await destination.multipart
          ?.abort(ref, AbortSignal.timeout(10_000))
          .then(() => uploads.endUpload(ref.key))
          .catch(() => undefined);
    }
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.#hashing[Symbol.dispose]();
  }
}

/** Also known to other processes, as soon as the store has given an upload its id. */
class RecordedUploads extends VolatileUploads {
  readonly #side: CarriedUpload['side'];
  readonly #recorded: CarriedUploads | undefined;

  constructor(side: CarriedUpload['side'], recorded: CarriedUploads | undefined) {
    super();
    this.#side = side;
    this.#recorded = recorded;
  }

  override async beginUpload(upload: UploadRecord): Promise<void> {
    await super.beginUpload(upload);
    for (const ref of this.all()) await this.#recorded?.beginCarrying({ side: this.#side, ...ref });
  }

  override async endUpload(key: Key): Promise<void> {
    const ended = this.all();
    await super.endUpload(key);
    for (const ref of ended) await this.#recorded?.endCarrying({ side: this.#side, ...ref });
  }
}

/** Whether the destination itself sees to it that nothing is replaced, in whichever way an object is written. */
function createsOnly(destination: ComposedStore, source: ComposedStore): boolean {
  const { writeIfAbsent, multipart, copy } = destination.capabilities;
  const copies = copy !== undefined && destination.sameServer?.(source.inner) === true;
  return writeIfAbsent && multipart?.completeIfAbsent !== false && (!copies || copy.ifAbsent === true);
}
