import { MiB } from '../../src/model/units.ts';
import { openArena } from '../lib/open-arena.ts';
import type { Fill } from '../server.ts';
import { compareCopies } from './compare-copies.ts';
import type { Scenario } from './scenario.ts';

/**
 * rclone takes objects of 200 MiB and more in parts, and signs the SHA-256 of each; its part size and how many go at once
 * decide how fast. Above the cutoff it sends them whole and unsigned, which costs it least: it may choose that too.
 */
const COMMON = ['--transfers=4', '--s3-disable-checksum'];
export const RCLONES_FOR_LARGE = [
  [...COMMON, '--s3-upload-cutoff=5G'],
  ...[16, 64].flatMap((chunk) =>
    [4, 8].map((parts) => [...COMMON, `--s3-chunk-size=${chunk}M`, `--s3-upload-concurrency=${parts}`]),
  ),
];

export const large: Scenario = {
  name: 'large',
  summary: '12 objects of 256 MiB, uploaded in parts of 16 MiB, S3 → S3',
  async run(setting) {
    await using arena = await openArena(setting);
    const fill: Fill = { bucket: 'source', objects: 12, size: 256 * MiB, partSize: 16 * MiB };
    await arena.populate(fill);
    await compareCopies(arena, setting, { fill, rclones: RCLONES_FOR_LARGE, unit: 'MB' });
  },
};
