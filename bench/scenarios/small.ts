import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArena } from '../lib/open-arena.ts';
import { PoolContent } from '../s3/content.ts';
import { keyOf, type Fill } from '../server.ts';
import { compareCopies } from './compare-copies.ts';
import type { Scenario, Setting } from './scenario.ts';

const SIZE = 4096;
const RCLONES = [16, 32, 64].map((n) => [`--transfers=${n}`, `--checkers=${n}`]);

/** Objects of 4 KiB from S3 to S3. */
export function small(objects: number): Scenario {
  return {
    name: `small-${objects / 1000}k`,
    summary: `${objects.toLocaleString('en')} objects of 4 KiB, S3 → S3`,
    async run(setting: Setting) {
      await using arena = await openArena(setting);
      const fill: Fill = { bucket: 'source', objects, size: SIZE };
      await arena.populate(fill);
      await compareCopies(arena, setting, { fill, rclones: RCLONES, unit: 'objects' });
    },
  };
}

/**
 * Files of 4 KiB to S3. What the page cache holds decides as much as the tools do, and rclone empties it of what it has
 * read: so before every run either all files are in it or none is.
 */
export function smallFiles(objects: number, cache: 'warm' | 'cold'): Scenario {
  return {
    name: `files-${objects / 1000}k${cache === 'cold' ? '-cold' : ''}`,
    summary: `${objects.toLocaleString('en')} files of 4 KiB, file → S3, ${cache === 'cold' ? 'none' : 'all'} of them in the page cache`,
    async run(setting: Setting) {
      if (cache === 'cold' && !existsSync(DROP_CACHES)) return console.log(`left out: ${DROP_CACHES} is Linux's`);
      if (cache === 'cold' && process.getuid?.() !== 0)
        return console.log('left out: only root can empty the page cache');
      await using arena = await openArena(setting);
      const fill: Fill = { bucket: 'source', objects, size: SIZE };
      await arena.populate(fill);
      const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-files-'));
      try {
        writeFiles(dir, fill);
        const from = { type: 'file', path: dir };
        const before = cache === 'cold' ? emptyCache : (): void => readAll(dir);
        await compareCopies(arena, setting, { fill, from, fromRclone: dir, rclones: RCLONES, unit: 'objects', before });
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  };
}

const DROP_CACHES = '/proc/sys/vm/drop_caches';

/** Of file contents; names and inodes stay. What is not yet on disk would stay, too. */
function emptyCache(): void {
  execFileSync('sync');
  writeFileSync(DROP_CACHES, '1');
}

function readAll(dir: string): void {
  for (const name of readdirSync(dir)) readFileSync(join(dir, name));
}

/** The objects of the source bucket as files. */
function writeFiles(dir: string, { objects, size }: Fill): void {
  mkdirSync(dir, { recursive: true });
  for (let i = 0; i < objects; i++) {
    const [bytes] = new PoolContent(i, size).slices(0, size);
    writeFileSync(join(dir, keyOf(i, objects)), bytes!);
  }
}
