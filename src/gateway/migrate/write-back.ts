import { toFerryError, type FerryError } from '../../model/errors.ts';
import type { DirtyKey, KeyLedger } from '../../state/key-ledger.ts';
import type { Store } from '../../store/store.ts';
import type { Carrier } from './carrier.ts';
import { accounted } from './certainty.ts';
import { guarded } from './guarded.ts';

const PAGE = 200;
const AT_ONCE = 8;

export interface WriteBackSides {
  readonly old: Store;
  readonly keys: KeyLedger;
  readonly carrier: Carrier;
  /** Whether the member whose keys these are has its lease, now. */
  readonly sure: () => boolean;
}

/**
 * Brings old up to date for every key that is dirty now; resolves with what failed, at most a page of it. Those stay
 * dirty. `last`: mutations are held, and nobody will complete an upload any more that was left half way.
 */
export async function writeBackAll(
  sides: WriteBackSides,
  last: boolean,
  signal: AbortSignal,
): Promise<readonly FerryError[]> {
  const failures: FerryError[] = [];
  for (let after: string | undefined; !signal.aborted && failures.length < PAGE;) {
    const page = await sides.keys.dirty(after, PAGE);
    if (page.length === 0) break;
    after = page.at(-1)!.key;
    const left = page.values();
    const work = async (): Promise<void> => {
      for (const dirty of left) {
        if (signal.aborted) return;
        await writeBack(sides, dirty, last, signal).catch((thrown: unknown) => failures.push(toFerryError(thrown)));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
  return failures;
}

/**
 * One key that clients wrote. What new does not have and does not decide about stays as it is on old: a write was
 * refused.
 */
export async function writeBack(
  { old, keys, carrier, sure }: WriteBackSides,
  dirty: DirtyKey,
  last: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { key } = dirty;
  await using claim = await keys.claim(key, signal);
  if (claim.completing !== undefined) {
    if (!last) return;
    await claim.setCompleting(undefined);
  }
  const guarding = { sure, inDoubt: () => claim.inDoubt() };
  const { outcome } = await accounted(
    carrier.carry(key, 'old', 'replace', { ...guarding, uploads: keys, signal }),
    claim,
  );
  // The record is read after new was seen to have nothing.
  if (outcome === 'nothing' && (await keys.isTouched(key)))
    await accounted(guarded(old, guarding).remove(key, signal), claim);
  await keys.settle(dirty);
}
