/** What working on a task needs of the rest of the house; the command line and the control plane have it. */
import type { LoadedTask } from '../config/task-file.ts';
import type { EngineContext, JournaledContext } from '../engine/engine.ts';
import type { EvidenceSink } from '../engine/evidence.ts';
import type { Cleaned, LeftoverContext } from '../engine/leftovers.ts';
import type { CheckResult, PlanSummary, RunSummary } from '../engine/progress.ts';
import type { VerifyContext } from '../engine/verify.ts';
import type { TaskSpec } from '../model/task.ts';
import type { Log } from '../observe/log.ts';
import type { FailureRecord, StateStore } from '../state/state-store.ts';
import type { RetryOptions } from '../store/layers/backoff.ts';

/** Both ends of a task, opened and wrapped in their layers. */
export interface Stores extends AsyncDisposable {
  readonly source: EngineContext['source'];
  readonly destination: EngineContext['destination'];
}

/** Attempts of a request where they are fewer than the task's: for who waits for an answer and loses nothing. */
export type Patience = Pick<RetryOptions, 'attempts' | 'unansweredAttempts'>;

export interface Engine {
  run(context: JournaledContext, evidence?: EvidenceSink): Promise<RunSummary>;
  /** All failures, or those that are wanted. */
  retryFailures(
    context: JournaledContext,
    evidence?: EvidenceSink,
    wanted?: (failure: FailureRecord) => boolean,
  ): Promise<RunSummary>;
  plan(context: EngineContext): Promise<PlanSummary>;
  verify(context: VerifyContext): Promise<RunSummary>;
  check(context: Omit<EngineContext, 'task'>): AsyncIterable<CheckResult>;
  /** Aborts unfinished uploads of the task. */
  cleanUploads(context: LeftoverContext): Promise<Cleaned>;
  /** Aborts those that a crash left and nobody can go on with. */
  dropOrphans(context: LeftoverContext): Promise<Cleaned>;
}

export interface TaskServices {
  /** `$FERRY_HOME`, absolute. */
  readonly home: string;
  readonly version: string;
  readonly now: () => number;
  readonly random: () => number;
  /** A directory of this process for temporary files, made when first asked for. */
  readonly tmpdir: () => string;
  /** Removes the temporary files of processes that were killed; gives how many had left some. */
  removeAbandoned(): number;
  /** Who works on a task: host and process. */
  readonly holder: string;
  readonly engine: Engine;
  readonly log: Log;
  /** Opened when first asked for: to check or verify a task file needs no state. */
  state(): Promise<StateStore>;
  /** Reads the text of a task file kept in the state; `name` is for messages. */
  parseTask(text: string, name: string): Promise<LoadedTask>;
  openStores(spec: TaskSpec, patience?: Patience): Promise<Stores>;
}
