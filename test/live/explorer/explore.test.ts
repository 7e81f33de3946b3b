import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explore } from './explore.ts';
import { ExplorerWorld } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

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
