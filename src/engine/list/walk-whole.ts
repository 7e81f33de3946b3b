import { LiveRange } from './live-range.ts';
import { Tally } from './tally.ts';
import { walk, type Walk } from './walk.ts';

/** Walks all keys, in a pass that nobody resumes. */
export async function walkWhole(
  options: Omit<Walk, 'ranges' | 'onRange' | 'onPage'> & Partial<Pick<Walk, 'onPage'>>,
): Promise<void> {
  await walk({
    onPage: () => undefined,
    ...options,
    ranges: [new LiveRange(undefined, undefined, undefined, new Tally())],
    onRange: () => undefined,
  });
}
