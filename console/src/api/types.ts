/** Resources of the API. Times are milliseconds since the epoch, sizes bytes. */

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export type Role = 'viewer' | 'operator' | 'admin';

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly csrf?: string;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly expiresAt?: number;
}

export interface Node {
  readonly name: string;
  readonly version: string;
  readonly startedAt: number;
  readonly uptime: number;
  readonly memory: number;
  readonly cpu: number;
  readonly ready: boolean;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly role: Role;
  readonly from: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean | 'skipped';
  readonly detail: string;
  readonly remedy?: string;
  readonly endpoint?: 'source' | 'destination';
}

export interface StoreTest {
  readonly at: number;
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly capabilities?: Readonly<Record<string, unknown>>;
}

export interface StoreSpec {
  readonly name: string;
  readonly type: string;
  readonly path: string;
  /** Secrets are `***`. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Store extends StoreSpec {
  readonly createdAt: number;
  readonly tested?: StoreTest;
}

/** As much of JSON schema as forms are made of. */
export interface OptionSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly anyOf?: readonly OptionSchema[];
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
}

export interface StoreType {
  readonly type: string;
  readonly title: string;
  readonly roles: { readonly source: boolean; readonly destination: boolean };
  /** Options that are never told. */
  readonly secrets: readonly string[];
  readonly options: OptionSchema;
}

export type TaskState = 'created' | 'queued' | 'running' | 'paused' | 'interrupted' | 'finished' | 'failed';

export interface Counters {
  readonly listed: number;
  readonly listedBytes: number;
  readonly compared: number;
  readonly copied: number;
  readonly copiedBytes: number;
  readonly skipped: number;
  readonly skippedBytes: number;
  readonly deleted: number;
  readonly failed: number;
  readonly filtered: number;
  readonly retried: number;
}

export interface Throttle {
  readonly what: 'bandwidth' | 'objects-per-second' | 'requests-per-second' | 'slow-down' | 'retrying' | 'listing';
  readonly store?: string;
  readonly cause?: string;
  readonly bytesPerSecond?: number;
  readonly limit?: number;
  /** A limit for all that the server runs. */
  readonly shared?: boolean;
}

export interface ActiveTransfer {
  readonly key: string;
  readonly size: number;
  readonly done: number;
  readonly parts?: { readonly total: number; readonly done: number };
}

export interface TaskProgress {
  readonly phase: string;
  readonly bytesMoved: number;
  readonly rate: { readonly bytes: number; readonly objects: number; readonly listed: number };
  readonly eta?: number;
  readonly inFlight: number;
  readonly concurrency: number;
  readonly throttledBy: readonly Throttle[];
  readonly active: readonly ActiveTransfer[];
  readonly ranges: { readonly total: number; readonly done: number; readonly active: number };
  readonly listingDone: boolean;
  readonly elapsed: number;
}

/** Null and absent: none. */
export interface Limits {
  readonly concurrency?: number | null;
  readonly bandwidth?: readonly BandwidthEntry[];
  readonly objectsPerSecond?: number | null;
}

/** Of all tasks together. */
export interface ServerLimits {
  readonly bandwidth: readonly BandwidthEntry[];
  readonly requestsPerSecond?: number;
  readonly objectsPerSecond?: number;
  readonly from: 'configuration' | 'api';
  /** What the timetable says at this moment. */
  readonly now: { readonly bytesPerSecond?: number };
}

/** Holds until the next. */
export interface BandwidthEntry {
  /** 0 is Sunday; every day where absent. */
  readonly days?: readonly number[];
  /** Of the day. */
  readonly minute: number;
  /** No limit where absent. */
  readonly bytesPerSecond?: number;
}

export interface Task {
  readonly name: string;
  readonly type: string;
  readonly state: TaskState;
  readonly source: string;
  readonly destination: string;
  readonly priority: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly passes: number;
  readonly counters: Counters;
  readonly failed: number;
  readonly progress?: TaskProgress;
  readonly limits: Limits;
  readonly error?: { readonly code: string; readonly message: string; readonly remedy?: string };
  readonly schedule?: string;
}

