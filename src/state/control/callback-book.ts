/** Messages to others that have to arrive: kept until they did, or were given up. */
export interface CallbackBook {
  /** Durable when resolved. */
  add(delivery: NewDelivery): Promise<void>;
  /** Those to be sent now, the longest overdue first; at most `limit`. */
  due(now: number, limit: number): Promise<readonly Delivery[]>;
  /** When the next is due; undefined where nothing waits. */
  nextAt(): Promise<number | undefined>;
  /** What an attempt came to. */
  attempted(id: number, attempt: DeliveryAttempt, then: AfterAttempt): Promise<void>;
  delivery(id: number): Promise<Delivery | undefined>;
  /** Newest first, before the one of id `before`; at most `limit`, 1,000 at most. */
  deliveries(options: DeliveryQuery): Promise<readonly Delivery[]>;
  /** Sends it again, now; false where there is none. */
  again(id: number, now: number): Promise<boolean>;
  /** Forgets those made before that wait no more. */
  forgetBefore(at: number): Promise<void>;
}

export interface DeliveryQuery {
  readonly before?: number | undefined;
  readonly limit: number;
  readonly state?: DeliveryState | undefined;
  readonly subject?: string | undefined;
}

export type DeliveryState = 'waiting' | 'delivered' | 'failed';

export interface NewDelivery {
  /** What it is about: a job. */
  readonly subject: string;
  /** `job.ended`. */
  readonly event: string;
  readonly url: string;
  /** JSON. */
  readonly body: string;
  readonly createdAt: number;
  /** One of the same subject and event that waits still, and was never tried, is replaced. */
  readonly replaces?: boolean | undefined;
}

export interface Delivery extends NewDelivery {
  readonly id: number;
  readonly state: DeliveryState;
  /** When it is tried; undefined where it waits no more. */
  readonly nextAt?: number | undefined;
  /** How often it was tried. */
  readonly tries: number;
  /** Since when it is tried: its making, or when it was asked for again. */
  readonly since: number;
  /** The last ones, oldest first. */
  readonly attempts: readonly DeliveryAttempt[];
}

export interface DeliveryAttempt {
  readonly at: number;
  readonly milliseconds: number;
  /** Of the answer; undefined where there was none. */
  readonly status?: number | undefined;
  readonly error?: string | undefined;
}

export type AfterAttempt =
  | { readonly state: 'delivered' | 'failed' }
  | { readonly state: 'waiting'; readonly nextAt: number };
