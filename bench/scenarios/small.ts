import { openArena } from '../lib/open-arena.ts';
import type { Fill } from '../server.ts';
import { compareCopies } from './compare-copies.ts';
import type { Scenario, Setting } from './scenario.ts';

export const SMALL = 4096;
export const RCLONES_FOR_SMALL = [16, 32, 64].map((n) => [`--transfers=${n}`, `--checkers=${n}`]);

/** Objects of 4 KiB from S3 to S3. */
export function small(objects: number): Scenario {
  return {
    name: `small-${objects / 1000}k`,
    summary: `${objects.toLocaleString('en')} objects of 4 KiB, S3 → S3`,
    async run(setting: Setting) {
      await using arena = await openArena(setting);
      const fill: Fill = { bucket: 'source', objects, size: SMALL };
      await arena.populate(fill);
      await compareCopies(arena, setting, { fill, rclones: RCLONES_FOR_SMALL, unit: 'objects' });
    },
  };
}