export interface KeyRange {
  /** Keys greater than this; null is the beginning. */
  readonly after: string | null;
  /** Up to and including this; null is the end. */
  readonly through: string | null;
  readonly position: string | null;
  readonly state: 'done' | 'active' | 'waiting' | 'failed';
}

export interface Series {
  /** Milliseconds between points. */
  readonly step: number;
  readonly points: readonly {
    readonly at: number;
    readonly bytes: number;
    readonly objects: number;
    readonly failed: number;
  }[];
}

export interface Failure {
  readonly key: string;
  readonly operation: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly size?: number;
  readonly at: number;
  readonly attempts: number;
}

export interface FailureGroup {
  readonly code: string;
  readonly count: number;
  readonly examples: readonly { readonly key: string; readonly message: string; readonly remedy: string }[];
}

export interface FileRow {
  readonly key: string;
  /** `equal`, `copied`… */
  readonly result: string;
  /** How that is known. */
  readonly method: string;
  readonly size?: number;
}

export interface LogLine {
  /** ISO 8601. */
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly key?: string;
  readonly error?: { readonly message?: string };
}

export interface Report {
  readonly id: string;
  readonly kind: 'run' | 'verification';
  readonly at: number;
  readonly json: string;
  readonly html: string;
}

interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

interface Foreseen {
  readonly what: string;
  readonly objects: number;
  readonly reason: string;
  readonly examples: readonly string[];
}

export interface Plan {
  readonly listed: Amount;
  readonly copy: Amount;
  readonly overwrite: Amount;
  readonly skip: Amount;
  readonly remove: Amount;
  readonly fail: Amount;
  readonly filtered: number;
  readonly failures: readonly Foreseen[];
  readonly losses: readonly Foreseen[];
  readonly examples: Readonly<Record<'copy' | 'overwrite' | 'remove', readonly string[]>>;
  readonly estimate: { readonly milliseconds?: number; readonly atLeast: boolean; readonly basis: string };
}

export type Phase =
  | 'created'
  | 'tracking'
  | 'switching'
  | 'pending'
  | 'migrating'
  | 'verifying'
  | 'migrated'
  | 'finalised'
  | 'rolling-back'
  | 'returning'
  | 'rolled-back';

export type MigrationStep = 'start' | 'switch' | 'verify' | 'rollback' | 'finalise';

