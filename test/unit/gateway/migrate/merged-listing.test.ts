import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonPrefix, listing } from '../../../../src/gateway/s3/listing.ts';
import { mergedPage } from '../../../../src/gateway/migrate/merged-listing.ts';
import { compareKeys } from '../../../../src/model/key.ts';
import type { ObjectEntry } from '../../../../src/model/object.ts';
import type { ListPage, ListRequest, Store } from '../../../../src/store/store.ts';
import { MemoryStore } from '../../../../src/stores/memory/store.ts';
import { seeded } from '../../../faults/server/rules.ts';

/** Lists keys as an S3 service does, in pages of a few. */
class Side extends MemoryStore {
  readonly keys: readonly string[];
  asked = 0;

  constructor(keys: Iterable<string>, maxPage: number) {
    super({
      capabilities: { list: { order: 'utf8', delimiter: true, maxPage, size: true, modified: true, etag: true } },
    });
    this.keys = [...keys].sort(compareKeys);
  }

  override async list({ prefix = '', after = '', delimiter, limit = 1000 }: ListRequest): Promise<ListPage> {
    this.asked++;
    const found = new Map<string, ObjectEntry>();
    for (const key of this.keys) {
      if (!key.startsWith(prefix) || compareKeys(key, after) <= 0) continue;
      const group = delimiter === undefined ? undefined : commonPrefix(key, prefix, delimiter);
      const name = group ?? key;
      if (found.has(name)) continue;
      if (found.size === Math.min(limit, this.capabilities.list!.maxPage)) {
        const [last, entry] = [...found].at(-1)!;
        return { entries: [...found.values()], next: entry.directory ? `${last}\u{10FFFF}` : last };
      }
      found.set(name, group === undefined ? { key } : { key: group, directory: { empty: false } });
    }
    return { entries: [...found.values()] };
  }
}

/** Both sides as one store, as a bucket that is being moved lists them. */
function merged(old: Side, next: Side, touched: ReadonlySet<string>): Store {
  const keys = {
    touchedAmong: async (among: readonly string[]) => new Set(among.filter((key) => touched.has(key))),
    touchedBelow: async (prefixes: readonly string[]) =>
      new Set(prefixes.filter((prefix) => [...touched].some((key) => key.startsWith(prefix)))),
  };
  const store = new MemoryStore({ capabilities: { list: old.capabilities.list } });
  return Object.assign(store, { list: (request: ListRequest) => mergedPage({ old, new: next, keys }, request) });
}

async function all(store: Store, prefix: string, delimiter: string | undefined, limit: number): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | undefined; ;) {
    const { entries, truncated } = await listing(store, { prefix, delimiter, after, limit });
    names.push(...entries.map((entry) => ('prefix' in entry ? entry.prefix : entry.object.key)));
    after = names.at(-1);
    if (!truncated) return names;
  }
}

test('what is listed of two sides is what is alive, page by page, with prefixes and delimiters', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const some = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const key = (): string => Array.from({ length: 1 + Math.floor(random() * 4) }, () => some(['a', 'b', '/', 'ü'])).join(''); // prettier-ignore
    const old = new Set(Array.from({ length: 25 }, key));
    const touched = new Set([...old].filter(() => random() < 0.5));
    const next = new Set([...old, ...Array.from({ length: 5 }, key)].filter(() => random() < 0.3));
    const live = [...new Set([...next, ...[...old].filter((each) => !touched.has(each))])].sort(compareKeys);
    const maxPage = 1 + Math.floor(random() * 6);
    const store = merged(new Side(old, maxPage), new Side(next, maxPage), touched);
    for (const prefix of ['', 'a', 'a/', '/'])
      for (const delimiter of [undefined, '/', 'b']) {
        const below = live.filter((each) => each.startsWith(prefix));
        const expected = new Set(
          below.map((each) => (delimiter === undefined ? undefined : commonPrefix(each, prefix, delimiter)) ?? each),
        );
        const found = await all(store, prefix, delimiter, 1 + Math.floor(random() * 5));
        assert.deepEqual(found, [...expected], `seed ${seed}, prefix ${prefix}, delimiter ${delimiter}`);
      }
  }
});

test('a page of common prefixes is one request to each side, however many keys are below them', async () => {
  const keys = Array.from({ length: 20 }, (_, i) => ['x', 'y', 'z'].map((name) => `${i + 10}/${name}`)).flat();
  const [old, next] = [new Side(keys, 1000), new Side(keys.slice(0, 7), 1000)];
  const found = await all(merged(old, next, new Set(['99/gone'])), '', '/', 1000);
  assert.equal(found.length, 20);
  assert.deepEqual([old.asked, next.asked], [1, 1]);
});

test('a key that is gone costs a listing no request more', async () => {
  const [old, next] = [new Side(['a', 'b', 'c'], 1000), new Side(['c'], 1000)];
  assert.deepEqual(await all(merged(old, next, new Set(['b'])), '', undefined, 1000), ['a', 'c']);
  assert.deepEqual([old.asked, next.asked], [1, 1]);
});

test('a page as long as those of the stores is one request to each', async () => {
  const keys = Array.from({ length: 12 }, (_, i) => String(i + 10));
  const [old, next] = [new Side(keys, 5), new Side(keys.slice(0, 7), 5)];
  const { entries, truncated } = await listing(merged(old, next, new Set()), { prefix: '', limit: 5 });
  assert.equal(entries.length, 5);
  assert.equal(truncated, true);
  assert.deepEqual([old.asked, next.asked], [1, 1]);
});
