import type { StoreBook } from '../../state/control/store-book.ts';
import type { StoreRegistry } from '../../store/registry.ts';
import type { TargetResolver } from './runner.ts';

const PAGE = 100;

/**
 * Jobs go to registered stores: the one of this type that has the bucket, or that is called so. Where several do, the
 * first by name.
 */
export function storeTargets(book: StoreBook, registry: StoreRegistry): TargetResolver {
  return {
    async resolve(type, bucket) {
      const wanted = registry.find(type);
      if (wanted?.roles.destination !== true) return undefined;
      const called = await book.store(bucket);
      if (called !== undefined && registry.find(called.type) === wanted) return { store: called.name };
      for (let after: string | undefined; ;) {
        const page = await book.stores({ after, limit: PAGE });
        const found = page.find((store) => registry.find(store.type) === wanted && bucketOf(store.options) === bucket);
        if (found !== undefined) return { store: found.name };
        if (page.length < PAGE) return undefined;
        after = page.at(-1)!.name;
      }
    },
  };
}

/** What the S3 drivers call it. */
function bucketOf(options: Readonly<Record<string, unknown>>): unknown {
  return options['bucket_name'];
}
