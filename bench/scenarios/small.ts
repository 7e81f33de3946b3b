import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

/** Files of 4 KiB to S3. */
export function smallFiles(objects: number): Scenario {
  return {
    name: `files-${objects / 1000}k`,
    summary: `${objects.toLocaleString('en')} files of 4 KiB, file → S3`,
    async run(setting: Setting) {
      await using arena = await openArena(setting);
      const fill: Fill = { bucket: 'source', objects, size: SIZE };
      await arena.populate(fill);
      const dir = mkdtempSync(join(tmpdir(), 'ferry-bench-files-'));
      try {
        writeFiles(dir, fill);
        const from = { type: 'file', path: dir };
        await compareCopies(arena, setting, { fill, from, fromRclone: dir, rclones: RCLONES, unit: 'objects' });
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  };
}

/** The objects of the source bucket as files. */
function writeFiles(dir: string, { objects, size }: Fill): void {
  mkdirSync(dir, { recursive: true });
  for (let i = 0; i < objects; i++) {
    const [bytes] = new PoolContent(i, size).slices(0, size);
    writeFileSync(join(dir, keyOf(i, objects)), bytes!);
  }
}
