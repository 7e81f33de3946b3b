/** An origin as a store with its limits, asked by rules that may have several of them. */
import type { OriginLimits } from '../../model/gateway.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import { systemClock } from '../../store/clock.ts';
import { compose, type ComposedStore } from '../../store/compose.ts';
import type { Call } from '../../store/layers/call.ts';
import type { StoreWatch } from '../../store/layers/measure.ts';
import type { Layer, Next } from '../../store/layers/layer.ts';
import { TokenBucket } from '../../store/layers/token-bucket.ts';
import type { Store } from '../../store/store.ts';
import { AnswerAs } from '../answer-as.ts';
import { Breaker } from './breaker.ts';
import type { Rule } from './rule.ts';

/** A client waits: an origin is tried twice, and then the next one. */
const ATTEMPTS = 2;
/** A wish to wait longer than this is a failure, milliseconds. */
const LONGEST_WISH = 1000;

export interface OriginContext {
  readonly now: () => number;
  readonly random: () => number;
  readonly watch?: StoreWatch | undefined;
}

export class Origin {
  readonly store: ComposedStore;
  readonly breaker: Breaker;

  constructor(
    driver: Store,
    limits: OriginLimits,
    breaker: { readonly failures: number; readonly duration: number },
    { now, random, watch }: OriginContext,
  ) {
    this.store = compose(driver, {
      retry: { attempts: ATTEMPTS, base: 50, cap: 500, random },
      limits: {
        concurrency: limits.concurrency,
        requestsPerSecond: limits.requestsPerSecond,
        readBandwidth: new TokenBucket(systemClock, limits.bandwidth),
      },
      watchdog: { timeout: limits.timeout },
      watch,
      innermost: [new Impatience()],
    });
    this.breaker = new Breaker(breaker, now);
  }

  /** Another request would have to wait for its turn. */
  get busy(): boolean {
    const { slots } = this.store.limits;
    return slots.active >= slots.limit;
  }

  /** Whoever reads slowly now does so because of our own limits. */
  get heldBack(): boolean {
    return this.store.limits.readBandwidth.waiting > 0;
  }

  /** A body that came well or broke off, after its call had been answered. */
  ended(error: FerryError | undefined): void {
    if (error === undefined) this.breaker.succeeded();
    else if (isFailure(error)) this.breaker.failed();
  }
}

/**
 * Asks the origins of a rule in turn, until one gives an answer: what it is asked for, or that there is nothing, or that
 * it refuses this object. Rejects with `not-found`, `access-denied` as 403, or with what the client is to be told where
 * none of them works.
 */
export async function askInTurn<T>(
  rule: Rule,
  key: string,
  ask: (origin: Origin, originKey: string) => Promise<T | undefined>,
): Promise<{ readonly origin: Origin; readonly answer: T }> {
  const known = rule.absences.get(key);
  if (known !== undefined) throw refusal(known, key, rule);
  const originKey = rule.originKey(key);
  if (originKey === undefined) throw new FerryError('not-found', { key });
  let last: FerryError | undefined;
  for (const origin of rule.origins) {
    if (!origin.breaker.tryEnter()) continue;
    rule.tally.used();
    try {
      const answer = await ask(origin, originKey);
      origin.breaker.succeeded();
      if (answer !== undefined) return { origin, answer };
      throw new FerryError('not-found', { key, store: origin.store.info.name });
    } catch (thrown) {
      const error = toFerryError(thrown);
      if (error.code === 'not-found' || error.code === 'access-denied') {
        origin.breaker.succeeded();
        rule.absences.remember(key, error.code);
        throw refusal(error.code, key, rule);
      }
      if (!isFailure(error)) {
        origin.breaker.gaveUp();
        throw error;
      }
      origin.breaker.failed();
      rule.tally.add('failures');
      last = error;
    }
  }
  throw unavailable(rule, key, last);
}

function refusal(code: 'not-found' | 'access-denied', key: string, rule: Rule): FerryError {
  rule.tally.add('absent');
  if (code === 'not-found') return new FerryError('not-found', { key });
  return new AnswerAs('AccessDenied', 'access-denied', {
    key,
    message: 'The origin of this object refuses it',
    remedy: `Grant the credentials of the origin of rule "${rule.spec.name}" access, or take the key out of the rule.`,
  });
}

/** None of the origins works: the client is to come back, and nothing is said about the object. */
export function unavailable(rule: Rule, key: string, cause: FerryError | undefined): AnswerAs {
  const wait = Math.min(...rule.origins.map((origin) => origin.breaker.closedFor));
  const slow = cause === undefined || cause.code === 'throttled';
  const why = cause === undefined ? 'it failed too often and is left alone for a while' : cause.message;
  return new AnswerAs(
    slow ? 'SlowDown' : 'ServiceUnavailable',
    slow ? 'throttled' : 'unavailable',
    {
      key,
      cause,
      message: `The origin of this object does not give it: ${why}`,
      remedy: `Look at the origin of rule "${rule.spec.name}".`,
    },
    ['Retry-After', String(Math.max(1, Math.ceil(wait / 1000)))],
  );
}

/** Throws `too-large`. */
export function refuseTooLarge({ spec }: Rule, size: number): void {
  const most = spec.limits.maxObjectSize;
  if (size > most)
    throw new AnswerAs('EntityTooLarge', 'too-large', {
      message: `The object is larger than the ${most} bytes \`max_object_size\` of rule "${spec.name}" allows`,
    });
}

/** Whether the origin failed, rather than the request: another may do better. */
function isFailure(error: FerryError): boolean {
  if (error.code === 'changed' || error.code === 'interrupted') return false;
  // A range past the end: the object is shorter.
  if (error.code === 'wrong-length' && error.retryable === 'never') return false;
  return error.kind !== 'unsupported' && error.kind !== 'bug';
}

/** An origin that asks for more patience than a client has is one that fails. */
class Impatience implements Layer {
  async run<T>(call: Call<T>, next: Next): Promise<T> {
    try {
      return await next(call);
    } catch (thrown) {
      const error = toFerryError(thrown);
      throw (error.retryAfter ?? 0) > LONGEST_WISH ? error.exhausted() : error;
    }
  }
}
