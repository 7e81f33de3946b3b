/** Users of the gateway that were made by API, beside those of the configuration. */
export interface UserBook {
  /** Rejects with `already-exists` where the name or the access key is taken. */
  add(user: UserRecord): Promise<void>;
  /** All of them, in order of name. */
  users(): Promise<readonly UserRecord[]>;
  /** False where there is none of this name. */
  remove(name: string): Promise<boolean>;
}

export interface UserRecord {
  readonly name: string;
  readonly tenant: string;
  readonly accessKeyId: string;
  /** Sealed (`control/stores/secret-box.ts`). */
  readonly secret: string;
  /** As in `UserSpec`. */
  readonly buckets?: readonly string[] | undefined;
  readonly readOnly: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}
