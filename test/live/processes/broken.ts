/**
 * Whole gateways with one rule broken: what is wrong with them has to show in what clients see. Here is what shows within
 * a few seeds wherever it was run. That writes to new are not recorded showed at the first seed on one machine and not in
 * six on another; that nobody waits for a claim did not show in 40; that a stopped gateway takes itself to be live was not
 * tried for long. The explorer catches all of them (`variants.ts`).
 */
import { KeyTables } from '../../../src/state/sqlite/moving/key-tables.ts';

/** Each breaks this process for good. */
export const BROKEN = {
  'new alone never decides': () => {
    KeyTables.prototype.isTouched = () => false;
    KeyTables.prototype.touchedAmong = () => new Set();
  },
} satisfies Readonly<Record<string, () => void>>;

export type Broken = keyof typeof BROKEN;

export function isBroken(name: string): name is Broken {
  return name in BROKEN;
}
