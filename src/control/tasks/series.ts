/** How fast a task went, from its beginning to now, in at most `POINTS` points: when they are full, pairs become one. */
export interface SeriesPoint {
  /** End of the time it is of. */
  readonly at: number;
  /** Per second. */
  readonly bytes: number;
  readonly objects: number;
  readonly failed: number;
}

interface Totals {
  readonly bytes: number;
  readonly objects: number;
  readonly failed: number;
}

const POINTS = 720;
/** Milliseconds of a point at first. */
const FIRST_STEP = 1000;

export class Series {
  step = FIRST_STEP;
  #points: SeriesPoint[] = [];
  #from: number;
  #before: Totals = { bytes: 0, objects: 0, failed: 0 };

  constructor(at: number) {
    this.#from = at;
  }

  /** Totals as they are at this moment. */
  add(at: number, totals: Totals): void {
    const took = at - this.#from;
    // The clock was set back.
    if (took < 0) {
      this.#from = at;
      this.#before = totals;
    }
    if (took < this.step) return;
    const rate = (name: keyof Totals): number => Math.max(0, ((totals[name] - this.#before[name]) * 1000) / took);
    this.#points.push({ at, bytes: rate('bytes'), objects: rate('objects'), failed: rate('failed') });
    this.#from = at;
    this.#before = totals;
    if (this.#points.length < POINTS) return;
    this.step *= 2;
    this.#points = this.#points.flatMap((point, i, all) => {
      const before = all[i - 1];
      if (i % 2 === 0 || before === undefined) return [];
      const mean = (name: keyof Totals): number => (point[name] + before[name]) / 2;
      return [{ at: point.at, bytes: mean('bytes'), objects: mean('objects'), failed: mean('failed') }];
    });
  }

  /** Those that ended after `since`. */
  after(since: number): readonly SeriesPoint[] {
    return this.#points.filter(({ at }) => at > since);
  }
}
