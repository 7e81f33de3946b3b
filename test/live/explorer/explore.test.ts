import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explore } from './explore.ts';
import { ExplorerWorld } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { VARIANTS } from './variants.ts';

/** `FERRY_PREEMPTIONS=4` goes deeper than every check can. */
const MORE = Number(process.env['FERRY_PREEMPTIONS'] ?? 0);

describe('every order of steps, on the code itself', () => {
  for (const scenario of SCENARIOS)
    test(scenario.name, async (t) => {
      const preemptions = Math.max(scenario.preemptions ?? 2, MORE);
      const { bad, cut, runs, states, endings } = await explore(() => ExplorerWorld.begin(scenario), { preemptions });
      t.diagnostic(`${runs} runs, ${states} states, ${endings} endings`);
      assert.equal(bad, undefined, bad);
      assert.equal(cut, false);
      assert.ok(endings > 10);
    });
});

describe('what happens without one rule', () => {
  for (const scenario of SCENARIOS)
    for (const name of scenario.catches ?? [])
      test(`${name}: caught by "${scenario.name}"`, async () => {
        const begin = (): Promise<ExplorerWorld> => ExplorerWorld.begin(scenario, VARIANTS[name]);
        const { bad } = await explore(begin, { preemptions: scenario.preemptions ?? 2 });
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
