#!/usr/bin/env node
/** Wiring only: which stores there are, and the command line around them. */
import { openServices } from './cli/open-services.ts';
import { runProgram } from './cli/program.ts';
import { StoreRegistry } from './store/registry.ts';
import { generatedDriver } from './stores/generated/driver.ts';
import { fileDriver } from './stores/file/driver.ts';
import { filelistDriver } from './stores/filelist/driver.ts';
import { httpDriver } from './stores/http/driver.ts';
import { memoryDriver } from './stores/memory/driver.ts';
import { onClockSkew } from './stores/s3/clock.ts';
import { s3Drivers } from './stores/s3/driver.ts';

// Nobody reads any more (`ferry status | head`): what matters is in the state, so the run goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

const files = fileDriver();
using _ = onClockSkew(({ store, skew }) =>
  warn(
    `this machine's clock and that of ${store} differ by ${Math.abs(Math.round(skew / 1000))} s; requests are signed for theirs`,
  ),
);

process.exitCode = await runProgram(process.argv.slice(2), {
  io: { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env },
  signals: process,
  now: Date.now,
  exit: (code) => process.exit(code),
  openServices: (globals) =>
    openServices({
      registry: new StoreRegistry([
        files,
        filelistDriver(files),
        httpDriver(),
        memoryDriver(),
        generatedDriver(),
        ...s3Drivers(),
      ]),
      env: process.env,
      globals,
      now: Date.now,
      random: Math.random,
      warn,
    }),
});

function warn(message: string): void {
  process.stderr.write(`ferry: ${message}\n`);
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
