import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { ListPage, ListRequest, Store } from '../../store/store.ts';
import type { KeyLedger } from './ledger.ts';

/**
 * A page of new and old together, in order of key: what both have is shown as new has it, and what only old has unless
 * new alone decides about it. It reaches as far as both pages do, so nothing is left out between.
 *
 * The record of a key is read after old was listed and new is listed after that: whatever a client did before the
 * listing began shows in one of them.
 */
export async function mergedPage(
  old: Store,
  next: Store,
  ledger: KeyLedger,
  request: ListRequest,
  signal?: AbortSignal,
): Promise<ListPage> {
  const earlier = await old.list(request, signal);
  const touched = await ledger.touchedAmong(earlier.entries.map(({ key }) => key));
  const current = await next.list(request, signal);
  const end = nearest(earlier.next, current.next);
  const within = ({ key }: ObjectEntry): boolean => end === undefined || compareKeys(key, end) <= 0;
  const entries = [...merge(current.entries.filter(within), earlier.entries.filter(within), touched)];
  const limit = request.limit ?? entries.length;
  if (entries.length <= limit) return { entries, next: end };
  const shown = entries.slice(0, limit);
  return { entries: shown, next: shown.at(-1)!.key };
}

function* merge(
  current: readonly ObjectEntry[],
  earlier: readonly ObjectEntry[],
  touched: ReadonlySet<Key>,
): Generator<ObjectEntry> {
  let at = 0;
  for (const entry of current) {
    for (; at < earlier.length && compareKeys(earlier[at]!.key, entry.key) < 0; at++)
      if (!touched.has(earlier[at]!.key)) yield earlier[at]!;
    if (at < earlier.length && earlier[at]!.key === entry.key) at++;
    yield entry;
  }
  for (; at < earlier.length; at++) if (!touched.has(earlier[at]!.key)) yield earlier[at]!;
}

/** The smaller of two ends; a page without one reaches to the end of the store. */
function nearest(one: Key | undefined, other: Key | undefined): Key | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareKeys(one, other) < 0 ? one : other;
}
