import assert from 'node:assert/strict';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import { keyBytes } from '../../../src/model/key.ts';
import type { Behaviour } from '../store-suite.ts';
import { UGLY_KEYS } from '../ugly-keys.ts';
import { inParallel, rejects } from './bench.ts';

export const keys: readonly Behaviour[] = [
  {
    name: 'keys: ugly ones at the root are kept exactly as they are',
    async run(bench) {
      // One at a time where names are directories, because some of these cannot be there together.
      const work = async (key: string): Promise<void> => {
        const bytes = contentOf(key);
        await bench.store.write(bench.track(key), bytes);
        await bench.holds(key, bytes);
        if (bench.capabilities.list?.order === 'utf8') {
          const { entries } = await bench.store.list({ prefix: key, limit: 1 });
          assert.equal(entries[0]?.key, key, 'it is listed by its own name');
        }
        if (!bench.capabilities.keys.tree) return;
        await bench.store.remove(key);
        await bench.absent(key);
      };
      const possible = UGLY_KEYS.filter((key) => takes(bench.capabilities, key));
      if (bench.capabilities.keys.tree) for (const key of possible) await work(key);
      else await inParallel(possible, work);
    },
  },
  {
    name: 'keys: ugly ones beside each other are different objects, listed and removed one by one',
    needs: ({ list, keys: { tree } }) => list !== undefined && !tree,
    async run(bench) {
      const possible = UGLY_KEYS.filter((key) => takes(bench.capabilities, bench.prefix + key));
      await bench.putAll(possible);
      assert.deepEqual((await bench.names()).toSorted(), possible.toSorted());
      const removed = possible.filter((_, i) => i % 2 === 0);
      await inParallel(removed, (key) => bench.store.remove(bench.prefix + key));
      const rest = possible.filter((_, i) => i % 2 === 1);
      assert.deepEqual((await bench.names()).toSorted(), rest.toSorted());
      await inParallel(rest, async (key) => {
        assert.ok((await bench.read(bench.prefix + key)).equals(contentOf(key)), JSON.stringify(key));
      });
    },
  },
  {
    name: 'keys: those the store says it cannot take are refused with bad-key',
    needs: ({ keys: { refuse } }) => refuse !== undefined,
    async run(bench) {
      for (const key of UGLY_KEYS.filter((each) => bench.capabilities.keys.refuse?.(each) !== undefined)) {
        await rejects(bench.store.write(key, contentOf(key)), 'bad-key');
      }
    },
  },
  {
    name: 'keys: a tree refuses a name that is both a file and a directory with path-conflict',
    needs: ({ keys: { tree } }) => tree,
    async run(bench) {
      await bench.put('file', Buffer.from('x'));
      await rejects(bench.store.write(`${bench.prefix}file/below`, Buffer.from('y')), 'path-conflict');
      await bench.put('directory/file', Buffer.from('x'));
      await rejects(bench.store.write(`${bench.prefix}directory`, Buffer.from('y')), 'path-conflict');
      await bench.holds(`${bench.prefix}file`, Buffer.from('x'));
      await bench.holds(`${bench.prefix}directory/file`, Buffer.from('x'));
    },
  },
];

function takes({ keys: { maxBytes, refuse, directories } }: Capabilities, key: string): boolean {
  if (keyBytes(key) > maxBytes || refuse?.(key) !== undefined) return false;
  return directories === 'objects' || !key.endsWith('/');
}

function contentOf(key: string): Buffer {
  return key.endsWith('/') ? Buffer.alloc(0) : Buffer.from(key);
}
