/**
 * What the CLI, and later the API, ask of the engine. Each call takes opened stores, so that nothing here knows a driver.
 */
import type { TaskSpec } from '../model/task.ts';
import type { ComposedStore } from '../store/compose.ts';
import type { TaskJournal } from '../state/state-store.ts';
import type { Doubted } from './doubts.ts';
import type { LiveLimits } from './pace/live-limits.ts';
import type { Custody } from './move/job.ts';
import type { RunEvent } from './progress.ts';

export interface EngineContext {
  readonly task: string;
  readonly spec: TaskSpec;
  /** Composed with their layers (`store/compose.ts`). */
  readonly source: ComposedStore;
  readonly destination: ComposedStore;
  /** Stops at the next safe point; what is under way and cannot finish in time is saved as parts or redone. */
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** In place of the task's own, where they may change while it runs. */
  readonly limits?: LiveLimits | undefined;
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** When the task's last pass began that dealt with every key; undefined where there is none. */
  readonly baseline?: number | undefined;
  /** `StateStore.doubted` of the task; absent where it was never run. A run asks its journal. */
  readonly doubted?: Doubted | undefined;
  /** What earlier runs of the task wrote down (`TaskJournal.setFact`); absent where there were none. */
  readonly recall?: ((fact: string) => Promise<unknown>) | undefined;
  /** A directory for temporary files, made when first asked for. */
  readonly tmpdir: () => string;
}

export interface JournaledContext extends EngineContext {
  readonly journal: TaskJournal;
  readonly custody?: Custody | undefined;
}
