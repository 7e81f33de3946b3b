/**
 * What was answered to requests that carried an idempotency key, for a day. A request that was under way when its
 * process died is forgotten with it: whether it was carried out is not known, and the same request finds out.
 */
export interface AnswerBook {
  /** Claims the key for a request, both given by their digests. */
  begin(key: string, request: string, now: number): Promise<Claim>;
  end(key: string, answer: KeptAnswer): Promise<void>;
  /** The request came to nothing; its key is free again. */
  forget(key: string): Promise<void>;
  /** The process that served before this one is gone: what it had not ended is free again. */
  forgetUnended(): Promise<void>;
}

export type Claim =
  | { readonly is: 'new' | 'running' | 'other' }
  | { readonly is: 'answered'; readonly answer: KeptAnswer };

export interface KeptAnswer {
  readonly status: number;
  readonly json: unknown;
  readonly headers: readonly string[];
}

/** How long an answer is kept, milliseconds. */
export const ANSWER_KEPT = 86_400_000;
