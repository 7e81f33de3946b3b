import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VARIANTS } from '../explorer/variants.ts';
import type { LocalVariant } from './local-world.ts';
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

/** Rules that hold below the explorer's stores. */
const LAYERS: Readonly<Record<string, LocalVariant>> = {
  'what got no answer is sent again for clients': { resends: true },
};

describe('clients notice what is broken', () => {
  for (const [name, variant] of Object.entries(LAYERS)) test(name, async () => await noticed(variant));

  for (const name of [
    'fallback without reading the record',
    'the copy ignores the record',
    'the copy overwrites',
    'writes to new are not recorded',
    'no promotion before what depends on the object',
    'a listing reads no record',
  ] as const)
    test(name, async () => await noticed(VARIANTS[name]));
});

async function noticed(variant: LocalVariant): Promise<void> {
  let wrong: string | undefined;
  for (let seed = 1; seed <= 40 && wrong === undefined; seed++) wrong = (await runSeed(seed, variant)).wrong;
  assert.match(wrong ?? 'nothing', /not linearizable|written back/);
}
