// `npm run check`: everything a reviewer would run by hand, within a minute.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const bin = (name: string): string => `node_modules/.bin/${name}`;
const steps: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', bin('tsc'), ['-p', '.']],
  ['lint', bin('oxlint'), ['--type-aware', '--quiet']],
  ['format', bin('oxfmt'), ['--check', '.']],
  ['tests', process.execPath, ['--test', '--test-reporter=dot', ...globSync('test/{unit,conformance}/**/*.test.ts')]],
];

for (const [name, command, args] of steps) {
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (status !== 0) process.exit(1);
}
