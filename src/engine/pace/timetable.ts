/** Which bandwidth limit holds now. */
import type { BandwidthEntry } from '../../model/task.ts';

const DAY = 24 * 60;

/**
 * The limit in bytes per second at local time `now`; undefined for none. An entry holds from its time until the next
 * entry's, across midnight and days.
 */
export function bandwidthAt(entries: readonly BandwidthEntry[], now: Date): number | undefined {
  let limit: number | undefined;
  let newest = Number.POSITIVE_INFINITY;
  const minute = now.getHours() * 60 + now.getMinutes();
  for (const entry of entries) {
    for (const day of entry.days ?? [0, 1, 2, 3, 4, 5, 6]) {
      const age = ((((now.getDay() - day) * DAY + minute - entry.minute) % (7 * DAY)) + 7 * DAY) % (7 * DAY);
      if (age < newest) {
        newest = age;
        limit = entry.bytesPerSecond;
      }
    }
  }
  return limit;
}
