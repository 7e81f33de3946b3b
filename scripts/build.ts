// `npm run build`: the package as it is published, in dist/, because Node strips no types inside node_modules.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
chmodSync('dist/ferry.js', 0o755);
console.log('built dist/ferry.js');
