/** Whole gateways with one rule broken: what is wrong with them has to show in what clients see. */
import { KeyTables } from '../../../src/state/sqlite/moving/key-tables.ts';
import { SqliteMember } from '../../../src/state/sqlite/moving/member.ts';

/** Each breaks this process for good. */
export const BROKEN = {
  'new alone never decides': () => {
    KeyTables.prototype.isTouched = () => false;
    KeyTables.prototype.touchedAmong = () => new Set();
  },
  'nobody waits for a claim or an intent': () => {
    KeyTables.prototype.stands = () => false;
  },
  'writes to new are not recorded': () => {
    KeyTables.prototype.beginWrite = function (key, member) {
      return this.add('write', key, member);
    };
    KeyTables.prototype.endWrite = function (id, _key, inDoubt) {
      this.end(id, inDoubt);
    };
  },
  'a gateway does not notice that it was stopped': () => {
    SqliteMember.prototype.isLive = () => true;
  },
} satisfies Readonly<Record<string, () => void>>;

export type Broken = keyof typeof BROKEN;

export function isBroken(name: string): name is Broken {
  return name in BROKEN;
}
