/** What event sources need of the outside. */
import type { TaskSpec } from '../../model/task.ts';
import type { EventSourceRecord } from '../../state/control/event-book.ts';
import type { ComposedStore } from '../../store/compose.ts';

export interface StorePair extends AsyncDisposable {
  readonly source: ComposedStore;
  readonly destination: ComposedStore;
  /** How objects are copied between them. */
  readonly spec: TaskSpec;
}

/** Opens the two stores of an event source. */
export type OpenPair = (source: Pick<EventSourceRecord, 'name' | 'source' | 'destination'>) => Promise<StorePair>;

/** What of a bucket's event is the store's: its bucket, and the prefix its keys are below. */
export interface StorePlace {
  /** Undefined where the store does not tell. */
  readonly bucket: string | undefined;
  /** '' or ending in `/`. */
  readonly prefix: string;
}
