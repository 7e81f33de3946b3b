/** What a run tells while it goes on. One model; the terminal, plain and JSON printers and later the console draw it. */
import type { Counters } from '../state/state-store.ts';
import type { FerryError } from '../model/errors.ts';

export interface Progress {
  readonly task: string;
  readonly phase: 'preparing' | 'moving' | 'deleting' | 'retrying' | 'verifying' | 'finishing' | 'done';
  readonly counters: Counters;
  /** False while the source is still being listed: totals are then growing. */
  readonly listingDone: boolean;
  /** Milliseconds this process has worked on the pass. */
  readonly elapsed: number;
  /** Bytes read from the source and written, including those of objects not finished yet. */
  readonly bytesMoved: number;
  /** Bytes and objects per second: over the last seconds, and over the whole run. */
  readonly rate: { readonly bytes: number; readonly objects: number; readonly listed: number };
  readonly averageRate: { readonly bytes: number; readonly objects: number };
  /** Milliseconds to go; undefined where not known. A lower bound while `listingDone` is false. */
  readonly eta?: number | undefined;
  /** Objects in flight and how many may be. */
  readonly inFlight: number;
  readonly concurrency: number;
  /** What holds the speed down, most important first; empty where nothing does. */
  readonly throttledBy: readonly ThrottleReason[];
  /** Largest or longest objects under way; at most 8. */
  readonly active: readonly ActiveTransfer[];
  readonly ranges: RangeSummary;
}

export type ThrottleReason =
  /** `shared`: a limit for all that runs in this process. */
  | { readonly what: 'bandwidth'; readonly bytesPerSecond: number; readonly shared?: true | undefined }
  | { readonly what: 'objects-per-second'; readonly limit: number; readonly shared?: true | undefined }
  | { readonly what: 'requests-per-second'; readonly limit: number; readonly shared: true }
  | { readonly what: 'slow-down'; readonly store: string }
  | {
      readonly what: 'retrying';
      readonly store: string;
      /** Requests that failed and will be tried again. */
      readonly waiting: number;
      /** What the one that is tried next failed with, and in how many milliseconds that is. */
      readonly cause: string;
      readonly next: number;
    }
  | { readonly what: 'listing' };

export interface ActiveTransfer {
  readonly key: string;
  readonly size: number;
  readonly done: number;
  readonly parts?: { readonly total: number; readonly done: number } | undefined;
  readonly since: number;
}

export interface RangeSummary {
  readonly total: number;
  readonly done: number;
  readonly active: number;
}

/** Things worth a line as they happen. */
export type RunEvent =
  | {
      readonly type: 'started';
      readonly task: string;
      readonly resumed: boolean;
      readonly pass: number;
      readonly source: string;
      readonly destination: string;
    }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'notice'; readonly message: string; readonly remedy?: string | undefined }
  /** Something at the source that is no object (socket, pipe, broken link): it is left out. One event each. */
  | { readonly type: 'irregular'; readonly key: string; readonly reason: string }
  | { readonly type: 'failed'; readonly key: string; readonly error: FerryError }
  | { readonly type: 'difference'; readonly difference: Difference }
  | { readonly type: 'summary'; readonly summary: RunSummary };

export interface RunSummary {
  readonly task: string;
  /** A run where absent. */
  readonly kind?: 'verification' | undefined;
  readonly outcome: 'finished' | 'finished-with-failures' | 'differences' | 'interrupted' | 'failed';
  readonly counters: Counters;
  readonly elapsed: number;
  readonly bytesMoved: number;
  /** Objects that lost something on the way (metadata, tags…), by what. */
  readonly losses: Readonly<Record<string, number>>;
  readonly report?: { readonly json: string; readonly html: string } | undefined;
  /** Of a verification. */
  readonly proof?: Proof | undefined;
  readonly error?: FerryError | undefined;
}

export interface Proof {
  /** Objects found equal, by how that is known. */
  readonly methods: Readonly<Record<string, number>>;
  /** Objects that differ and were not repaired. */
  readonly differences: Readonly<Partial<Record<Difference['kind'], number>>>;
  /** The last hash of the evidence, where any was kept. */
  readonly head?: string | undefined;
}

/** How one key differs between the two sides. */
export interface Difference {
  readonly key: string;
  readonly kind: 'missing' | 'extra' | 'size' | 'checksum' | 'metadata' | 'unverified' | 'unreadable';
  /** Of `metadata`: what differs. */
  readonly fields?: readonly string[] | undefined;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly detail?: string | undefined;
  readonly repaired?: boolean | undefined;
}

/** How many objects something would happen to, why, and a few keys. */
export interface Foreseen {
  readonly what: string;
  readonly objects: number;
  readonly reason: string;
  readonly examples: readonly string[];
}

export interface PlanSummary {
  readonly listed: { readonly objects: number; readonly bytes: number };
  readonly copy: { readonly objects: number; readonly bytes: number };
  readonly overwrite: { readonly objects: number; readonly bytes: number };
  readonly skip: { readonly objects: number; readonly bytes: number };
  readonly remove: { readonly objects: number; readonly bytes: number };
  /** What a run would record as failed. */
  readonly fail: { readonly objects: number; readonly bytes: number };
  /** Left out by filters. */
  readonly filtered: number;
  /** No objects: links, sockets, pipes, devices. */
  readonly irregular: number;
  /** Why objects would fail. */
  readonly failures: readonly Foreseen[];
  /** What would be lost on the way. */
  readonly losses: readonly Foreseen[];
  /** First objects of each action, for a look. */
  readonly examples: Readonly<Record<'copy' | 'overwrite' | 'remove', readonly string[]>>;
  /** Of copying. */
  readonly estimate: {
    /** Absent where nothing could be measured. */
    readonly milliseconds?: number | undefined;
    /** Sizes are not known, so it may take longer. */
    readonly atLeast: boolean;
    /** Objects to copy whose size is not known. */
    readonly unsized: number;
    readonly bytesPerSecond: number;
    readonly objectsPerSecond: number;
    /** What was measured, and what is supposed. */
    readonly basis: string;
  };
}

/** One line of `ferry check`. */
export interface CheckResult {
  readonly endpoint: 'source' | 'destination';
  readonly name: string;
  readonly ok: boolean | 'skipped';
  readonly detail: string;
  /** Why it failed, where it did. */
  readonly error?: FerryError | undefined;
  readonly milliseconds: number;
}
