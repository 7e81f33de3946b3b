/**
 * Measures on a scratch key what stores are known to get wrong, because a provider table is only a hint.
 *
 * Costs about six small requests. The scratch key is random, begins with `.ferry-probe-`, and is removed again.
 */
import { randomUUID } from 'node:crypto';
import type { Capabilities } from '../model/capabilities.ts';
import { isFerryError, toFerryError, type FerryError } from '../model/errors.ts';
import type { Store } from '../store/store.ts';

export interface Probed {
  readonly capabilities: Pick<Capabilities, 'writeIfAbsent' | 'verifiesMd5'>;
  /** What differs from the declaration, in words. */
  readonly surprises: readonly string[];
}

const BYTES = Buffer.from('ferry measures what this store can do\n');
const WRONG_MD5 = '00000000000000000000000000000000';

/** Rejects where the scratch key cannot be written at all. */
export async function probeDestination(store: Store, signal: AbortSignal, key = scratchKey()): Promise<Probed> {
  const declared = store.capabilities;
  const surprises: string[] = [];
  try {
    const verifiesMd5 =
      declared.verifiesMd5 &&
      (await refuses(() => store.write(key, BYTES, { md5: WRONG_MD5 }, signal), 'wrong-checksum'));
    if (declared.verifiesMd5 && !verifiesMd5) surprises.push('does not check the MD5 of what it is sent');
    await store.write(key, BYTES, undefined, signal);
    const writeIfAbsent =
      declared.writeIfAbsent &&
      (await refuses(() => store.write(key, BYTES, { ifAbsent: true }, signal), 'already-exists'));
    if (declared.writeIfAbsent && !writeIfAbsent) surprises.push('replaces objects when asked to create only');
    return { capabilities: { verifiesMd5, writeIfAbsent }, surprises };
  } finally {
    // Not with `signal`: an interrupted probe cleans up, too.
    await store.remove(key, AbortSignal.timeout(5_000)).catch(() => undefined);
  }
}

/** A name nobody else has. Who may be killed remembers it, so that the next probe takes the same and cleans up. */
export function scratchKey(): string {
  return `.ferry-probe-${randomUUID()}`;
}

/** True where the call is refused with `code`; false where it goes through or the store does not know the option. */
async function refuses(call: () => Promise<unknown>, code: FerryError['code']): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (thrown) {
    if (isFerryError(thrown, code)) return true;
    const error = toFerryError(thrown);
    if (error.kind === 'unsupported' || error.code === 'bad-response') return false;
    throw error;
  }
}
