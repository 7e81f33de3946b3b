/** What the rules of mirrors counted over time, and live events about it. */
import type { MirroredBucket } from '../../gateway/mirror/mirrors.ts';
import { NO_COUNTS, type MirrorBook, type MirrorCounters } from '../../state/mirror-book.ts';
import type { Clock } from '../../store/clock.ts';
import type { LiveHub } from '../live/hub.ts';
import { mirrorOf, type Point } from './resource.ts';

/** Gateways write their counters down as often, milliseconds. */
export const STEP = 5000;
/** An hour. */
const KEPT = 720;
const RATES = ['hits', 'misses', 'absent', 'stored', 'bytes', 'failures'] as const;

export interface HistoryOptions {
  readonly mirrors: readonly MirroredBucket[];
  readonly book: Pick<MirrorBook, 'counters'>;
  readonly hub: LiveHub;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onTrouble: (error: unknown) => void;
}

/** Memory: an hour of points for each rule that was ever configured here. */
export class MirrorHistory implements AsyncDisposable {
  readonly #options: HistoryOptions;
  readonly #rules = new Map<string, { last: MirrorCounters; lastAt: number; readonly points: Point[] }>();
  readonly #stop: () => void;
  #looking: Promise<void> | undefined;

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#stop = options.clock.every(STEP, () => {
      this.#looking ??= this.look()
        .catch((thrown: unknown) => options.onTrouble(thrown))
        .finally(() => (this.#looking = undefined));
    });
  }

  /** Oldest first, at most so many as are kept; those after `since`, milliseconds since the epoch. */
  points(bucket: string, rule: string, since = 0): readonly Point[] {
    const points = this.#rules.get(id(bucket, rule))?.points ?? [];
    return points.filter(({ at }) => at > since);
  }

  /** Takes one point of every rule. The first look only remembers: what was counted before is nobody's rate. */
  async look(): Promise<void> {
    const { mirrors, book, hub, now } = this.#options;
    const counters = await book.counters();
    const at = now();
    for (const mirror of mirrors) {
      const { name: bucket } = mirror.spec;
      let changed = false;
      for (const { spec } of mirror.rules) {
        const found = counters.find((each) => each.bucket === bucket && each.rule === spec.name) ?? NO_COUNTS;
        changed = this.#add(id(bucket, spec.name), found, at) || changed;
      }
      if (changed) hub.publish('mirror', bucket, mirrorOf(mirror, counters));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#looking;
  }

  /** Tells whether something was counted. */
  #add(rule: string, counters: MirrorCounters, at: number): boolean {
    const known = this.#rules.get(rule);
    if (known === undefined) {
      this.#rules.set(rule, { last: counters, lastAt: at, points: [] });
      return false;
    }
    const { last, lastAt, points } = known;
    const seconds = Math.max(0.001, (at - lastAt) / 1000);
    const rate = (what: (typeof RATES)[number]): number => Math.max(0, counters[what] - last[what]) / seconds;
    points.push({
      at,
      hits: rate('hits'),
      misses: rate('misses'),
      absent: rate('absent'),
      stored: rate('stored'),
      bytes: rate('bytes'),
      failures: rate('failures'),
    });
    if (points.length > KEPT) points.shift();
    known.last = counters;
    known.lastAt = at;
    return RATES.some((what) => counters[what] !== last[what]);
  }
}

function id(bucket: string, rule: string): string {
  return `${bucket}/${rule}`;
}
