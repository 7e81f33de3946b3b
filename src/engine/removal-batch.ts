import { toFerryError, type FerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { RemoveFailure, Store } from '../store/store.ts';
import { stopsTheRun } from './failures.ts';

const BATCH = 1000;

/** Collects keys and removes a thousand at once. Memory: two batches. */
export class RemovalBatch {
  readonly #store: Store;
  readonly #signal: AbortSignal;
  readonly #ended: (key: Key, error: FerryError | undefined) => Promise<void>;
  #keys: Key[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store, signal: AbortSignal, ended: (key: Key, error: FerryError | undefined) => Promise<void>) {
    this.#store = store;
    this.#signal = signal;
    this.#ended = ended;
  }

  add(key: Key): Promise<undefined> | undefined {
    this.#keys.push(key);
    return this.#keys.length < BATCH ? undefined : this.flush();
  }

  async flush(): Promise<undefined> {
    const keys = this.#keys;
    this.#keys = [];
    const before = this.#last;
    this.#last = (async () => {
      await before;
      await this.#remove(keys);
    })();
    await this.#last;
    return undefined;
  }

  async #remove(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    const failed = await this.#removeAtOnce(keys);
    if (failed) {
      const failures = new Map(failed.map(({ key, error }) => [key, error]));
      for (const key of keys) {
        const error = failures.get(key);
        await this.#ended(key, error && toFerryError(error));
      }
      return;
    }
    const store = this.#store;
    const signal = this.#signal;
    for (let i = 0; i < keys.length; i += 32) {
      await Promise.all(
        keys.slice(i, i + 32).map((key) =>
          store.remove(key, signal).then(
            () => this.#ended(key, undefined),
            (error: unknown) => {
              if (signal.aborted) throw error;
              return this.#ended(key, toFerryError(error));
            },
          ),
        ),
      );
    }
  }

  /** Undefined where the store cannot, or refused all for one of them: then each is tried alone. */
  async #removeAtOnce(keys: readonly Key[]): Promise<readonly RemoveFailure[] | undefined> {
    try {
      return await this.#store.removeMany?.(keys, this.#signal);
    } catch (thrown) {
      if (this.#signal.aborted || stopsTheRun(toFerryError(thrown))) throw thrown;
      return undefined;
    }
  }
}
