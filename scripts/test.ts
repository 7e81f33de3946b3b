// `npm test`: every suite there is. `npm test -- faults peers` runs some of them.
import { globSync } from 'node:fs';
import { installServers, TEST_PEERS } from './install-servers.ts';
import { runStep, STATIC_STEPS, type Step } from './lib/steps.ts';
import { runSuite, type Totals } from './lib/suite.ts';

const MINUTE = 60_000;

/** In the order they run; as many files at once as there are processors, but for those whose times are looked at. */
const SUITES: Readonly<Record<string, { readonly concurrency?: number; readonly timeout: number }>> = {
  unit: { timeout: MINUTE },
  conformance: { timeout: MINUTE },
  live: { timeout: 5 * MINUTE },
  faults: { timeout: 5 * MINUTE },
  peers: { concurrency: 1, timeout: 10 * MINUTE },
  console: { concurrency: 1, timeout: 3 * MINUTE },
  e2e: { timeout: 10 * MINUTE },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => name !== 'static' && !(name in SUITES));
if (unknown.length > 0) {
  console.error(`no suite is called ${unknown.join(', ')}; there are: static, ${Object.keys(SUITES).join(', ')}`);
  process.exit(2);
}
const runs = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const all: Totals[] = [];
const take = async (step: Step): Promise<void> => {
  const ok = await runStep(step);
  all.push({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, leftOut: [] });
};
if (runs('static')) for (const step of STATIC_STEPS) await take(step);
if (runs('peers') || runs('e2e')) console.log(installServers(TEST_PEERS));
else if (runs('console')) console.log(installServers(['chromium']));
// What the end-to-end tests run; before, so that no two of them build it at once.
if (runs('console') || runs('e2e')) await take({ name: 'build', command: 'node', args: ['scripts/build.ts'] });
for (const [name, limits] of Object.entries(SUITES)) {
  const files = globSync(`test/${name}/**/*.test.ts`).sort();
  if (runs(name) && files.length > 0) all.push(await runSuite({ name, files, verbose: true, ...limits }));
}

const leftOut = all.flatMap((totals) => totals.leftOut);
if (leftOut.length > 0) console.log(`left out:\n  ${leftOut.join('\n  ')}`);
const sum = (field: 'passed' | 'failed' | 'skipped'): number => all.reduce((total, each) => total + each[field], 0);
console.log(`tests: ${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
