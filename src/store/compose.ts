import type { Clock } from './clock.ts';
import type { RetryOptions } from './layers/backoff.ts';
import { Correctness } from './layers/correctness.ts';
import { ErrorContext } from './layers/error-context.ts';
import type { Layer } from './layers/layer.ts';
import { LayeredStore } from './layers/layered-store.ts';
import type { LimitOptions } from './layers/limits.ts';
import { Measure, type StoreWatch } from './layers/measure.ts';
import { Limits } from './layers/limits.ts';
import { Retry } from './layers/retry.ts';
import type { StoreStats } from './layers/trace.ts';
import { newStats, Trace } from './layers/trace.ts';
import type { WatchdogOptions } from './layers/watchdog.ts';
import { Watchdog } from './layers/watchdog.ts';
import type { Store } from './store.ts';

export interface ComposeOptions {
  readonly retry?: RetryOptions | undefined;
  readonly limits?: LimitOptions | undefined;
  readonly watchdog?: WatchdogOptions | undefined;
  /** Time for all layers; the system's where absent. */
  readonly clock?: Clock | undefined;
  /** Counts shared with other stores; new ones where absent. */
  readonly stats?: StoreStats | undefined;
  /** Wants to know how it does. */
  readonly watch?: StoreWatch | undefined;
  /** Between the watchdog and the driver; tests put faults here. */
  readonly innermost?: readonly Layer[] | undefined;
}

export interface ComposedStore extends Store {
  /** Counts, read whenever somebody wants to know. */
  readonly stats: StoreStats;
  /** Concurrency, requests and bandwidth, to be changed while the store is used. */
  readonly limits: Limits;
  /** The driver. */
  readonly inner: Store;
  /** The same store, with its counts and limits, and one layer more around the driver: every attempt goes through it. */
  within(layer: Layer): ComposedStore;
  /** The same store for who answers others (`RetryOptions.changesOnce`). */
  once(): ComposedStore;
}

/**
 * A driver with all layers around it, always in this order:
 *
 * 1. trace, and measure where somebody wants to know: count and tell every call as the caller sees it, retries included
 *    in its time;
 * 2. error context: every error leaves as a `FerryError` that names operation, store and key;
 * 3. correctness: what the store cannot do is refused once, not retried;
 * 4. retry: sleeps without holding a slot;
 * 5. limits: each attempt counts;
 * 6. watchdog: waiting for a slot is no stall, a silent store is;
 * 7. the driver, with what was put `within`.
 */
export function compose(driver: Store, options: ComposeOptions = {}): ComposedStore {
  const { clock } = options;
  const stats = options.stats ?? newStats();
  const limits = new Limits({ clock, ...options.limits });
  const outer = [
    new Trace(driver.info.name, stats),
    ...(options.watch === undefined ? [] : [new Measure(options.watch.opened(driver.info.name, stats))]),
    new ErrorContext(driver.info, stats),
    new Correctness(driver.capabilities),
  ];
  const inner = [limits, new Watchdog({ clock, ...options.watchdog })];
  const retrying = { clock, ...options.retry };
  const around = (retry: Retry, within: readonly Layer[]): ComposedStore =>
    Object.assign(new LayeredStore(driver, [...outer, retry, ...inner, ...within, ...(options.innermost ?? [])]), {
      stats,
      limits,
      within: (layer: Layer) => around(retry, [...within, layer]),
      once: () => around(new Retry(driver.capabilities, stats, { ...retrying, changesOnce: true }), within),
    });
  return around(new Retry(driver.capabilities, stats, retrying), []);
}
