/**
 * `ferry` as `src/main.ts` starts it, but that leases are short, so that one run shows what happens when they end; and
 * with one rule broken where a test asks for that.
 */
import { allStores } from '../../../src/all-stores.ts';
import { openServices } from '../../../src/cli/open-services.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { isBroken, BROKEN } from './broken.ts';
import { SHORT } from './short.ts';

const stores = allStores();
const broken = process.env['FERRY_BROKEN'];
if (broken !== undefined && isBroken(broken)) BROKEN[broken]();

process.exitCode = await runProgram(process.argv.slice(2), {
  io: { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env },
  signals: process,
  now: Date.now,
  exit: (code) => process.exit(code),
  stores,
  openServices: (globals, warn) =>
    openServices({
      registry: stores,
      env: process.env,
      globals,
      now: Date.now,
      random: Math.random,
      warn,
      timing: SHORT,
    }),
});
