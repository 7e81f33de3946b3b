import type { NewDelivery } from './callback-book.ts';

/** Jobs that were accepted over HTTP. Their lists are files of their own; what became of each object is the task's to tell. */
export interface JobBook {
  /** Durable when resolved. */
  add(job: NewJob): Promise<JobRecord>;
  job(id: string): Promise<JobRecord | undefined>;
  /** Newest first, before the one of number `before`; at most `limit`, 1,000 at most. */
  jobs(options: {
    readonly before?: number | undefined;
    readonly limit: number;
    readonly state?: JobState | undefined;
  }): Promise<readonly JobRecord[]>;
  /** Those neither finished nor failed, higher priority first, then the older; at most `limit`. */
  unended(limit: number): Promise<readonly JobRecord[]>;
  /** `notice` is added to the callbacks in the same transaction. */
  begin(id: string, startedAt: number, notice?: NewDelivery): Promise<void>;
  /** The same. */
  end(id: string, end: JobEnd, notice?: NewDelivery): Promise<void>;
  /** Forgets those that ended before; gives the ids of at most `limit` it forgot. */
  forgetBefore(at: number, limit: number): Promise<readonly string[]>;
}

export type JobState = 'accepted' | 'running' | 'finished' | 'failed';

export interface NewJob {
  readonly id: string;
  readonly createdAt: number;
  /** Name of the token. */
  readonly who: string;
  readonly targetType: string;
  readonly targetBucket: string;
  readonly targetAcl?: string | undefined;
  /** How keys are made of URLs. */
  readonly keys: 'path' | 'host';
  readonly priority: number;
  readonly callbackUrl?: string | undefined;
  /** Lines of its list, and objects they stand for: a URL may be named twice. */
  readonly files: number;
  readonly objects: number;
}

export interface JobRecord extends NewJob {
  /** Grows. */
  readonly number: number;
  readonly state: JobState;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  /** Every object is at its target; false before the end. */
  readonly complete: boolean;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

export interface JobEnd {
  readonly state: 'finished' | 'failed';
  readonly endedAt: number;
  /** Every object is at its target. */
  readonly complete: boolean;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}
