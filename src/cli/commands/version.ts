import type { Command } from '../command.ts';
import { jsonLine } from '../output/json.ts';
import { VERSION } from '../version.ts';

/** `ferry version`. */
export const versionCommand: Command = {
  name: 'version',
  summary: 'Show the version of Ferry and of what it runs on.',
  options: [],
  examples: [{ line: 'ferry version', does: 'a line to put into a bug report' }],
  exits: ['ok'],
  run: ({ io, globals }) => {
    const facts = { ferry: VERSION, node: process.versions.node, platform: process.platform, arch: process.arch };
    const text = `ferry ${facts.ferry} (Node.js ${facts.node}, ${facts.platform} ${facts.arch})\n`;
    io.stdout.write(globals.json ? jsonLine('version', facts) : text);
    return Promise.resolve('ok');
  },
};
