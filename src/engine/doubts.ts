/**
 * What the baseline may not vouch for: objects that failed since it was drawn, or in the very pass that drew it. They are
 * judged as if there were no baseline.
 */
import { compareKeys, type Key } from '../model/key.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { Store } from '../store/store.ts';
import type { EngineContext } from './engine.ts';
import { judge, type Comparison, type Verdict } from './compare.ts';

/** `TaskJournal.doubted`. */
export type Doubted = (options: { from?: string; limit?: number }) => Promise<readonly Key[]>;

const PAGE = 100;
/** Skew of a clock that no answer tells of, milliseconds. */
const UNNOTICED = 15 * 60_000;
/** Times of modification have whole seconds, and the machines of one service are not quite at one time. */
const APART = 2000;

/** What is compared, and how. */
type Sides = Pick<EngineContext, 'spec' | 'baseline'> & { readonly source: Store; readonly destination: Store };

/** Keys from `from` to `through` (undefined: to the last there is) of which only `doubted` are in doubt. */
interface Known {
  readonly from: Key;
  readonly through: Key | undefined;
  readonly doubted: ReadonlySet<Key>;
}

/**
 * Compares as `judge` does. Keys in doubt are asked for only where some are and the baseline decides, a page at a time
 * and ahead: where keys come in order that takes a question for every 100 keys in doubt, not one for each object.
 *
 * Memory: a page for each range.
 */
export class Judge {
  readonly #comparison: Comparison;
  readonly #unvouched: Comparison;
  readonly #doubted: Doubted | undefined;
  readonly #known = new WeakMap<object, Known>();

  private constructor(comparison: Comparison, doubted: Doubted | undefined) {
    this.#comparison = comparison;
    this.#unvouched = { ...comparison, baseline: undefined };
    this.#doubted = doubted;
  }

  /** Keys that get into doubt later are not met again, or need not be known. */
  static async over(comparison: Comparison, doubted: Doubted | undefined): Promise<Judge> {
    const some = comparison.baseline !== undefined && (await doubted?.({ limit: 1 }))?.length === 1;
    return new Judge(comparison, some ? doubted : undefined);
  }

  /** `range`: what `here` was met in. A promise only where the journal has to be asked. */
  verdict(range: object, here: ObjectEntry, there: ObjectEntry): Verdict | Promise<Verdict> {
    const verdict = judge(this.#comparison, here, there);
    if (verdict !== 'equal' || !this.#doubted) return verdict;
    const unvouched = judge(this.#unvouched, here, there);
    if (unvouched === verdict) return verdict;
    const known = this.#known.get(range);
    if (known && covers(known, here.key)) return known.doubted.has(here.key) ? unvouched : verdict;
    return this.#learn(range, here.key, this.#doubted).then(({ doubted }) =>
      doubted.has(here.key) ? unvouched : verdict,
    );
  }

  async #learn(range: object, from: Key, doubted: Doubted): Promise<Known> {
    const page = await doubted({ from, limit: PAGE });
    const known = { from, through: page.length < PAGE ? undefined : page.at(-1), doubted: new Set(page) };
    this.#known.set(range, known);
    return known;
  }
}

/** How a task compares the two; what the source tells of its clock counts as soon as it has. */
export function comparisonOf({ spec, source, destination, baseline }: Sides): Comparison {
  return {
    method: spec.compare,
    source: source.capabilities,
    destination: destination.capabilities,
    get baseline() {
      return baselineBy(source, baseline);
    },
  };
}

/**
 * The baseline by the clock that dates the source's objects. It was read from ours; by a clock that is behind, what was
 * changed after it bears a time before it. Most services tell their clock with every answer. Of one that does not it is
 * known only that services which check signatures refuse clocks more than 15 minutes away from their own. What was
 * modified that shortly before the baseline is copied once more where nothing else decides: rather once too often than
 * never. A clock that is ahead leads to more copies by itself, never to fewer. Not noticed is a clock that was further
 * behind in a store that never tells, or was set right between the change and this pass.
 */
function baselineBy({ capabilities, clockSkew }: Store, baseline: number | undefined): number | undefined {
  if (baseline === undefined || capabilities.list?.clock === 'ours') return baseline;
  return clockSkew === undefined ? baseline - UNNOTICED : baseline + Math.min(0, clockSkew) - APART;
}

function covers({ from, through }: Known, key: Key): boolean {
  return compareKeys(key, from) >= 0 && (through === undefined || compareKeys(key, through) <= 0);
}
