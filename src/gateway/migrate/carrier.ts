import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { CarriedUploads } from '../../state/key-ledger.ts';
import type { ReadResult, Store, WriteOptions, WriteResult } from '../../store/store.ts';
import { guarded } from './guarded.ts';

/** Brings one object from one side to the other, whole: bytes, headers, user metadata and tags. */
export interface Carrier {
  /**
   * - `create`: never replaces; `there` where the destination has an object already.
   * - `replace`: puts it in place of what is there.
   *
   * `nothing` where the source has no object. `ifMatch`: only this version of the source, by its ETag;
   * rejects with `changed` where it has another.
   */
  carry(key: Key, to: 'old' | 'new', how: 'create' | 'replace', options: CarryOptions): Promise<Carried>;
  /**
   * Whether `create` leaves it to the destination that nothing is replaced. Else it looks first, and whoever writes to
   * the destination has to keep claims of the key away.
   */
  readonly createOnly: boolean;
}

export interface Carried {
  readonly outcome: 'carried' | 'there' | 'nothing';
  /** Of what was written, where something was. */
  readonly etag?: string | undefined;
}

export interface CarryOptions {
  /** As in `Guarding`. */
  readonly sure: () => boolean;
  /** As in `Guarding`: of what keeps others away from the key. */
  readonly inDoubt?: (() => void) | undefined;
  /** Where uploads in parts it begins are known to others; where absent one that is left unfinished stays so. */
  readonly uploads?: CarriedUploads | undefined;
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** By one read and one write: for objects the destination takes in one write. */
export class WholeCarrier implements Carrier {
  readonly createOnly: boolean;
  readonly #old: Store;
  readonly #new: Store;

  constructor(old: Store, next: Store) {
    this.#old = old;
    this.#new = next;
    this.createOnly = next.capabilities.writeIfAbsent;
  }

  async carry(
    key: Key,
    to: 'old' | 'new',
    how: 'create' | 'replace',
    { ifMatch, sure, inDoubt, signal }: CarryOptions,
  ): Promise<Carried> {
    const [source, inner] = to === 'new' ? [this.#old, this.#new] : [this.#new, this.#old];
    const destination = guarded(inner, { sure, inDoubt });
    const ifAbsent = how === 'create' && destination.capabilities.writeIfAbsent;
    for (;;) {
      if (how === 'create' && !ifAbsent && (await destination.stat(key, signal)) !== undefined)
        return { outcome: 'there' };
      const found = await openOrNothing(source, key, ifMatch, signal);
      if (found === undefined) return { outcome: 'nothing' };
      try {
        const { etag } = await writeWhole(source, key, found, destination, { ifAbsent }, signal);
        return { outcome: 'carried', etag };
      } catch (thrown) {
        if (how === 'create' && isFerryError(thrown, 'already-exists')) return { outcome: 'there' };
        // Another version came, or none is left, while this one was read.
        if (ifMatch === undefined && (isFerryError(thrown, 'changed') || isFerryError(thrown, 'not-found'))) continue;
        throw thrown;
      } finally {
        found.body.cancel();
      }
    }
  }
}

async function openOrNothing(
  source: Store,
  key: Key,
  ifMatch: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ReadResult | undefined> {
  try {
    return await source.read(key, { ifMatch: source.capabilities.readIfMatch ? ifMatch : undefined }, signal);
  } catch (thrown) {
    if (isFerryError(thrown, 'not-found')) return undefined;
    throw thrown;
  }
}

async function writeWhole(
  source: Store,
  key: Key,
  { meta, body }: ReadResult,
  destination: Store,
  conditions: Pick<WriteOptions, 'ifAbsent'>,
  signal: AbortSignal | undefined,
): Promise<WriteResult> {
  if (meta.size > destination.capabilities.maxWrite)
    throw new FerryError('too-large', { key, message: 'the object is too large to be carried in one write' });
  const tags =
    destination.capabilities.metadata.tags && meta.tagCount !== 0 ? await source.tags?.(key, signal) : undefined;
  const ifMatch = source.capabilities.readIfMatch ? meta.etag : undefined;
  let first: ReadResult['body'] | undefined = body;
  const again = async function* (): AsyncGenerator<Uint8Array> {
    const opened = first ?? (await source.read(key, { ifMatch }, signal)).body;
    first = undefined;
    yield* opened;
  };
  return await destination.write(key, { size: meta.size, open: again }, { ...conditions, meta, tags }, signal);
}
