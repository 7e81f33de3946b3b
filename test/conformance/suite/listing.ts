import assert from 'node:assert/strict';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import { compareKeys } from '../../../src/model/key.ts';
import type { Behaviour } from '../store-suite.ts';
import { ORDER_KEYS } from '../ugly-keys.ts';
import type { Bench } from './bench.ts';
import { promptly, rejects } from './bench.ts';

const lists = ({ list }: Capabilities): boolean => list !== undefined;
const ordered = ({ list }: Capabilities): boolean => list?.order === 'utf8';
const unordered = ({ list }: Capabilities): boolean => list?.order === 'unordered';

export const listing: readonly Behaviour[] = [
  {
    name: 'list: a prefix that holds nothing gives an empty page and no next',
    needs: lists,
    async run({ store, prefix }) {
      const page = await store.list({ prefix });
      assert.deepEqual(page.entries, []);
      assert.equal(page.next, undefined);
      assert.equal(page.cursor, undefined);
    },
  },
  {
    name: 'list: a bucket or directory that does not exist rejects, and says which of them it is',
    needs: (capabilities, fixture) => lists(capabilities) && fixture.missing !== undefined,
    async run({ fixture }) {
      // A tree has no buckets.
      const { keys } = fixture.missing!.capabilities;
      await rejects(fixture.missing!.list({}), keys.tree ? 'no-such-directory' : 'no-such-bucket');
    },
  },
  {
    name: 'list: keys come in UTF-8 byte order, once each, whatever the page size',
    needs: ordered,
    async run(bench) {
      const expected = await writeOrderKeys(bench);
      assert.deepEqual(await bench.names(), expected);
      for (const limit of [1, 2, 7]) {
        assert.deepEqual(await bench.names({ limit }), expected, `pages of ${limit}`);
        const { entries } = await bench.store.list({ prefix: bench.prefix, limit });
        assert.ok(entries.length <= limit, `${entries.length} entries were listed, ${limit} wanted`);
      }
    },
  },
  {
    name: 'list: by delimiter there is one entry for each common prefix, whatever the page size',
    needs: ({ list }) => list?.delimiter === true,
    async run(bench) {
      const { prefix, store } = bench;
      const below = Array.from({ length: 12 }, (_, i) => [`dir${i % 4}/sub/file${i}`, `ü +${i % 2}/x${i}`]).flat();
      await bench.putAll(['a', 'dir', 'dir0', 'dir1.txt', 'z', ...below]);
      const expected = ['a', 'dir', 'dir0', 'dir0/', 'dir1.txt', 'dir1/', 'dir2/', 'dir3/', 'z', 'ü +0/', 'ü +1/'];
      for (const limit of [1, 2, 5, 1000]) {
        const found: string[] = [];
        let pages = 0;
        for (let after: string | undefined; ;) {
          const { entries, next } = await store.list({ prefix, after, limit, delimiter: '/' });
          pages++;
          for (const { key, directory } of entries) {
            found.push(key.slice(prefix.length));
            assert.deepEqual(directory, key.endsWith('/') ? { empty: false } : undefined, key);
          }
          if (next === undefined) break;
          assert.ok(compareKeys(next, entries.at(-1)!.key) >= 0);
          after = next;
        }
        assert.deepEqual(found, expected, `pages of ${limit}`);
        assert.ok(pages <= Math.ceil(expected.length / limit) + 1, `${pages} pages of ${limit}`);
      }
      const inside = await store.list({ prefix: `${prefix}dir0/`, delimiter: '/' });
      assert.deepEqual(
        inside.entries.map(({ key }) => key.slice(prefix.length)),
        ['dir0/sub/'],
      );
    },
  },
  {
    name: 'list: a page begins after the key given, which need not exist',
    needs: ordered,
    async run(bench) {
      const { prefix } = bench;
      await bench.putAll(['a', 'b', 'c', 'd']);
      assert.deepEqual(await bench.names({ after: `${prefix}b` }), ['c', 'd']);
      assert.deepEqual(await bench.names({ after: `${prefix}bb` }), ['c', 'd']);
      assert.deepEqual(await bench.names({ after: `${prefix}d` }), []);
      assert.deepEqual(await bench.names({ after: `${prefix}\u{10FFFF}` }), []);
      assert.deepEqual(await bench.names({ after: prefix.slice(0, -1) }), ['a', 'b', 'c', 'd']);
      const page = await bench.store.list({ prefix, after: `${prefix}a`, limit: 2 });
      assert.ok(page.next !== undefined && compareKeys(page.next, `${prefix}c`) >= 0, 'next is at least the last key');
    },
  },
  {
    name: 'list: through leaves nothing out that is not greater',
    needs: ordered,
    async run(bench) {
      const { prefix } = bench;
      await bench.putAll(['a', 'b', 'c', 'd', 'e']);
      const some = await bench.names({ after: `${prefix}a`, through: `${prefix}d`, limit: 2 });
      const wanted = some.filter((name) => name <= 'd');
      assert.deepEqual(wanted, ['b', 'c', 'd']);
    },
  },
  {
    name: 'list: a prefix is a string, not a directory',
    needs: lists,
    async run(bench) {
      await bench.putAll(['ab/1', 'ab/2', 'abc', 'b', 'aa']);
      const names = await bench.names({ prefix: `${bench.prefix}ab` });
      assert.deepEqual([...names].sort(), ['ab/1', 'ab/2', 'abc']);
    },
  },
  {
    name: 'list: entries tell size, time and ETag where declared, as stat does',
    needs: lists,
    async run(bench) {
      const key = await bench.put('entry', Buffer.from('twelve bytes'));
      // A tree lists the directory it is in too.
      const entry = (await bench.list({ prefix: bench.prefix })).find((each) => each.directory === undefined);
      const meta = await bench.store.stat(key);
      const { list } = bench.capabilities;
      assert.ok(entry && meta && list);
      assert.equal(entry.key, key);
      if (list.size) assert.equal(entry.size, 12);
      if (list.etag) assert.equal(entry.etag, meta.etag);
      if (list.modified) assert.ok(Math.abs(entry.modified! - meta.modified!) < 1000, 'the times agree to the second');
      assert.ok(entry.etag === undefined || !/["]/.test(entry.etag), 'the ETag has no quotes');
    },
  },
  {
    name: 'list: what is there all the time is listed, whatever comes and goes between the pages',
    needs: ordered,
    async run(bench) {
      const steady = Array.from({ length: 12 }, (_, i) => `k${String(i * 2).padStart(2, '0')}`);
      await bench.putAll(steady);
      const seen: string[] = [];
      let after: string | undefined;
      for (let page = 0; ; page++) {
        const { entries, next } = await bench.store.list({ prefix: bench.prefix, after, limit: 3 });
        seen.push(...entries.map((entry) => entry.key.slice(bench.prefix.length)));
        if (next === undefined) break;
        await bench.put(`k${String(page * 4 + 1).padStart(2, '0')}`, Buffer.from('new'));
        await bench.put(`k${String(page * 6 + 7).padStart(2, '0')}`, Buffer.from('new'));
        await bench.store.remove(bench.key(`k${String(page * 2 + 7).padStart(2, '0')}`));
        after = next;
      }
      assert.deepEqual(
        seen.filter((name) => steady.includes(name)),
        steady,
      );
      assert.equal(new Set(seen).size, seen.length, 'nothing is listed twice');
    },
  },
  {
    name: 'list: an unordered store gives every key once, by its cursor',
    needs: unordered,
    async run(bench) {
      const expected = await writeOrderKeys(bench);
      for (const limit of [1, 3, 1000]) {
        const names = await bench.names({ limit });
        assert.deepEqual([...names].sort(compareKeys), expected, `pages of ${limit}`);
      }
    },
  },
  {
    name: 'list: an aborted signal rejects with interrupted',
    needs: lists,
    async run({ store, prefix }) {
      await rejects(promptly(store.list({ prefix }, AbortSignal.abort())), 'interrupted');
    },
  },
];

async function writeOrderKeys(bench: Bench): Promise<readonly string[]> {
  const { refuse, tree, directories } = bench.capabilities.keys;
  const names = ORDER_KEYS.filter(
    (name) =>
      refuse?.(bench.prefix + name) === undefined &&
      !(tree && ORDER_KEYS.some((other) => other.startsWith(`${name}/`))) &&
      !(directories === 'none' && name.endsWith('/')),
  );
  await bench.putAll(names);
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
