import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { KeyLedger } from '../../state/key-ledger.ts';
import type { ListPage, ListRequest, Store } from '../../store/store.ts';

/**
 * A page of new and old together, in order of key: what new has, and what only old has unless new alone decides about
 * it. It reaches as far as all the pages do that it is made of, so nothing is left out between.
 *
 * Each key is looked at as `Rules.look` does: new, then old, then the record of what only old has, and what is touched
 * of that is looked for in new again. Were the record read before new, a key could be shown as it was before a write and
 * a delete; were new not asked again, one could be missed that an early upload had just brought there.
 */
export async function mergedPage(
  old: Store,
  next: Store,
  keys: KeyLedger,
  request: ListRequest,
  signal?: AbortSignal,
): Promise<ListPage> {
  const current = await next.list(request, signal);
  const earlier = await old.list(request, signal);
  const inNew = new Set(current.entries.map(({ key }) => key));
  const onlyOld = earlier.entries.filter(({ key }) => !inNew.has(key));
  const touched = await keys.touchedAmong(onlyOld.map(({ key }) => key));
  const again = touched.size === 0 ? undefined : await next.list(request, signal);
  const end = nearest(nearest(earlier.next, current.next), again?.next);
  const entries = [
    ...current.entries,
    ...onlyOld.filter(({ key }) => !touched.has(key)),
    ...(again?.entries.filter(({ key }) => touched.has(key)) ?? []),
  ]
    .filter(({ key }) => end === undefined || compareKeys(key, end) <= 0)
    .sort((a: ObjectEntry, b: ObjectEntry) => compareKeys(a.key, b.key));
  const limit = request.limit ?? entries.length;
  if (entries.length <= limit) return end === undefined ? { entries } : { entries, next: end };
  const shown = entries.slice(0, limit);
  return { entries: shown, next: shown.at(-1)!.key };
}

/** The smaller of two ends; a page without one reaches to the end of the store. */
function nearest(one: Key | undefined, other: Key | undefined): Key | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareKeys(one, other) < 0 ? one : other;
}
