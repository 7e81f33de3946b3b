/** What a report of a run or a verification says. `report.json` is exactly this; `report.html` draws it. */
import type { Difference, RunSummary } from '../engine/progress.ts';
import type { FailureGroup } from '../state/state-store.ts';

export interface Report {
  readonly format: 1;
  readonly kind: 'run' | 'verification';
  readonly task: string;
  readonly tool: { readonly name: 'Ferry'; readonly version: string };
  readonly environment: {
    readonly host: string;
    readonly platform: string;
    readonly node: string;
    /** The compare mode of a verification, as asked for. */
    readonly mode?: string | undefined;
  };
  readonly source: Side;
  readonly destination: Side;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly summary: Omit<RunSummary, 'report' | 'error'> & {
    readonly error?: { readonly code: string; readonly message: string; readonly remedy: string } | undefined;
  };
  /** Objects found equal by how that is known, and all by what came out. */
  readonly methods: Readonly<Record<string, number>>;
  readonly results: Readonly<Record<string, number>>;
  readonly differences: {
    readonly count: number;
    readonly byKind: Readonly<Partial<Record<Difference['kind'], number>>>;
    /** The first 1,000; `evidence` has all. */
    readonly first: readonly Difference[];
  };
  /** Things at the source that are no objects and were left out, as far as this process met them. */
  readonly irregular: {
    readonly count: number;
    /** The first 1,000; `evidence` has all. */
    readonly first: readonly Irregular[];
  };
  readonly failures: readonly FailureGroup[];
  readonly evidence?: EvidenceReference | undefined;
}

export interface Irregular {
  readonly key: string;
  /** What it is. */
  readonly reason: string;
}

export interface Side {
  readonly name: string;
  readonly identity: string;
}

export interface EvidenceReference {
  /** Relative to the report. */
  readonly file: string;
  readonly kept: 'all' | 'differences';
  readonly lines: number;
  readonly algorithm: 'sha256-chain';
  /** The last hash of the chain; it stands for the whole file. */
  readonly head: string;
}
