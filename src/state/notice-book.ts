/**
 * What the store a bucket is moved from told of changes to its objects. Those have to be judged: most are the gateways'
 * own, others were made past them. Size: at most `MOST_WAITING` rows that wait and `MOST_PAST` that were found, whatever
 * comes; the rest is counted.
 */
import type { Key } from '../model/key.ts';

/** Keys that wait to be judged. */
export const MOST_WAITING = 10_000;
/** Keys written past the gateways that are kept. */
export const MOST_PAST = 1000;

export interface NoticeBook {
  /**
   * Notes that `received` events came, the last of them now, and which of them are to be judged: durable when it
   * resolves. Of several of one key the last counts. What has no room is counted as dropped.
   */
  add(received: number, notices: readonly Notice[]): Promise<void>;
  /** Those that wait, in the order they came, after the one of this id; at most `limit`. */
  waiting(after: number, limit: number): Promise<readonly WaitingNotice[]>;
  /**
   * It was judged, and waits no longer unless another of its key came since. `past`: the key was written past the
   * gateways. Tells whether that key is kept as such now and was not before.
   */
  settle(notice: WaitingNotice, past: boolean): Promise<boolean>;
  /** Keys written past the gateways, in the order they were found; at most `limit`. */
  past(limit: number): Promise<readonly Notice[]>;
  counts(): Promise<NoticeCounts>;
  /** Forgets everything. */
  clear(): Promise<void>;
}

export interface Notice {
  readonly key: Key;
  /** As the store calls it: `ObjectCreated:Put`. */
  readonly event: string;
  /** By the store's clock, milliseconds since the Unix epoch. */
  readonly time: number;
}

export interface WaitingNotice extends Notice {
  /** Grows. */
  readonly id: number;
}

export interface NoticeCounts {
  readonly received: number;
  /** When the last one came, milliseconds since the Unix epoch. */
  readonly last: number | undefined;
  readonly waiting: number;
  /** Not judged, for want of room. */
  readonly dropped: number;
  /** Found to be written past the gateways. A key that is not kept may count twice. */
  readonly past: number;
}
