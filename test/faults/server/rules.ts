/** Which request meets which fault. */
import type { Operation, S3Request } from './request.ts';

/** What goes wrong. Those marked (done) happen after the server did what was asked; the others instead of it. */
export type Fault =
  /** The connection is reset: before the request body is read, after it, or (done) instead of the answer. */
  | { readonly do: 'reset'; readonly when: 'before-body' | 'after-body' | 'lost-answer' }
  /** (done) The connection is reset in the middle of the answer's header, or after a share of its body. */
  | { readonly do: 'cut'; readonly after: 'half-header' | number }
  /** The connection is reset, and only then, within so many milliseconds, the server does what was asked. */
  | { readonly do: 'late'; readonly within: number }
  /** Nothing more is ever sent: no answer at all, or (done) none after a share of the body. */
  | { readonly do: 'stall'; readonly after: 'nothing' | number }
  /** An error answer. `early` sends it without reading the request body. */
  | {
      readonly do: 'refuse';
      readonly status: number;
      readonly code: string;
      readonly retryAfter?: string;
      readonly early?: boolean;
    }
  /** (done) The body ends early and the connection is closed: `announced` with the true Content-Length, or without any. */
  | { readonly do: 'truncate'; readonly share: number; readonly announced: boolean }
  /** (done) Some bytes of the answer's body are others. */
  | { readonly do: 'corrupt-answer' }
  /** Some bytes of the request's body arrive as others; what is checked, is checked on those. */
  | { readonly do: 'corrupt-request' }
  /** (done) The body is so many bytes longer or shorter, and Content-Length says so too. */
  | { readonly do: 'resize'; readonly by: number }
  /** (done) The answer is changed in its header: `undefined` drops a field. */
  | { readonly do: 'header'; readonly headers: Readonly<Record<string, string | undefined>> }
  /** The answer is this, whatever was asked. */
  | { readonly do: 'answer'; readonly status: number; readonly type: string; readonly body: string }
  /** (done) The listing's document is rewritten. */
  | { readonly do: 'rewrite'; readonly with: (document: string) => string }
  /** Runs before the request is answered, honestly: to change or remove an object at a bad moment, for one. */
  | { readonly do: 'run'; readonly action: (request: S3Request) => void };

export interface Rule {
  readonly op?: Operation | readonly Operation[];
  readonly bucket?: string;
  readonly key?: string | RegExp;
  /** Only where the request's `Range` begins past this byte; 0 for any ranged request. */
  readonly rangeFrom?: number;
  /** Which of the matching requests, counted from 1; every one where absent. */
  readonly nth?: readonly number[];
  /** Counts the requests of every key for itself. */
  readonly perKey?: boolean;
  /** Probability that a matching request is met, from the server's seed. */
  readonly chance?: number;
  readonly fault: Fault;
}

export class Rules {
  readonly #rules: readonly Rule[];
  readonly #random: () => number;
  readonly #counts = new Map<string, number>();

  constructor(rules: readonly Rule[], random: () => number) {
    this.#rules = rules;
    this.#random = random;
  }

  /** The fault of the first rule that applies. Counts for every rule that matches. */
  pick(operation: Operation, request: Omit<S3Request, 'body'>): Fault | undefined {
    let fault: Fault | undefined;
    for (const [i, rule] of this.#rules.entries()) {
      if (!matches(rule, operation, request)) continue;
      const counter = rule.perKey ? `${i} ${request.bucket}/${request.key}` : String(i);
      const count = (this.#counts.get(counter) ?? 0) + 1;
      this.#counts.set(counter, count);
      if (rule.nth && !rule.nth.includes(count)) continue;
      if (rule.chance !== undefined && this.#random() >= rule.chance) continue;
      fault ??= rule.fault;
    }
    return fault;
  }
}

function matches(rule: Rule, operation: Operation, request: Omit<S3Request, 'body'>): boolean {
  if (rule.op !== undefined && ![rule.op].flat().includes(operation)) return false;
  if (rule.bucket !== undefined && rule.bucket !== request.bucket) return false;
  if (typeof rule.key === 'string' && rule.key !== request.key) return false;
  if (rule.key instanceof RegExp && !rule.key.test(request.key)) return false;
  if (rule.rangeFrom === undefined) return true;
  const from = /^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1];
  return from !== undefined && Number(from) >= rule.rangeFrom;
}

/** mulberry32: uniform in [0, 1), the same sequence for the same seed everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
