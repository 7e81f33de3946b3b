// `npm run check`: everything a reviewer would run by hand, within a minute.
import { globSync } from 'node:fs';
import { runStep, STATIC_STEPS } from './lib/steps.ts';
import { runSuite } from './lib/suite.ts';

const [tests, ...steps] = await Promise.all([
  runSuite({ name: 'unit and conformance', files: globSync('test/{unit,conformance}/**/*.test.ts'), timeout: 60_000 }),
  ...STATIC_STEPS.map(runStep),
]);
process.exitCode = tests.failed === 0 && steps.every(Boolean) ? 0 : 1;
