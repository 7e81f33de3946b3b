/** Builds the console: one script, one stylesheet, a page and an icon, all in one folder. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';

const SOURCES = join(import.meta.dirname, '../../console');

/** Resolves with what the script is made of. */
export async function buildConsole(folder: string): Promise<Metafile> {
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: { console: join(SOURCES, 'src/main.tsx') },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    // Each has light-dark(), @property and popovers.
    target: ['chrome123', 'firefox128', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'icon.svg']) copyFileSync(join(SOURCES, file), join(folder, file));
  return metafile;
}
