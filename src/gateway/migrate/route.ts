import type { Key } from '../../model/key.ts';
import type { Routing } from './phase.ts';

/**
 * One gateway's view of whom requests are for. It holds mutations while the switch is on, tells which are in flight on
 * old, and is sure that what it says is still true when an operation on old has ended.
 */
export interface Route {
  /** For a read. Rejects with `unavailable` where the gateway cannot be sure of its view. */
  reading(): Promise<Passage>;
  /** For a mutation: waits while they are held. On `old` it counts as in flight until it is left. */
  mutating(key: Key, operation: string, signal?: AbortSignal): Promise<Passage>;
}

export interface Passage extends Disposable {
  readonly routing: Routing;
  /**
   * False where the view may have changed for others since: what was read from old may be out of date, and is read
   * again.
   */
  stillSure(): boolean;
}
