import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explore } from './explore.ts';
import { ExplorerWorld } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { VARIANTS } from './variants.ts';

describe('what happens without one rule', () => {
  for (const scenario of SCENARIOS)
    for (const name of scenario.catches ?? [])
      test(`${name}: caught by "${scenario.name}"`, async () => {
        const begin = (): Promise<ExplorerWorld> => ExplorerWorld.begin(scenario, VARIANTS[name]);
        const { bad } = await explore(begin, { preemptions: 2 });
        assert.match(bad ?? 'not caught', /^not linearizable/);
      });

  test('every variant is caught somewhere', () => {
    const caught = new Set(SCENARIOS.flatMap(({ catches }) => catches ?? []));
    assert.deepEqual(
      Object.keys(VARIANTS).filter((name) => !new Set<string>(caught).has(name)),
      [],
    );
  });
});
