/** A task at work in this process: what it tells, and how to stop it. */
import { LiveLimits } from '../../engine/pace/live-limits.ts';
import type { Progress, RunEvent } from '../../engine/progress.ts';
import type { Limits } from '../../model/task.ts';
import type { Share, SharedLimits } from '../../store/layers/shared-limits.ts';
import { withKept, type KeptLimits } from './limits.ts';
import { Series } from './series.ts';
import type { Work } from './work.ts';

export class Activity {
  readonly name: string;
  readonly work: Work;
  readonly share: Share;
  readonly startedAt: number;
  readonly series: Series;
  progress: Progress | undefined;
  /** When something last went forward. */
  movedAt: number;
  /** It gives its place to another that waits, and goes on later. */
  yields = false;
  readonly #stop = new AbortController();
  readonly #now: () => number;
  #priority: number;
  #kept: KeptLimits;
  #file: Limits | undefined;
  #limits: LiveLimits | undefined;

  constructor(
    about: Pick<Activity, 'name' | 'work' | 'priority'>,
    kept: KeptLimits,
    shared: SharedLimits,
    now: () => number,
  ) {
    this.name = about.name;
    this.work = about.work;
    this.#priority = about.priority;
    this.share = shared.join(weightOf(about.priority));
    this.startedAt = now();
    this.movedAt = this.startedAt;
    this.series = new Series(this.startedAt);
    this.#kept = kept;
    this.#now = now;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get priority(): number {
    return this.#priority;
  }

  set priority(priority: number) {
    this.#priority = priority;
    this.share.weight = weightOf(priority);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** The limits of its file are known; those that were set since hold over them. */
  limit(file: Limits): LiveLimits {
    this.#file = file;
    return (this.#limits = new LiveLimits(withKept(file, this.#kept), this.share));
  }

  get limits(): Limits | undefined {
    return this.#limits?.current;
  }

  set kept(kept: KeptLimits) {
    this.#kept = kept;
    if (this.#file !== undefined) this.#limits?.set(withKept(this.#file, kept));
  }

  observe(event: RunEvent): void {
    if (event.type !== 'progress') return;
    const { progress } = event;
    const at = this.#now();
    if (this.progress === undefined || wentForward(this.progress, progress)) this.movedAt = at;
    this.progress = progress;
    const { copied, skipped, deleted, failed } = progress.counters;
    this.series.add(at, { bytes: progress.bytesMoved, objects: copied + skipped + deleted, failed });
  }
}

/** Of what is shared with others: the first of them gets ten times what the last does. */
export function weightOf(priority: number): number {
  return priority + 1;
}

function wentForward(before: Progress, now: Progress): boolean {
  if (now.bytesMoved !== before.bytesMoved || now.phase !== before.phase) return true;
  const [a, b] = [before.counters, now.counters];
  return (['listed', 'compared', 'copied', 'skipped', 'deleted', 'failed'] as const).some((of) => a[of] !== b[of]);
}