export interface MigrationCheck {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Migration {
  readonly name: string;
  readonly tenant: string;
  readonly phase: Phase;
  readonly since: number;
  readonly epoch: number;
  readonly paused: boolean;
  readonly from: string;
  readonly to: string;
  readonly writeBack: boolean;
  readonly requests: {
    readonly reads: 'old' | 'both' | 'new';
    readonly mutations: 'old' | 'held' | 'recorded' | 'new';
  };
  readonly gateways: readonly { readonly name: string; readonly acknowledged: number }[];
  readonly counts: {
    readonly objects: number;
    readonly bytes: number;
    readonly moved: number;
    readonly movedBytes: number;
    readonly skipped: number;
    readonly failed: number;
    readonly touched: number;
    readonly dirty: number;
  };
  readonly copy?: {
    readonly running: boolean;
    readonly done: boolean;
    readonly doneAt?: number;
    readonly openRanges: number;
  };
  readonly ranges?: readonly KeyRange[];
  readonly reads: { readonly new: number; readonly old: number };
  readonly writes: { readonly openOnOld: number; readonly oldest?: number; readonly unaccounted: number };
  readonly lag: { readonly keys: number; readonly oldest?: number };
  readonly verified?: {
    readonly at: number;
    readonly objects: number;
    readonly bytes: number;
    readonly aside: number;
    readonly found: number;
    readonly open: number;
    readonly findings: readonly { readonly key: string; readonly kind: string; readonly repaired: boolean }[];
  };
  readonly foreign?: {
    readonly count: number;
    readonly keys: readonly { readonly key: string; readonly event: string; readonly time: number }[];
    readonly received: number;
    readonly waiting: number;
    readonly dropped: number;
  };
  readonly problem?: { readonly at: number; readonly message: string };
  readonly steps: readonly MigrationStep[];
  /** Only where one migration is asked for. */
  readonly next?: readonly {
    readonly step: MigrationStep;
    readonly allowed: boolean;
    readonly checks: readonly MigrationCheck[];
  }[];
}

export interface MirrorPoint {
  readonly at: number;
  readonly hits: number;
  readonly misses: number;
}

export interface MirrorRule {
  readonly name: string;
  readonly match: { readonly prefix: string; readonly suffix: string };
  readonly origins: readonly string[];
  readonly mode: string;
  readonly store: boolean;
  readonly counters: {
    readonly hits: number;
    readonly misses: number;
    readonly absent: number;
    readonly stored: number;
    readonly bytes: number;
    readonly failures: number;
    readonly lastUse?: number;
  };
  /** Per second; only where one mirror is asked for. */
  readonly series?: { readonly step: number; readonly points: readonly MirrorPoint[] };
}

export interface Mirror {
  readonly bucket: string;
  readonly rules: readonly MirrorRule[];
}

export interface Warming {
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly counts: {
    readonly keys: number;
    readonly there: number;
    readonly stored: number;
    readonly absent: number;
    readonly failed: number;
  };
  readonly error?: { readonly code: string; readonly message: string };
}

export type JobState = 'accepted' | 'running' | 'finished' | 'failed';

export interface Job {
  /** Also the name of its task. */
  readonly id: string;
  readonly state: JobState;
  /** Every object is at the target; false until the end. */
  readonly complete: boolean;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly who: string;
  readonly target: { readonly type: string; readonly bucket: string; readonly acl?: string };
  readonly keys: 'path' | 'host';
  readonly priority: number;
  readonly callback?: string;
  readonly counts: {
    readonly files: number;
    readonly objects: number;
    readonly copied: number;
    readonly bytes: number;
    readonly failed: number;
    readonly waiting: number;
  };
  readonly error?: { readonly code: string; readonly message: string };
}

export interface JobFile {
  readonly url: string;
  readonly key: string;
  readonly state: 'waiting' | 'copied' | 'failed';
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly attempts?: number;
}

export interface Delivery {
  readonly id: number;
  /** Id of the job. */
  readonly subject: string;
  readonly event: string;
  readonly url: string;
  readonly state: 'waiting' | 'delivered' | 'failed';
  readonly createdAt: number;
  readonly nextAt?: number;
  readonly tries: number;
  /** The last ones, oldest first. */
  readonly attempts: readonly {
    readonly at: number;
    readonly milliseconds: number;
    readonly status?: number;
    readonly error?: string;
  }[];
}

export type EventKind = 'http' | 'sns' | 'sqs';

export interface EventSource {
  readonly name: string;
  readonly kind: EventKind;
  readonly source: string;
  readonly destination: string;
  readonly prefix: string;
  readonly deletes: 'ignore' | 'apply';
  /** Minutes; 0 for never. */
  readonly reconcile: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly url?: string;
  readonly totals: {
    readonly received: number;
    readonly outdated: number;
    readonly malformed: number;
    readonly transferred: number;
    readonly deleted: number;
    readonly passed: number;
  };
  readonly lag: { readonly waiting: number; readonly oldest?: number; readonly failed: number };
  readonly lastAt?: number;
  readonly reconciledAt?: number;
  readonly reconcileError?: string;
}

export interface User {
  readonly name: string;
  readonly tenant: string;
  readonly accessKeyId: string;
  readonly buckets?: readonly string[];
  readonly readOnly: boolean;
  readonly source: 'configuration' | 'api';
}

export interface Schedule {
  readonly id: string;
  readonly task: string;
  readonly cron: string;
  readonly timeZone?: string;
  readonly window?: { readonly from: string; readonly to: string };
  readonly enabled: boolean;
  readonly nextAt?: number;
  readonly lastAt?: number;
  /** Why the last run could not be begun. */
  readonly lastError?: string;
  /** Its task is paused because the window is closed. */
  readonly held: boolean;
}
