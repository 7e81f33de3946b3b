import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { KeyLedger } from '../../state/key-ledger.ts';
import type { ListPage, ListRequest, Store } from '../../store/store.ts';

/** Common prefixes that are looked into at once. */
const LOOKS = 8;

export interface MergedSides {
  readonly old: Store;
  readonly new: Store;
  readonly keys: Pick<KeyLedger, 'touchedAmong' | 'touchedBelow'>;
}

/**
 * A page of new and old together, in order of key: what new has, and what only old has unless new alone decides about
 * it. It reaches as far as both pages do that it is made of, so nothing is left out between. With a delimiter, which
 * both stores have to offer, a common prefix is shown where a live key is below it.
 *
 * Old is asked first, then the record, then new, then the record again of what only old has. About what was touched
 * before new was asked, new alone had decided: it is gone. What was touched only afterwards may have been promoted
 * between, by the completion of an early upload, and never have been gone: new is asked for it once more. What is not
 * touched even then was in nobody's way to be seen at old: had new ever held it, it would hold it now.
 */
export async function mergedPage(sides: MergedSides, request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
  const { old, new: next, keys } = sides;
  const isPrefix = request.delimiter === undefined ? never : isDirectory;
  const objectsOf = (entries: readonly ObjectEntry[]): Key[] =>
    entries.filter((entry) => !isPrefix(entry)).map(({ key }) => key);
  const earlier = await old.list(request, signal);
  const decided = await keys.touchedAmong(objectsOf(earlier.entries));
  const current = await next.list(request, signal);
  const inNew = new Set(current.entries.map(({ key }) => key));
  const onlyOld = earlier.entries.filter(({ key }) => !inNew.has(key) && !decided.has(key));
  const touched = await keys.touchedAmong(objectsOf(onlyOld));
  const again = touched.size === 0 ? undefined : await next.list(request, signal);
  const end = nearest(nearest(earlier.next, current.next), again?.next);
  const within = ({ key }: ObjectEntry): boolean => end === undefined || compareKeys(key, end) <= 0;
  const dead = await deadPrefixes(sides, onlyOld.filter(within).filter(isPrefix), request, signal);
  const entries = [
    ...current.entries,
    ...onlyOld.filter(({ key }) => !touched.has(key) && !dead.has(key)),
    ...(again?.entries.filter(({ key }) => touched.has(key)) ?? []),
  ]
    .filter(within)
    .sort((a: ObjectEntry, b: ObjectEntry) => compareKeys(a.key, b.key));
  const limit = request.limit ?? entries.length;
  if (entries.length <= limit) return end === undefined ? { entries } : { entries, next: end };
  const shown = entries.slice(0, limit);
  const last = shown.at(-1)!;
  // What is below a common prefix has been told of.
  return { entries: shown, next: isPrefix(last) ? `${last.key}\u{10FFFF}` : last.key };
}

/** Of common prefixes that only old has, those below which no key is alive any more. */
async function deadPrefixes(
  sides: MergedSides,
  groups: readonly ObjectEntry[],
  { after }: ListRequest,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Key>> {
  const suspect = await sides.keys.touchedBelow(groups.map(({ key }) => key));
  const dead = new Set<Key>();
  const left = suspect.values();
  const look = async (): Promise<void> => {
    for (const prefix of left) {
      const inside = after?.startsWith(prefix) === true ? after : undefined;
      if (!(await hasAny(sides, { prefix, after: inside }, signal))) dead.add(prefix);
    }
  };
  await Promise.all(Array.from({ length: LOOKS }, look));
  return dead;
}

async function hasAny(sides: MergedSides, request: ListRequest, signal: AbortSignal | undefined): Promise<boolean> {
  let { after } = request;
  for (;;) {
    const page = await mergedPage(sides, { ...request, after }, signal);
    if (page.entries.length > 0) return true;
    if (page.next === undefined) return false;
    after = page.next;
  }
}

function isDirectory({ directory }: ObjectEntry): boolean {
  return directory?.empty === false;
}

function never(): boolean {
  return false;
}

/** The smaller of two ends; a page without one reaches to the end of the store. */
function nearest(one: Key | undefined, other: Key | undefined): Key | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareKeys(one, other) < 0 ? one : other;
}
