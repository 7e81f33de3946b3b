/** Wiring only: the process around the command line. */
import { allStores } from './all-stores.ts';
import { openServices } from './cli/open-services.ts';
import { runProgram } from './cli/program.ts';
import { boundHeap } from './observe/heap-bounds.ts';
import { onClockSkew } from './stores/s3/clock.ts';

boundHeap();
const stores = allStores();

// Nobody reads any more (`ferry status | head`): what matters is in the state, so the run goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

process.exitCode = await runProgram(process.argv.slice(2), {
  io: { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env },
  signals: process,
  now: Date.now,
  exit: (code) => process.exit(code),
  stores,
  openServices: (globals, warn) => {
    onClockSkew(({ store, skew }) => {
      const seconds = Math.abs(Math.round(skew / 1000));
      warn(`this machine's clock and that of ${store} differ by ${seconds} s; requests are signed for theirs`);
    });
    return openServices({ registry: stores, env: process.env, globals, now: Date.now, random: Math.random, warn });
  },
});

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
