/** Which buckets clients have made, durably. One contract; SQLite implements it for one machine. */
export interface BucketBook {
  /** In order of name. */
  buckets(): Promise<readonly BucketRecord[]>;
  /** Rejects with `already-exists`. */
  add(bucket: BucketRecord): Promise<void>;
  /** One that is not there counts as removed. */
  remove(name: string): Promise<void>;
}

export interface BucketRecord {
  readonly name: string;
  readonly tenant: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}
