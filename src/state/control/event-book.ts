/** Where change events come from, and the events that wait to be carried out. One row for each key, however many come. */
import type { Key } from '../../model/key.ts';

export interface EventBook {
  /** Rejects with `already-exists`. */
  addSource(source: NewEventSource): Promise<void>;
  /** In order of name. */
  sources(): Promise<readonly EventSourceRecord[]>;
  source(name: string): Promise<EventSourceRecord | undefined>;
  /** In place of what has this version; false where it was changed meanwhile. */
  replaceSource(source: Omit<NewEventSource, 'createdAt'>, version: number): Promise<boolean>;
  /** With all its events. False where it has not this version. */
  removeSource(name: string, version: number): Promise<boolean>;
  reconciled(name: string, at: number, error?: string): Promise<void>;

  /**
   * Durable when resolved; calls of one turn of the event loop share a transaction. Of one key the newest counts: by the
   * sequencer where both have one, else the last to come. What is older than what came before is counted, and forgotten.
   */
  add(source: string, events: readonly NewEvent[], now: number): Promise<void>;
  /** What came and could not be read. */
  malformed(source: string, now: number): Promise<void>;
  /** Those to be carried out now, the longest overdue first; at most `limit`. */
  due(source: string, now: number, limit: number): Promise<readonly WaitingEvent[]>;
  nextAt(source: string): Promise<number | undefined>;
  /** What became of it, unless a newer one of its key came since: that still waits. */
  settle(event: WaitingEvent, outcome: EventOutcome, now: number): Promise<void>;
  counts(source: string): Promise<EventCounts>;
  /** Forgets events that were carried out before; until then they tell doubles. */
  forgetDone(before: number): Promise<void>;
}

export interface NewEventSource {
  readonly name: string;
  readonly kind: 'http' | 'sns' | 'sqs';
  /** Names of registered stores. */
  readonly source: string;
  readonly destination: string;
  /** Only keys of the source's bucket that begin with it. */
  readonly prefix: string;
  readonly deletes: 'ignore' | 'apply';
  /** Minutes between two comparisons of both sides; 0 for none. */
  readonly reconcile: number;
  /** Of its kind. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Sealed, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly createdAt: number;
}

export interface EventSourceRecord extends NewEventSource {
  readonly version: number;
  /** Since it was made. */
  readonly totals: EventTotals;
  readonly lastAt?: number | undefined;
  readonly reconciledAt?: number | undefined;
  /** Of the last comparison, where it failed. */
  readonly reconcileError?: string | undefined;
}

export interface EventTotals {
  readonly received: number;
  /** Older than what came before, or doubles. */
  readonly outdated: number;
  readonly malformed: number;
  readonly transferred: number;
  readonly deleted: number;
  /** Nothing had to be done: the object is gone, or deletes are ignored. */
  readonly passed: number;
}

export interface NewEvent {
  readonly key: Key;
  readonly change: 'created' | 'removed';
  /** Hexadecimal; '' where none is told. */
  readonly sequencer: string;
}

export interface WaitingEvent extends NewEvent {
  readonly source: string;
  /** When it came. */
  readonly receivedAt: number;
  readonly tries: number;
  /** Of the row: grows with each event of the key. */
  readonly version: number;
}

export type EventOutcome =
  | { readonly is: 'transferred' | 'deleted' | 'passed' }
  | { readonly is: 'again'; readonly at: number; readonly error: string }
  | { readonly is: 'failed'; readonly error: string };

export interface EventCounts {
  readonly waiting: number;
  readonly failed: number;
  /** When the oldest came that waits. */
  readonly oldest: number | undefined;
}
