/** What the verbs need of the rest of the house. `main.ts` makes the real one; tests make their own. */
import type { JournaledContext, EngineContext } from '../engine/engine.ts';
import type { LoadedTask } from '../config/task-file.ts';
import type { Cleaned, LeftoverContext } from '../engine/leftovers.ts';
import type { EvidenceSink } from '../engine/evidence.ts';
import type { VerifyContext } from '../engine/verify.ts';
import type { CheckResult, PlanSummary, RunSummary } from '../engine/progress.ts';
import type { GatewaySpec } from '../model/gateway.ts';
import type { EndpointSpec, TaskSpec } from '../model/task.ts';
import type { RunningServer } from './running-server.ts';
import type { Log } from '../observe/log.ts';
import type { ControlState } from '../state/control/control-state.ts';
import type { MovingBook } from '../state/moving-bucket.ts';
import type { StateStore } from '../state/state-store.ts';
import type { Store } from '../store/store.ts';
import type { HttpClient } from '../wire/http/client.ts';
import type { ComposedStore } from '../store/compose.ts';
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
  retryFailures(context: JournaledContext, evidence?: EvidenceSink): Promise<RunSummary>;
  plan(context: EngineContext): Promise<PlanSummary>;
  verify(context: VerifyContext): Promise<RunSummary>;
  check(context: Omit<EngineContext, 'task'>): AsyncIterable<CheckResult>;
  /** Aborts unfinished uploads of the task. */
  cleanUploads(context: LeftoverContext): Promise<Cleaned>;
  /** Aborts those that a crash left and nobody can go on with. */
  dropOrphans(context: LeftoverContext): Promise<Cleaned>;
}

export interface Services extends AsyncDisposable {
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
  loadTask(path: string): Promise<LoadedTask>;
  /** Reads the text of a task file kept in the state; `name` is for messages. */
  parseTask(text: string, name: string): Promise<LoadedTask>;
  openStores(spec: TaskSpec, patience?: Patience): Promise<Stores>;
  /** Starts what the configuration file asks for: the gateway, the API with the console, or both. */
  serve(): Promise<RunningServer>;
  /** What the configuration file says of the gateway; rejects with `configuration` where it says nothing. */
  gateway(): Promise<GatewaySpec>;
  /** An endpoint to read from, in its layers. */
  openOrigin(endpoint: EndpointSpec): Promise<Store>;
  readonly http: HttpClient;
  /** What the gateways of this machine share about buckets that are moved. Opened when first asked for. */
  moving(): Promise<MovingBook>;
  /** What the control plane keeps. Opened when first asked for. */
  control(): Promise<ControlState>;
  /** A store as a gateway opens it. */
  openServed(endpoint: EndpointSpec): Promise<ComposedStore>;
}
