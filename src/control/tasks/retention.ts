/** Forgets tasks that ended long ago, so that a server whose tasks are made by others does not grow without end. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toFerryError } from '../../model/errors.ts';
import type { KeepTasksSpec } from '../../model/control.ts';
import type { Log } from '../../observe/log.ts';
import type { EndedTask, QueueBook } from '../../state/queue-book.ts';
import { sleep, type Clock } from '../../store/clock.ts';

export interface RetentionOptions {
  readonly spec: KeepTasksSpec;
  readonly queue: QueueBook;
  /** `$FERRY_HOME`. */
  readonly home: string;
  /** False where it does not rest any more, or has ended later than that. */
  readonly forget: (name: string, endedBefore: number, signal: AbortSignal) => Promise<boolean>;
  /** Whether a schedule, a job or an event source has use for it. */
  readonly isNeeded: (name: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly now: () => number;
  readonly log: Log;
  readonly forgotten: (state: EndedTask, count: number) => void;
}

/** Milliseconds between two sweeps. */
const EVERY = 3_600_000;
/** Tasks in a row, and milliseconds for others after them. */
const STEP = 20;
const REST = 20;

/**
 * Only tasks made over the API, and what they left in `$FERRY_HOME`; objects stay. Memory: a step. What is killed
 * between a task and its reports leaves the reports.
 */
export class Retention implements AsyncDisposable {
  readonly #o: RetentionOptions;
  readonly #stopping = new AbortController();
  #noMore: (() => void) | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#o = options;
  }

  start(): void {
    this.#noMore = this.#o.clock.every(EVERY, () => void this.sweep());
    void this.sweep();
  }

  /** Forgets all that is due; one sweep at a time. */
  sweep(): Promise<void> {
    return (this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#noMore?.();
    this.#stopping.abort();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { spec, log } = this.#o;
    const { signal } = this.#stopping;
    for (const state of spec.failed ? (['finished', 'failed'] as const) : (['finished'] as const)) {
      let count = 0;
      try {
        for await (const forgotten of this.#steps(state)) count += forgotten;
      } catch (error) {
        if (!signal.aborted) log.warn('old tasks could not be forgotten', { error: toFerryError(error) });
      }
      if (count > 0) log.info('old tasks are forgotten', { state, tasks: count });
    }
  }

  /** How many each step forgot. */
  async *#steps(state: EndedTask): AsyncGenerator<number> {
    const { queue, clock, forgotten } = this.#o;
    const { signal } = this.#stopping;
    const before = await this.#before(state);
    let after: { readonly at: number; readonly number: number } | undefined;
    while (before !== undefined && !signal.aborted) {
      const step = await queue.ended(state, { after, before, limit: STEP });
      let count = 0;
      for (const { name } of step) if (!signal.aborted && (await this.#forget(name, before))) count++;
      forgotten(state, count);
      yield count;
      after = step.at(-1);
      if (step.length < STEP) return;
      await sleep(clock, REST, signal);
    }
  }

  /** What ended before this time goes; undefined where all stay. */
  async #before(state: EndedTask): Promise<number | undefined> {
    const { spec, queue, now } = this.#o;
    const byAge = spec.age === undefined ? undefined : now() - spec.age;
    const last = spec.count === undefined ? undefined : await queue.endedBefore(state, spec.count);
    // The one of that time is one too many.
    const byCount = last === undefined ? undefined : last + 1;
    return byAge === undefined || byCount === undefined ? (byAge ?? byCount) : Math.max(byAge, byCount);
  }

  async #forget(name: string, endedBefore: number): Promise<boolean> {
    const { isNeeded, forget, home, log } = this.#o;
    try {
      if ((await isNeeded(name)) || !(await forget(name, endedBefore, this.#stopping.signal))) return false;
      await rm(join(home, 'reports', name), { recursive: true, force: true });
      return true;
    } catch (error) {
      log.warn('an old task could not be forgotten', { task: name, error: toFerryError(error) });
      return false;
    }
  }
}
