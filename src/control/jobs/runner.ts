/** What jobs need of whoever runs bulk tasks. */
import type { Counters } from '../../state/state-store.ts';

/** A task as `POST /v1/tasks` takes it: the keys of a task file, as JSON. */
export interface BulkTask {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
  /** 0 to 9; greater first. */
  readonly priority: number;
  /** Run, or go on with it; or try only what failed again. */
  readonly what: 'run' | 'retry-failures';
  /** Where it came to an end before, that is its end. */
  readonly once?: boolean | undefined;
}

export interface BulkEnd {
  readonly outcome: 'finished' | 'finished-with-failures' | 'interrupted' | 'failed';
  readonly counters: Counters;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

export interface BulkListener {
  /** It is written down that the task is to run. */
  readonly queued?: (() => void) | undefined;
  started(): void;
  /** It went on. */
  progress(): void;
}

export interface BulkRunner {
  /**
   * Queues the task and resolves when it has ended; `interrupted` where this process stops first. Everything it does is
   * in the StateStore under its name, so that the same call goes on after a crash. Rejects where it cannot even begin.
   */
  run(task: BulkTask, listener: BulkListener): Promise<BulkEnd>;
}

/** Where what others name may go: the endpoint of a task's destination, as a task file has it, without secrets. */
export type Destination = Readonly<Record<string, unknown>>;

export interface TargetResolver {
  /** Undefined where jobs may not go there. */
  resolve(type: string, bucket: string): Promise<Destination | undefined>;
}
