import assert from 'node:assert/strict';
import type { Behaviour } from '../store-suite.ts';
import { inParallel, rejects } from './bench.ts';

/** What holds of a store that can only be read, judged by what the fixture says it holds. */
export const seeded: readonly Behaviour[] = [
  {
    name: 'read-only: exactly the objects there are listed, in order where declared',
    needs: ({ list }) => list !== undefined,
    async run(bench) {
      const expected = [...bench.fixture.holds!.keys()];
      expected.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      for (const limit of [undefined, 1, 2, 7]) {
        const listed = (await bench.list({ limit })).map((entry) => entry.key);
        assert.deepEqual(
          bench.capabilities.list?.order === 'utf8' ? listed : listed.toSorted(),
          sorted(bench, expected),
        );
      }
    },
  },
  {
    name: 'read-only: a listing goes on after any key',
    needs: ({ list }) => list?.order === 'utf8',
    async run(bench) {
      const expected = (await bench.list()).map((entry) => entry.key);
      for (const [index, after] of expected.entries()) {
        assert.deepEqual(
          (await bench.list({ after })).map((entry) => entry.key),
          expected.slice(index + 1),
        );
      }
    },
  },
  {
    name: 'read-only: stat and read agree with what is there',
    async run(bench) {
      await inParallel([...bench.fixture.holds!], async ([key, bytes]) => {
        await bench.holds(key, bytes);
        const { body } = await bench.store.read(key);
        assert.ok(Buffer.from(await body.bytes(bytes.byteLength)).equals(bytes));
      });
    },
  },
  {
    name: 'read-only: a range is exactly the bytes asked for',
    needs: ({ readRange }) => readRange,
    async run(bench) {
      const large = [...bench.fixture.holds!].find(([, bytes]) => bytes.byteLength > 2);
      assert.ok(large, 'the fixture holds an object of three bytes or more');
      const [key, bytes] = large;
      const end = bytes.byteLength;
      for (const [offset, length] of [
        [0, 1],
        [1, end - 1],
        [1, end - 2],
        [end - 1, 1],
      ] as const) {
        const part = await bench.read(key, { offset, length });
        assert.ok(part.equals(bytes.subarray(offset, offset + length)), `${offset}+${length}`);
      }
      await rejects(bench.store.read(key, { offset: end, length: 1 }), 'wrong-length');
    },
  },
  {
    name: 'read-only: what is not there is undefined to stat and not-found to read',
    async run(bench) {
      await bench.absent('there/is/no/such/object');
      await rejects(bench.store.read('there/is/no/such/object'), 'not-found');
    },
  },
  {
    name: 'read-only: writing and removing reject with unsupported',
    async run(bench) {
      await rejects(bench.store.write('key', Buffer.from('x')), 'unsupported');
      if (!bench.capabilities.remove) await rejects(bench.store.remove('key'), 'unsupported');
    },
  },
];

function sorted(
  bench: { readonly capabilities: { readonly list?: { readonly order: string } | undefined } },
  keys: readonly string[],
): readonly string[] {
  return bench.capabilities.list?.order === 'utf8' ? keys : keys.toSorted();
}
