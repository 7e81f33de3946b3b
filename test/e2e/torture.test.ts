// Random workloads on a bucket that is moved by real processes, which are killed and stopped at random. `npm run torture
// -- --processes` goes on for hours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCeph, unavailable } from '../peers/servers.ts';
import { runCephSeed, runFaultSeed } from '../live/processes/run-processes.ts';
import { BROKEN, isBroken } from '../live/processes/broken.ts';

const SEEDS = [1, 3, 4, 5, 6, 7];
const CEPH_SEEDS = [1];

for (const seed of SEEDS)
  test(`servers that go wrong, seed ${seed}`, async (t) => {
    const { operations, phases, wrong } = await runFaultSeed(seed);
    assert.equal(wrong, undefined, `npm run torture -- --processes ${seed}\n${wrong}`);
    t.diagnostic(`${operations} operations, ${phases.join(', ')}`);
  });

test('two Ceph clusters', { skip: unavailable('ceph') }, async (t) => {
  await using old = await startCeph({ kind: 'memstore' });
  await using next = await startCeph({ kind: 'memstore' });
  for (const seed of CEPH_SEEDS) {
    const { operations, phases, wrong } = await runCephSeed(seed, old, next);
    assert.equal(wrong, undefined, `npm run torture -- --ceph ${seed}\n${wrong}`);
    t.diagnostic(`${operations} operations, ${phases.join(', ')}`);
  }
});

for (const broken of Object.keys(BROKEN).filter(isBroken))
  test(`clients notice gateways that are broken: ${broken}`, async () => {
    let noticed: string | undefined;
    for (let seed = 1; seed <= 6 && noticed === undefined; seed++) noticed = (await runFaultSeed(seed, broken)).wrong;
    assert.match(noticed ?? 'nothing', /not linearizable|holds|differs/);
  });
