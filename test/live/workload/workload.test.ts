import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VARIANTS } from '../explorer/variants.ts';
import { runSeed } from './run-seed.ts';

const SEEDS = 200;
const TOGETHER = 20;

describe('clients see one store, whatever happens', () => {
  for (let first = 1; first <= SEEDS; first += TOGETHER)
    test(`seeds ${first} to ${first + TOGETHER - 1}`, async () => {
      for (let seed = first; seed < first + TOGETHER; seed++) {
        const { wrong } = await runSeed(seed);
        assert.equal(wrong, undefined, `npm run torture -- ${seed}\n${wrong}`);
      }
    });

  test('a seed gives the same each time', async () => {
    assert.deepEqual(await runSeed(7), await runSeed(7));
  });
});

describe('clients notice what is broken', () => {
  for (const name of [
    'fallback without reading the record',
    'the copy ignores the record',
    'the copy overwrites',
    'writes to new are not recorded',
    'no promotion before what depends on the object',
    'a listing reads no record',
  ] as const)
    test(name, async () => {
      let noticed: string | undefined;
      for (let seed = 1; seed <= 40 && noticed === undefined; seed++)
        noticed = (await runSeed(seed, VARIANTS[name])).wrong;
      assert.match(noticed ?? 'nothing', /not linearizable|written back/);
    });
});
