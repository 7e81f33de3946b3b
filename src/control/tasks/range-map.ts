/** The keys of a pass as a map: which are dealt with, which are being dealt with, which wait. */
import { compareKeys } from '../../model/key.ts';
import type { StateStore } from '../../state/state-store.ts';

export interface MappedRange {
  /** Keys greater than this, up to and including `through`; null: from the first, to the last. */
  readonly after: string | null;
  readonly through: string | null;
  /** Every key up to this one is dealt with. */
  readonly position: string | null;
  /** `failed`: dealt with, but for objects that failed. */
  readonly state: 'done' | 'active' | 'waiting' | 'failed';
}

/** Open ranges that are told one by one; between any two of them lies one that is done. */
const OPEN = 499;

/** In order of keys; what lies behind the first 499 open ranges is told as one that waits. */
export async function rangeMap(
  state: StateStore,
  name: string,
  running: boolean,
  over: boolean,
): Promise<MappedRange[]> {
  const open = await state.openRanges(name, OPEN);
  if (open.count === 0) return over ? [await dealtWith(state, name, null, null)] : [];
  const map: MappedRange[] = [];
  let after: string | null = null;
  for (const range of open.ranges) {
    if (range.after !== after && range.after !== null) map.push(await dealtWith(state, name, after, range.after));
    const begun = range.position !== null && range.position !== range.after;
    const { through, position } = range;
    map.push({ after: range.after, through, position, state: running && begun ? 'active' : 'waiting' });
    after = through;
    if (through === null) return map;
  }
  if (open.count > open.ranges.length) map.push({ after, through: null, position: null, state: 'waiting' });
  else map.push(await dealtWith(state, name, after, null));
  return map;
}

async function dealtWith(
  state: StateStore,
  name: string,
  after: string | null,
  through: string | null,
): Promise<MappedRange> {
  const [failure] = await state.failures(name, { limit: 1, ...(after === null ? {} : { after }) });
  const failed = failure !== undefined && (through === null || compareKeys(failure.key, through) <= 0);
  return { after, through, position: through, state: failed ? 'failed' : 'done' };
}
