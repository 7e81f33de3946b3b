import { FerryError } from '../model/errors.ts';
import type { BucketSpec } from '../model/gateway.ts';
import type { BucketBook } from '../state/bucket-book.ts';
import type { Store } from '../store/store.ts';
import type { Bucket, Buckets } from './buckets.ts';

/** Opens the store of a bucket that a client made. */
export type OpenMade = (name: string) => Promise<Store>;

export interface ConfiguredBucketsOptions {
  readonly fixed: readonly (BucketSpec & Pick<Bucket, 'reading'> & { readonly opened: Store })[];
  readonly book: BucketBook;
  /** Undefined where clients cannot make buckets. */
  readonly openMade: OpenMade | undefined;
  readonly now: () => number;
}

/**
 * The buckets of the configuration, and those that clients made. Memory: some hundred bytes and a store for each; stores
 * of made buckets share connections.
 */
export class ConfiguredBuckets implements Buckets, AsyncDisposable {
  readonly #options: ConfiguredBucketsOptions;
  readonly #buckets = new Map<string, Bucket>();
  readonly #made = new Set<string>();
  /** Names being made: two requests at once make one bucket. */
  readonly #making = new Set<string>();

  private constructor(options: ConfiguredBucketsOptions) {
    this.#options = options;
  }

  static async open(options: ConfiguredBucketsOptions): Promise<ConfiguredBuckets> {
    const buckets = new ConfiguredBuckets(options);
    const { fixed, book, openMade } = options;
    for (const { name, tenant, opened, reading, anonymousRead, cors } of fixed)
      buckets.#buckets.set(name, {
        name,
        tenant,
        created: options.now(),
        store: opened,
        reading,
        anonymousRead,
        cors,
      });
    if (openMade === undefined) return buckets;
    for (const { name, tenant, created } of await book.buckets())
      if (!buckets.#buckets.has(name)) buckets.#add(name, tenant, created, await openMade(name));
    return buckets;
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  of(tenant: string): readonly Bucket[] {
    const all = [...this.#buckets.values()].filter((bucket) => bucket.tenant === tenant);
    return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create(name: string, tenant: string): Promise<void> {
    const { book, openMade, now } = this.#options;
    if (openMade === undefined)
      throw new FerryError('unsupported', {
        message: 'Buckets cannot be made here: the configuration names no `storage`',
      });
    if (this.#buckets.has(name) || this.#making.has(name)) throw new FerryError('already-exists');
    this.#making.add(name);
    try {
      const created = now();
      const store = await openMade(name);
      await book.add({ name, tenant, created });
      this.#add(name, tenant, created, store);
    } finally {
      this.#making.delete(name);
    }
  }

  async remove(name: string): Promise<void> {
    if (!this.#made.has(name))
      throw new FerryError('unsupported', { message: 'The bucket stands in the configuration, and is removed there' });
    await this.#options.book.remove(name);
    const bucket = this.#buckets.get(name);
    this.#made.delete(name);
    this.#buckets.delete(name);
    await bucket?.store[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.#buckets.values()) await store[Symbol.asyncDispose]();
  }

  #add(name: string, tenant: string, created: number, store: Store): void {
    this.#made.add(name);
    this.#buckets.set(name, { name, tenant, created, store, anonymousRead: false, cors: [] });
  }
}
