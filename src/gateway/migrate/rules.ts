/**
 * What keeps a bucket one store while it is two. Each rule is one function; the order of its requests is what it is
 * about. They are given to the store as one value, so that tests can show what happens without each of them.
 */
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { Claim, KeyLedger } from '../../state/key-ledger.ts';
import type { CompleteOptions, Part, Store, UploadRef, WriteResult } from '../../store/store.ts';
import type { Carrier } from './carrier.ts';
import { accounted, isRefusal } from './certainty.ts';
import { requireSure } from './guarded.ts';

export interface Sides {
  readonly old: Store;
  readonly new: Store;
  readonly keys: RecordedKeys;
  readonly carrier: Carrier;
  /** Whether the member whose keys these are has its lease, now. */
  readonly sure: () => boolean;
  /** As in `Routing`. */
  readonly promotes: boolean;
}

/** What the rules need of the ledger. */
export type RecordedKeys = Pick<KeyLedger, 'isTouched' | 'intend' | 'claim' | 'beginCarrying' | 'endCarrying'>;

export interface Rules {
  readonly look: typeof look;
  readonly remove: typeof remove;
  readonly promote: typeof promote;
  readonly completeLate: typeof completeLate;
}

export const RULES: Rules = { look, remove, promote, completeLate };

/** How to ask one store for something of an object, and how to drop what is not wanted after all. */
export interface Question<T> {
  readonly ask: (store: Store) => Promise<T | undefined>;
  readonly drop?: ((found: T) => void) | undefined;
}

/** What is asked of an object: by new, and where new has none by old, unless new alone decides. */
async function look<T>({ old, new: next, keys }: Sides, key: Key, { ask, drop }: Question<T>): Promise<T | undefined> {
  const current = await ask(next);
  if (current !== undefined) return current;
  let earlier: T | undefined;
  try {
    earlier = await ask(old);
  } catch (thrown) {
    if (await keys.isTouched(key)) return await ask(next);
    throw thrown;
  }
  // Read last, because old may change under an upload begun before the switch.
  if (!(await keys.isTouched(key))) return earlier;
  if (earlier !== undefined) drop?.(earlier);
  // Asked again, because a copy may have landed since.
  return await ask(next);
}

/**
 * Exactly one of the last two steps is the delete: the record where new had nothing, the store's delete where it had.
 * To delete from new what was not seen there would kill a PUT that came after; to delete before the record would let an
 * older version shine through.
 *
 * Where the store refuses the delete nothing was deleted, although the key is touched now: new has the object still.
 */
async function remove({ new: next, keys }: Sides, key: Key, signal: AbortSignal | undefined): Promise<void> {
  if (!(await keys.isTouched(key))) {
    await using intent = await keys.intend(key, signal);
    const inNew = (await next.stat(key, signal)) !== undefined;
    await intent.touch();
    if (!inNew) return;
  }
  await next.remove(key, signal);
}

/**
 * Makes new hold what old has of the key, unless new alone decides about it. Then, and from then on, what is done on
 * new is done on the present object: new keeps it until the key is touched.
 */
async function promote(sides: Sides, key: Key, signal: AbortSignal | undefined): Promise<void> {
  const { new: next, keys, promotes } = sides;
  if (!promotes || (await keys.isTouched(key))) return;
  if ((await next.stat(key, signal)) !== undefined) return;
  await using claim = await keys.claim(key, signal);
  if (!claim.touched) await bring(sides, claim, key, signal);
}

/** The copy of whoever holds the claim. */
async function bring(
  { carrier, keys, sure }: Sides,
  claim: Claim,
  key: Key,
  signal: AbortSignal | undefined,
): Promise<void> {
  const inDoubt = (): void => claim.inDoubt();
  await accounted(carrier.carry(key, 'new', 'create', { sure, inDoubt, uploads: keys, signal }), claim);
}

/**
 * Completes an upload that was begun on old before the switch. What old has now is promoted and the key touched, so that
 * no reader looks at old any more; only then the upload is completed there, out of sight, and its object brought to
 * new, replacing. That last write is the completion.
 *
 * The claim is held to the end: another such completion of the key, or write-back, would replace on old what is to be
 * brought. After a crash the next completion of the same upload, by the client that had no answer, goes on where it
 * stopped. Nobody else does: the client may have given up and written something else.
 */
async function completeLate(
  sides: Sides,
  upload: UploadRef,
  parts: readonly Part[],
  { ifAbsent }: CompleteOptions,
  signal: AbortSignal | undefined,
): Promise<WriteResult> {
  const { old, new: next, keys, carrier, sure } = sides;
  const { key, uploadId } = upload;
  await using claim = await keys.claim(key, signal);
  const goesOn = claim.completing === uploadId;
  if (!goesOn) await requireUpload(old, upload, signal);
  if (!claim.touched) {
    if (sides.promotes) await bring(sides, claim, key, signal);
    await claim.touch();
  }
  if (ifAbsent === true && (await next.stat(key, signal)) !== undefined)
    throw new FerryError('already-exists', { key });
  await claim.setCompleting(uploadId);
  requireSure(sure);
  const completed = await accounted(completeOnce(old, upload, parts, goesOn, signal), claim).catch(forget(claim));
  const how = ifAbsent === true ? 'create' : 'replace';
  const options = { ifMatch: completed.etag, sure, uploads: keys, signal };
  const carried = await accounted(carrier.carry(key, 'new', how, options), claim);
  await claim.setCompleting(undefined);
  if (carried.outcome === 'there') throw new FerryError('already-exists', { key });
  if (carried.outcome === 'nothing') throw new FerryError('unavailable', { key, message: 'old lost the upload' });
  return { etag: carried.etag };
}

/** What was plainly refused is not to be gone on with. */
function forget(claim: Claim): (thrown: unknown) => Promise<never> {
  return async (thrown) => {
    if (isRefusal(thrown)) await claim.setCompleting(undefined);
    throw thrown;
  };
}

/** Whoever names an upload that is not there changes nothing by it. */
async function requireUpload({ multipart }: Store, upload: UploadRef, signal: AbortSignal | undefined): Promise<void> {
  await multipart!.parts?.(upload, 0, 1, signal);
}

/** `goesOn`: it may have been completed before, by whom the claim was inherited from. */
async function completeOnce(
  { multipart }: Store,
  upload: UploadRef,
  parts: readonly Part[],
  goesOn: boolean,
  signal: AbortSignal | undefined,
): Promise<WriteResult> {
  try {
    return await multipart!.complete(upload, parts, {}, signal);
  } catch (thrown) {
    if (goesOn && isFerryError(thrown, 'not-found')) return {};
    throw thrown;
  }
}
