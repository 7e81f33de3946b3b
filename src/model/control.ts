import type { BandwidthEntry } from './task.ts';

/** What the control plane of `ferry serve` is to do, after its configuration was read and checked. */
export interface ControlSpec {
  readonly host: string;
  readonly port: number;
  /** PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Names it is asked by besides its address, lower case. */
  readonly hosts: readonly string[];
  /** Programs of this machine read `/metrics` without a token. */
  readonly openMetrics: boolean;
  /** Tasks it has at work at once. */
  readonly tasksAtOnce: number;
  /** Directories that what comes through the API may name, with all below; absolute. */
  readonly fileRoots: readonly string[];
  readonly limits: ServerLimitsSpec;
  readonly keepTasks: KeepTasksSpec;
  /** Milliseconds entries of the audit log are kept; undefined for ever. */
  readonly keepAudit: number | undefined;
  readonly jobs: JobsSpec;
}

/** For all it copies, together. */
export interface ServerLimitsSpec {
  /** Bytes per second that are read, by time of day; empty for no limit. */
  readonly bandwidth: readonly BandwidthEntry[];
  /** Requests to stores; undefined for no limit. */
  readonly requestsPerSecond?: number | undefined;
  /** Objects begun; undefined for no limit. */
  readonly objectsPerSecond?: number | undefined;
}

/** How long tasks made over the API are remembered once they ended. */
export interface KeepTasksSpec {
  /** Milliseconds; undefined for ever. */
  readonly age: number | undefined;
  /** The newest of them; undefined for all. */
  readonly count: number | undefined;
  /** Those that failed as well. */
  readonly failed: boolean;
}

/** What is taken from whoever may give work. */
export interface JobsSpec {
  /** Addresses that others name may be private, loopback or link-local. */
  readonly allowPrivateOrigins: boolean;
  /** URLs of one job. */
  readonly maxFiles: number;
  /** Bytes of a URL. */
  readonly maxUrl: number;
  /** Bytes of a list. */
  readonly maxBody: number;
  /** Directory of lists that may be named by their paths, absolute; undefined for none. */
  readonly lists: string | undefined;
  /** How long jobs are remembered that ended, milliseconds. */
  readonly keep: number;
}
