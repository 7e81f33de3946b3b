/**
 * What is to be done with tasks, by whoever serves this state: an order for each at most, and in which turn. It is
 * kept in the rows of the tasks themselves, so that a task and its order come and go together.
 *
 * Every method that writes has written durably when it resolves.
 */
import type { NewTask, TaskRecord } from './state-store.ts';

export interface QueueBook {
  /** Creates a task with its place in the queue; rejects with `already-exists` where the name is taken. */
  create(task: NewTask, place: NewPlace): Promise<void>;
  get(name: string): Promise<QueuedTask | undefined>;
  /**
   * Newest first. So many are looked through at most, however many there are: a page may be empty and others follow.
   */
  page(options: QueuePage): Promise<QueuedPage>;
  /** Those that wait, in their turn: higher priority first, then who has waited longest. At most `limit`. */
  next(limit: number): Promise<readonly QueuedTask[]>;
  /** Tasks marked as running, by us or by a process that was killed. */
  started(): Promise<readonly QueuedTask[]>;
  /**
   * Changes the place of a task where its queue state is one of `from`; what is absent stays. False where it is another,
   * or the task is gone.
   */
  change(name: string, from: readonly QueueState[], to: PlaceChange): Promise<boolean>;
  /**
   * Those made by `create` that are shown so and ended (or were made, where they never began) at or after one and before
   * a time, the longest ago first; at most `limit`.
   */
  ended(
    shown: EndedTask,
    range: {
      readonly after?: { readonly at: number; readonly number: number } | undefined;
      readonly before: number;
      readonly limit: number;
    },
  ): Promise<readonly { readonly name: string; readonly at: number; readonly number: number }[]>;
  /** When the one of them ended that `keep` others ended after; undefined where there are no more than these. */
  endedBefore(shown: EndedTask, keep: number): Promise<number | undefined>;
  /** How many wait, run, are paused… by what is shown of them. */
  counts(): Promise<Readonly<Record<string, number>>>;
  /** Whether the kept file of any task has this text. Reads them all. */
  mentions(text: string): Promise<boolean>;
}

/** What of tasks that are over is told. */
export type EndedTask = 'finished' | 'failed';

/** `idle`: nothing is to be done. `failed`: the last order came to nothing, `result` says why. */
export type QueueState = 'idle' | 'queued' | 'running' | 'paused' | 'failed';

export interface NewPlace {
  /** 0 to 9; 9 first. */
  readonly priority: number;
  /** JSON of what to do; absent: nothing yet. */
  readonly work?: unknown;
}

export interface PlaceChange {
  readonly state?: QueueState | undefined;
  readonly priority?: number | undefined;
  /** Since when it waits. */
  readonly since?: number | undefined;
  /** Null forgets it. */
  readonly work?: unknown;
  /** JSON of limits that were set while it ran; null forgets them. */
  readonly limits?: unknown;
  /** JSON of how the last order ended; null forgets it. */
  readonly result?: unknown;
}

export interface QueuePage {
  /** Tasks older than the one of this number. */
  readonly before?: number | undefined;
  readonly limit: number;
  /** By what is shown: the queue state where it is not idle, else the task's. All where absent. */
  readonly states?: readonly string[] | undefined;
  /** Part of the name or of the stores, in any case. */
  readonly search?: string | undefined;
}

export interface QueuedPage {
  readonly tasks: readonly QueuedTask[];
  /** `before` of the next page; undefined where this is the last. */
  readonly before: number | undefined;
}

export interface QueuedTask {
  /** Grows from task to task. */
  readonly number: number;
  readonly record: TaskRecord;
  readonly state: QueueState;
  readonly priority: number;
  readonly since?: number | undefined;
  readonly work?: unknown;
  readonly limits?: unknown;
  readonly result?: unknown;
}

/** Of tasks nobody gave one. */
export const USUAL_PRIORITY = 5;
