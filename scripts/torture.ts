// `npm run torture`: random workloads on buckets that are being moved, one seed after the other, until one fails or Ctrl-C.
// `npm run torture -- 17` runs seed 17 alone; `npm run torture -- 1000 2000` those from 1000 on, before 2000.
// Without more everything is in this process, under simulated time: a seed does the same each time. With `--processes`
// real `ferry serve` processes are killed and stopped over servers that go wrong, with `--ceph` over two Ceph clusters;
// there a seed repeats what is done, not the instant at which it is. `--ceph --bare` asks one cluster and no gateway.
import { parseArgs } from 'node:util';
import { runSeed } from '../test/live/workload/run-seed.ts';
import type { Outcome } from '../test/live/workload/workload.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { processes: { type: 'boolean' }, ceph: { type: 'boolean' }, bare: { type: 'boolean' } },
});
const [first, end] = positionals.map(Number);
const from = first ?? Math.floor(Math.random() * 1e9);
const until = end ?? (first === undefined ? Infinity : first + 1);
await using opened = new AsyncDisposableStack();
const run = await runner();
let operations = 0;
let told = performance.now();
for (let seed = from; seed < until; seed++) {
  const outcome = await run(seed).catch((error: unknown) => ({
    operations: 0,
    phases: [],
    wrong: error instanceof Error ? error.stack : String(error),
  }));
  operations += outcome.operations;
  if (outcome.wrong !== undefined) {
    console.error(`seed ${seed} (${outcome.phases.join(', ')})\n${outcome.wrong}`);
    process.exitCode = 1;
    break;
  }
  if (performance.now() - told < 10_000 && seed < until - 1) continue;
  told = performance.now();
  console.log(`seeds ${from} to ${seed}: ${operations} operations, nothing wrong`);
}

/** Loaded only where asked for: what starts servers takes a moment. */
async function runner(): Promise<(seed: number) => Promise<Outcome>> {
  if (values.ceph) {
    const { startCeph } = await import('../test/peers/servers.ts');
    const { runBareCephSeed, runCephSeed } = await import('../test/live/processes/run-processes.ts');
    const old = opened.use(await startCeph({ kind: 'memstore' }));
    if (values.bare) return (seed) => runBareCephSeed(seed, old);
    const next = opened.use(await startCeph({ kind: 'memstore' }));
    return (seed) => runCephSeed(seed, old, next);
  }
  if (!values.processes) return runSeed;
  const { runFaultSeed } = await import('../test/live/processes/run-processes.ts');
  return runFaultSeed;
}
