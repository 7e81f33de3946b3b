/**
 * Whole gateways with one rule broken: what is wrong with them has to show in what clients see. Here are those that show
 * within seeds. That nobody waits for a claim does not within 40, and that a stopped gateway takes itself to be live can
 * not: its timers tell it before anything else is done. The explorer catches both (`variants.ts`).
 */
import { KeyTables } from '../../../src/state/sqlite/moving/key-tables.ts';

/** Each breaks this process for good. */
export const BROKEN = {
  'new alone never decides': () => {
    KeyTables.prototype.isTouched = () => false;
    KeyTables.prototype.touchedAmong = () => new Set();
  },
  'writes to new are not recorded': () => {
    KeyTables.prototype.beginWrite = function (key, member) {
      return this.add('write', key, member);
    };
    KeyTables.prototype.endWrite = function (id, _key, inDoubt) {
      this.end(id, inDoubt);
    };
  },
} satisfies Readonly<Record<string, () => void>>;

export type Broken = keyof typeof BROKEN;

export function isBroken(name: string): name is Broken {
  return name in BROKEN;
}
