/**
 * How many bodies may share a limited bandwidth.
 *
 * Each waits for its turn at the limit. Where too many wait, each stands still for so long that stores take it for dead,
 * and what an interruption throws away is a piece of all of them. So there are as many as get `SHARE` each; one that
 * gets so much is not held up by the time a request takes to arrive.
 */
import { KiB } from '../../model/units.ts';

/** Bytes per second for each. */
const SHARE = 256 * KiB;
/** One stream would leave the line idle between two objects. */
const LEAST = 2;
/** What is over sooner, seconds at the whole limit, is none of them: requests bound it, not bytes. */
const BRIEF = 0.25;

/** Bodies at once under a limit of so many bytes per second; undefined: no limit. */
export function streamsAt(bandwidth: number | undefined): number {
  return bandwidth === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST, Math.floor(bandwidth / SHARE));
}

/** Whether an object of so many bytes counts as one of them. */
export function isStream(size: number, bandwidth: number | undefined): boolean {
  return bandwidth !== undefined && size > bandwidth * BRIEF;
}
