/** `type: fetch` where the destination cannot read from the source by itself. */
import type { TaskSpec } from '../model/task.ts';
import type { Store } from '../store/store.ts';

/** The destination reads URLs, and the source gives some that need nothing else. */
export function canFetch(source: Store, destination: Store): boolean {
  return (
    destination.capabilities.fetch &&
    destination.fetch !== undefined &&
    source.capabilities.presign &&
    source.presign !== undefined
  );
}

/** What to tell where the objects of a `fetch` task pass through this machine; undefined where they do not. */
export function fetchFallback(
  spec: Pick<TaskSpec, 'type'>,
  source: Store,
  destination: Store,
): { readonly message: string; readonly remedy: string } | undefined {
  if (spec.type !== 'fetch' || canFetch(source, destination)) return undefined;
  return {
    message: 'the destination cannot fetch from the source by itself; Ferry copies the objects through this machine',
    remedy: 'Use `type: copy` to say so.',
  };
}
