import type { Tags } from './object.ts';

/** A task after its file was read, checked and resolved; `config/task-file.ts` makes it. */
export interface TaskSpec {
  readonly type: 'copy' | 'fetch' | 'delete';
  readonly source: EndpointSpec;
  /** For `delete`: where the keys listed at the source are removed. */
  readonly destination: EndpointSpec;
  readonly filters: Filters;
  readonly compare: Compare;
  /** Remove from the destination what the source does not have. */
  readonly deleteExtraneous: boolean;
  /** Refuse `deleteExtraneous` when the source is empty, or would lose more than half of at least 1,000 objects. */
  readonly deleteGuard: boolean;
  /** Never replace an object that exists at the destination, whatever it holds. */
  readonly createOnly: boolean;
  readonly limits: Limits;
  readonly multipart: MultipartPolicy;
  readonly fidelity: Fidelity;
  /** Read every object back from the destination after writing it and compare its MD5 (qscamel `check_md5`). */
  readonly checkMd5: boolean;
  /** Attempts per request before an object counts as failed. */
  readonly attempts: number;
  /** Where `report.json` and `report.html` go; undefined for the task's folder in `$FERRY_HOME`. */
  readonly report: { readonly path?: string | undefined; readonly evidence: 'all' | 'differences' | 'none' };
}

export interface EndpointSpec {
  /** A registered type or alias: `s3`, `file`, `aliyun`… */
  readonly type: string;
  /** Prefix or directory inside the store, as written. */
  readonly path: string;
  /** Parsed by the driver that `type` names. Values that are secrets are `Secret`s. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * How an object that exists on both sides is judged.
 * - `auto`: equal where sizes and checksums of the listings are equal; where checksums cannot be compared, equal where
 *   sizes are and the source has not changed since this task's last finished pass. Else copied.
 * - `always`: copied, whatever is there.
 * - `size`: equal where sizes are.
 * - `time`: equal where sizes are and the destination is not older (qscamel `last_modified`).
 * - `checksum`: equal where sizes and MD5 are; reads both where the store does not tell (qscamel `md5sum`).
 */
export type Compare = 'auto' | 'always' | 'size' | 'time' | 'checksum';

export interface Filters {
  /** Only keys with this prefix, after the endpoint's `path`. */
  readonly prefix?: string | undefined;
  /** Globs on the whole relative key; `**` crosses `/`. Where any is given a key must match one. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly minSize?: number | undefined;
  readonly maxSize?: number | undefined;
  /** Milliseconds since the epoch: only objects modified at or after (qscamel `ignore_before`). */
  readonly modifiedAfter?: number | undefined;
  readonly modifiedBefore?: number | undefined;
  /** Only the keys in this file, one a line. */
  readonly keysFile?: string | undefined;
}

export interface Limits {
  /** Objects in flight at once; undefined finds the best by itself. */
  readonly concurrency?: number | undefined;
  /** Objects started per second (qscamel `rate_limit`); undefined for no limit. */
  readonly objectsPerSecond?: number | undefined;
  /** Bytes per second by time of day; empty for no limit. Entries hold from their time until the next one's. */
  readonly bandwidth: readonly BandwidthEntry[];
}

export interface BandwidthEntry {
  /** Days it holds, 0 = Sunday; undefined for every day. */
  readonly days?: readonly number[] | undefined;
  /** Minutes after local midnight. */
  readonly minute: number;
  /** Bytes per second; undefined for no limit. */
  readonly bytesPerSecond?: number | undefined;
}

export interface MultipartPolicy {
  /** Objects larger than this go in parts, bytes (qscamel `multipart_boundary_size`). */
  readonly threshold: number;
  /** Wanted part size, bytes; grown where the destination's part count demands. */
  readonly partSize: number;
  /** Lay parts out as the source's were, so that the ETag stays the same. */
  readonly keepEtag: boolean;
  /** Parts of one object in flight at once (bounded by qscamel `workers`). */
  readonly parallelParts: number;
}

export interface Fidelity {
  /** `keep`: headers and user metadata travel. `drop`: only Content-Type does. `set`: `setMetadata` replaces it. */
  readonly metadata: 'keep' | 'drop';
  /** Added to the user metadata of every object, over what it had. */
  readonly setMetadata: Readonly<Record<string, string>>;
  readonly tags: 'keep' | 'drop';
  readonly setTags: Tags;
  /** Keep the modification time, as user metadata `mtime` where it cannot be set. */
  readonly modified: boolean;
  /** Canned ACL every object is written with; undefined leaves it to the bucket. */
  readonly acl?: string | undefined;
  /** Source class → destination class; `*` for any other. Undefined destination leaves it to the bucket. */
  readonly storageClass: Readonly<Record<string, string>>;
  /** What to do where the destination cannot keep metadata, tags or names: go on and report, or fail the object. */
  readonly onLoss: 'report' | 'fail';
}
