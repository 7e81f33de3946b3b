// `npm run build`: the package as it is published. Node strips no types inside node_modules, and loading one file takes
// half the time of loading three hundred, so our own sources become one; dependencies stay what npm installed.
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/ferry.ts'],
  // Two folders deep, as the sources that look for package.json and schema/ are.
  outdir: 'dist/bin',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  sourcemap: 'linked',
});
chmodSync('dist/bin/ferry.js', 0o755);
console.log('built dist/bin/ferry.js');
