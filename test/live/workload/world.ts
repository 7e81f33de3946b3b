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
  /**
   * The stores themselves are not strict where several write one key at once, list what was changed an instant ago as it
   * was before, and copy whatever the source is by then (Ceph, measured with `BareWorld`). Each key has one writer,
   * listings are judged when all is at rest, and nothing is copied.
   */
  readonly loose?: boolean | undefined;
  /** False where copies are left out. */
  readonly copies?: boolean | undefined;
  /** What is on old before anything begins. */
  prepare(objects: ReadonlyMap<string, PreparedObject>): Promise<void>;
  /** Where it stands now; after `calm` no other comes. */
  readonly phase: MigrationPhase;
  /** A gateway or the worker is killed and started again, or stopped for a while. */
  disturb(): void;
  /** No more faults or disturbances: everything is up and answers. */
  calm(): Promise<void>;
  /** In a phase that writes back: until the old side lacks nothing. Clients are at rest. */
  settle(): Promise<void>;
  /** What a side has, seen past all gateways. */
  contents(side: 'old' | 'new'): Promise<ReadonlyMap<string, PreparedObject>>;
}

export interface PreparedObject {
  readonly content: string;
  /** User metadata `m`. */
  readonly mark: string;
}
