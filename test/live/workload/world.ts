import type { MigrationPhase } from '../../../src/model/migration-phase.ts';
import type { Store } from '../../../src/store/store.ts';

/**
 * A bucket on its way, as the workload needs it: in this process with simulated time, or processes over HTTP. What it
 * promises is what clients may rely on; how it fails is its own affair.
 */
export interface World extends AsyncDisposable {
  /** Moments in milliseconds; only their order and the pauses between them count. */
  now(): number;
  pause(ms: number): Promise<void>;
  /**
   * The bucket through each gateway. A call rejects where its gateway dies: whether it was carried out is not known. One
   * that is down refuses everything until it is up again.
   */
  readonly gateways: readonly Store[];
  /** What is on old before anything begins. */
  prepare(objects: ReadonlyMap<string, PreparedObject>): Promise<void>;
  /** Goes to a phase, once that can be, and waits until every gateway serves under it. */
  change(to: MigrationPhase): Promise<void>;
  readonly phase: MigrationPhase;
  /** Copies everything that is to be copied; resolves when nothing is left. */
  copyAll(): Promise<void>;
  /** Writes back until no key is dirty; `last`: mutations are held, nothing new comes. */
  writeBackAll(last: boolean): Promise<void>;
  /** Before another round: new is emptied and what was recorded forgotten. */
  startOver(): Promise<void>;
  /** A gateway or the worker is killed and started again, or stopped for a while. */
  disturb(): void;
  /** No more faults or disturbances: everything is up and answers. */
  calm(): Promise<void>;
  /** What a side has, seen past all gateways. */
  contents(side: 'old' | 'new'): Promise<ReadonlyMap<string, PreparedObject>>;
}

export interface PreparedObject {
  readonly content: string;
  /** User metadata `m`. */
  readonly mark: string;
}
