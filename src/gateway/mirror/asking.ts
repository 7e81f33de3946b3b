/** Who asks a mirror for an object, and what for. */
import type { FerryError } from '../../model/errors.ts';
import type { MissStatus } from '../../model/gateway.ts';
import type { HttpHeaders } from '../../wire/http/client.ts';
import { AnswerAs } from '../answer-as.ts';
import type { ServedFrom } from '../buckets.ts';
import type { Ending, Fetch } from './fetch.ts';

/** Who waits for an object to be stored is told after so long that it still is under way, milliseconds. */
const PATIENCE = 20_000;

/** How somebody asks for an object. */
export interface Asking {
  readonly method: string;
  readonly headers: HttpHeaders | undefined;
  /** Is told where what was found came from. */
  readonly served?: ((from: ServedFrom) => void) | undefined;
}

/** Headers that name ETags. */
export const CONDITIONS = ['if-match', 'if-none-match', 'if-range'] as const;

/** For who asks from inside. */
export const INSIDE: Asking = { method: 'GET', headers: undefined };

/** What of the bucket's own store counts as a miss, as a client would have been answered. */
export function missStatus(failure: FerryError | undefined): MissStatus | undefined {
  if (failure === undefined || failure.code === 'not-found') return 404;
  if (failure.code === 'access-denied') return 403;
  return failure.kind === 'busy' || failure.kind === 'network' ? 503 : undefined;
}

/** For who wants to know that an object is stored, not only that it is there: the sweep of `ferry mirror warm`. */
export async function expectStored(fetch: Fetch): Promise<void> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), PATIENCE);
  const ending: Ending | undefined = await Promise.race([fetch.ended, late.promise]);
  clearTimeout(timer);
  if (ending === undefined)
    throw new AnswerAs('ServiceUnavailable', 'unavailable', { key: fetch.key }, ['x-ferry-mirror', 'storing']);
  if (ending.how === 'failed')
    throw new AnswerAs('ServiceUnavailable', 'unavailable', { key: fetch.key, cause: ending.error }, [
      'x-ferry-mirror',
      `failed ${ending.error.code}`,
    ]);
}
