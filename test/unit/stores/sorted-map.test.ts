import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareKeys } from '../../../src/model/key.ts';
import { SortedMap } from '../../../src/stores/memory/sorted-map.ts';

test('a sorted map is a map whose scans are in UTF-8 order', () => {
  const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 200 }), key, (steps, start) => {
      const map = new SortedMap<number>();
      const model = new Map<string, number>();
      for (const [i, [name, keep]] of steps.entries()) {
        if (keep) {
          map.set(name, i);
          model.set(name, i);
        } else assert.equal(map.delete(name), model.delete(name));
      }
      assert.equal(map.size, model.size);
      for (const [name] of steps) assert.equal(map.get(name), model.get(name));
      const expected = [...model].filter(([name]) => compareKeys(name, start) >= 0);
      expected.sort(([a], [b]) => compareKeys(a, b));
      assert.deepEqual(scan(map, start), expected);
    }),
  );
});

test('a hundred thousand keys in any order split into blocks and stay sorted', () => {
  const map = new SortedMap<number>();
  const count = 100_000;
  for (let i = 0; i < count; i++) map.set(`k${String((i * 7919) % count).padStart(6, '0')}`, i);
  assert.equal(map.size, count);
  const keys = scan(map, '').map(([key]) => key);
  assert.equal(keys.length, count);
  assert.ok(keys.every((key, i) => key === `k${String(i).padStart(6, '0')}`));
  for (let i = 0; i < count; i += 2) map.delete(`k${String(i).padStart(6, '0')}`);
  assert.equal(scan(map, 'k050000')[0]![0], 'k050001');
  assert.equal(map.size, count / 2);
});

function scan(map: SortedMap<number>, start: string): readonly (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  map.scan(start, (key, value) => {
    found.push([key, value]);
    return true;
  });
  return found;
}
