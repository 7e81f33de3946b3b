// `npm run torture`: random workloads on buckets that are being moved, one seed after the other, until one fails or Ctrl-C.
// `npm run torture -- 17` runs seed 17 alone; `npm run torture -- 1000 2000` those from 1000 on, before 2000.
import { runSeed } from '../test/live/workload/run-seed.ts';

const [first, end] = process.argv.slice(2).map(Number);
const from = first ?? Math.floor(Math.random() * 1e9);
const until = end ?? (first === undefined ? Infinity : first + 1);
let operations = 0;
let told = performance.now();
for (let seed = from; seed < until; seed++) {
  const outcome = await runSeed(seed);
  operations += outcome.operations;
  if (outcome.wrong !== undefined) {
    console.error(`seed ${seed} (${outcome.phases.join(', ')})\n${outcome.wrong}`);
    process.exit(1);
  }
  if (performance.now() - told < 10_000 && seed < until - 1) continue;
  told = performance.now();
  console.log(`seeds ${from} to ${seed}: ${operations} operations, nothing wrong`);
}
