/** Stores that were registered by name. Secrets are kept sealed (`control/stores/secret-box.ts`); nothing here opens them. */
export interface StoreBook {
  /** Rejects with `already-exists` where the name is taken. */
  add(store: NewStore): Promise<void>;
  /** In order of name, after the name `after`; at most `limit`. */
  stores(options: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly StoreRecord[]>;
  store(name: string): Promise<StoreRecord | undefined>;
  /** In place of what has this version. False where it was changed or removed meanwhile, and nothing is done. */
  replace(store: Omit<NewStore, 'createdAt'>, version: number): Promise<boolean>;
  /** What a test found; changes no version. Of a store that is gone it counts for nothing. */
  setTested(name: string, tested: unknown): Promise<void>;
  /** False where it has not this version. */
  remove(name: string, version: number): Promise<boolean>;
  /** Whether any of them has a secret. */
  hasSecrets(): Promise<boolean>;
}

export interface NewStore {
  readonly name: string;
  /** A registered type or alias. */
  readonly type: string;
  readonly path: string;
  /** As they were given, without those that are secret. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The secret ones, sealed, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

export interface StoreRecord extends NewStore {
  /** Grows with every change. */
  readonly version: number;
  /** JSON of the last test. */
  readonly tested?: unknown;
}
