#!/usr/bin/env node
/** The command. An older Node.js cannot even load the rest, so this says so before anything is loaded. */
const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) >= NEEDED) await import('./main.ts');
else {
  process.stderr.write(`ferry: this needs Node.js ${NEEDED} or later, and runs on ${process.versions.node}\n`);
  process.exitCode = 2;
}
