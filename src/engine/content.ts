/** Compares the bytes of two objects by the cheapest sure means there is. */
import type { Store } from '../store/store.ts';
import { judgeContent, knownMd5 } from './compare.ts';
import { linkDifference } from './metadata-differences.ts';
import { readMd5 } from './move/read-back.ts';

interface Sides {
  readonly source: Store;
  readonly destination: Store;
}

/** True where both sides have the same bytes. Reads them where neither listings nor `stat` tell, and sizes allow it. */
export async function contentEqual(
  sides: Sides,
  key: string,
  signal: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<boolean> {
  const { source, destination } = sides;
  const [here, there] = await Promise.all([source.stat(key, signal), destination.stat(key, signal)]);
  if (!here || !there || linkDifference(here, there)) return false;
  const sized = here.size < 0 ? { ...here, size: undefined } : here;
  const verdict = judgeContent(source.capabilities, destination.capabilities, sized, there);
  if (verdict !== 'unknown') return verdict === 'equal';
  const [a, b] = await Promise.all([
    knownMd5(source.capabilities, here) ?? readMd5(source, key, signal, onBytes),
    knownMd5(destination.capabilities, there) ?? readMd5(destination, key, signal, onBytes),
  ]);
  return a === b;
}
