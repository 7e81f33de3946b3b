import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeySpace } from '../../../src/engine/list/key-space.ts';
import { compareKeys } from '../../../src/model/key.ts';

const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });

test('a cut lies strictly between its bounds, whatever was learnt', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 20 }), key, key, (seen, x, y) => {
      const space = new KeySpace();
      for (const k of seen) space.learn(k);
      const [a, b] = compareKeys(x, y) < 0 ? [x, y] : [y, x];
      for (const [after, through] of [
        [a, b],
        [undefined, b],
        [a, undefined],
      ] as const) {
        const cut = space.cut('', after, through);
        if (cut === undefined) continue;
        assert.ok(cut.isWellFormed());
        if (after !== undefined) assert.ok(compareKeys(after, cut) < 0);
        if (through !== undefined) assert.ok(compareKeys(cut, through) < 0);
      }
    }),
  );
});

test('repeated cuts spread a flat numbered bucket evenly after one page', () => {
  const name = (n: number): string => `logs/k${String(n).padStart(7, '0')}`;
  const space = new KeySpace();
  for (let n = 0; n < 1000; n += 50) space.learn(name(n));
  let ranges: [string | undefined, string | undefined][] = [[name(999), undefined]];
  for (let round = 0; round < 7; round++) {
    ranges = ranges.flatMap(([after, through]): [string | undefined, string | undefined][] => {
      const cut = space.cut('logs/', after, through);
      return cut === undefined
        ? [[after, through]]
        : [
            [after, cut],
            [cut, through],
          ];
    });
  }
  const counts = ranges.map(([after, through]) => {
    let count = 0;
    for (let n = 1000; n < 1_000_000; n += 1000) {
      const k = name(n);
      if ((after === undefined || compareKeys(k, after) > 0) && (through === undefined || compareKeys(k, through) <= 0))
        count++;
    }
    return count;
  });
  assert.equal(
    counts.reduce((x, y) => x + y, 0),
    999,
    'every key in exactly one range',
  );
});

test('the middle of adjacent characters is found behind them', () => {
  const space = new KeySpace();
  for (const k of ['a/000', 'a/500', 'a/999', 'b/000', 'b/999']) space.learn(k);
  const cut = space.cut('', 'a/100', 'b');
  assert.ok(cut !== undefined && cut.startsWith('a/') && cut > 'a/3' && cut < 'a/8', cut);
});
