// `npm run build`: the package as it is published. One file that holds our sources and what they depend on: Node strips
// no types inside node_modules, loading one file takes half the time of loading six hundred, and whoever installs Ferry
// runs exactly the versions it was tested with.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { buildConsole } from './lib/console.ts';

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [
    'src/ferry.ts',
    // Threads are programs of their own, beside the one that starts them.
    'src/engine/move/hash-thread.ts',
  ],
  entryNames: '[name]',
  // Two folders deep, as the sources that look for package.json and schema/ are.
  outdir: 'dist/bin',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // Node 24 does it itself, faster than what would be written in its place.
  supported: { using: true },
  // Dependencies that are CommonJS ask for Node's own modules by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
});
chmodSync('dist/bin/ferry.js', 0o755);
const page = await buildConsole('dist/console');
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licences(metafile, page));
console.log('built dist/bin/ferry.js and dist/console');

/** The licence of every package that is part of a bundle, as their terms ask. */
function licences(...bundles: readonly Metafile[]): string {
  const folders = new Set<string>();
  for (const path of bundles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const folder = /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders].sort().map(licence).join('\n\n');
}

function licence(folder: string): string {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${folder} holds no licence`);
  return `${folder.replace(/^.*node_modules\//, '')}\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
}
