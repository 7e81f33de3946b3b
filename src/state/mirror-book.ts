/**
 * What mirrors remember durably: their counters, which keys clients deleted for good, and uploads in parts under way, so
 * that what a crash leaves is aborted. One contract; SQLite implements it for one machine.
 */
export interface MirrorBook {
  /** Adds to the counters of a rule; those of several gateways add up. */
  count(bucket: string, rule: string, more: MirrorCounters): Promise<void>;
  /** Of every rule that ever counted, in order of bucket and rule. */
  counters(): Promise<readonly RuleCounters[]>;

  /** From now on the origin's object of this key is dead. */
  bury(bucket: string, key: string): Promise<void>;
  isBuried(bucket: string, key: string): Promise<boolean>;

  uploadBegun(bucket: string, upload: MirrorUpload): Promise<void>;
  /** One that is not there counts as ended. */
  uploadEnded(bucket: string, upload: MirrorUpload): Promise<void>;
  uploads(bucket: string): Promise<readonly MirrorUpload[]>;
}

export interface MirrorCounters {
  /** Requests answered from the bucket's own store. */
  readonly hits: number;
  /** Requests for what was not there. */
  readonly misses: number;
  /** Those of them for which the origins had nothing either. */
  readonly absent: number;
  /** Objects stored. */
  readonly stored: number;
  /** Bytes that came from origins. */
  readonly bytes: number;
  /** Fetches and requests that origins failed, or that could not be stored. */
  readonly failures: number;
  /** When an origin was last asked, milliseconds since the epoch; null where never. */
  readonly lastUse: number | null;
}

export interface RuleCounters extends MirrorCounters {
  readonly bucket: string;
  readonly rule: string;
}

export interface MirrorUpload {
  readonly key: string;
  readonly uploadId: string;
}

export const NO_COUNTS: MirrorCounters = {
  hits: 0,
  misses: 0,
  absent: 0,
  stored: 0,
  bytes: 0,
  failures: 0,
  lastUse: null,
};
