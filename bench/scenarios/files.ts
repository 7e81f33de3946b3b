import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MiB } from '../../src/model/units.ts';
import { openArena } from '../lib/open-arena.ts';
import { PoolContent } from '../s3/content.ts';
import { keyOf, type Fill } from '../server.ts';
import { compareCopies, type Copying } from './compare-copies.ts';
import { RCLONES_FOR_LARGE } from './large.ts';
import type { Scenario, Setting } from './scenario.ts';
import { RCLONES_FOR_SMALL, SMALL } from './small.ts';

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
      const fill: Fill = { bucket: 'source', objects, size: SMALL };
      await compareFiles(setting, cache, { fill, rclones: RCLONES_FOR_SMALL, unit: 'objects' });
    },
  };
}

export const largeFiles: Scenario = {
  name: 'files-large',
  summary: '6 files of 256 MiB, file → S3, all of them in the page cache',
  run: (setting) =>
    compareFiles(setting, 'warm', {
      fill: { bucket: 'source', objects: 6, size: 256 * MiB, partSize: 16 * MiB },
      rclones: RCLONES_FOR_LARGE,
      unit: 'MB',
    }),
};

async function compareFiles(setting: Setting, cache: 'warm' | 'cold', copying: Copying): Promise<void> {
  await using arena = await openArena(setting);
  await arena.populate(copying.fill);
  const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-files-'));
  try {
    writeFiles(dir, copying.fill);
    const from = { type: 'file', path: dir };
    const before = cache === 'cold' ? emptyCache : (): void => readAll(dir);
    await compareCopies(arena, setting, { ...copying, from, fromRclone: dir, before });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const DROP_CACHES = '/proc/sys/vm/drop_caches';

/** Of file contents; names and inodes stay. What is not yet on disk would stay, too. */
function emptyCache(): void {
  execFileSync('sync');
  writeFileSync(DROP_CACHES, '1');
}

function readAll(dir: string): void {
  const buffer = Buffer.alloc(MiB);
  for (const name of readdirSync(dir)) {
    const file = openSync(join(dir, name), 'r');
    while (readSync(file, buffer) > 0);
    closeSync(file);
  }
}

/** The objects of the source bucket as files. */
function writeFiles(dir: string, { objects, size }: Fill): void {
  for (let i = 0; i < objects; i++) {
    const file = openSync(join(dir, keyOf(i, objects)), 'w');
    const content = new PoolContent(i, size);
    for (let at = 0; at < size; at += MiB) writevSync(file, content.slices(at, Math.min(size, at + MiB)));
    closeSync(file);
  }
}
