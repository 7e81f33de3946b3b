import type { Carrier } from '../../src/gateway/migrate/carrier.ts';
import type { DirtyKey, KeyLedger } from '../../src/state/key-ledger.ts';
import type { Store } from '../../src/store/store.ts';

/**
 * Brings old up to date for one key that clients wrote: what write-back does with each. What new does not have and does
 * not decide about stays as it is on old: a write was refused.
 *
 * `last`: mutations are held, and nobody will complete an upload any more that was left half way.
 */
export async function writeBack(
  sides: { readonly old: Store; readonly keys: KeyLedger; readonly carrier: Carrier },
  dirty: DirtyKey,
  last = false,
): Promise<void> {
  const { old, keys, carrier } = sides;
  const { key } = dirty;
  await using claim = await keys.claim(key);
  if (claim.completing !== undefined) {
    if (!last) return;
    await claim.setCompleting(undefined);
  }
  const { outcome } = await carrier.carry(key, 'old', 'replace', {});
  // The record is read after new was seen to have nothing.
  if (outcome === 'nothing' && (await keys.isTouched(key))) await old.remove(key);
  await keys.settle(dirty);
}
