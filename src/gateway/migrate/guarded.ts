import type { Body } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import type { ComposedStore } from '../../store/compose.ts';
import type { Call, Operation } from '../../store/layers/call.ts';
import type { Layer, Next } from '../../store/layers/layer.ts';
import { LayeredStore } from '../../store/layers/layered-store.ts';
import type { Store } from '../../store/store.ts';

/**
 * A store that changes nothing in the name of a member whose lease may have run out: `sure` is asked before each request
 * that changes something, and before each chunk of its body. A process that was stopped for longer than what it held
 * lingers goes on just where it was, before any timer tells it so; what it sends then would come after others took the
 * key over.
 *
 * The caller disposes of `store`, not of this.
 */
export function guarded(store: Store, sure: () => boolean): LayeredStore {
  return new LayeredStore(store, [new Guard(sure)]);
}

/** The same with what a composed store has besides. */
export function guardedComposed(store: ComposedStore, sure: () => boolean): ComposedStore {
  const { stats, limits } = store;
  return Object.assign(guarded(store, sure), { stats, limits });
}

const CHANGING: ReadonlySet<Operation> = new Set<Operation>([
  'write',
  'remove',
  'removeMany',
  'copy',
  'fetch',
  'setTags',
  'begin',
  'put',
  'copyPart',
  'complete',
]);

class Guard implements Layer {
  readonly #sure: () => boolean;

  constructor(sure: () => boolean) {
    this.#sure = sure;
  }

  async run<T>(call: Call<T>, next: Next): Promise<T> {
    if (!CHANGING.has(call.operation)) return await next(call);
    requireSure(this.#sure);
    if (call.body !== undefined) call.body = watched(call.body, this.#sure);
    return await next(call);
  }
}

/** Throws `unavailable` where it is not sure any more that the member may do what it is about to. */
export function requireSure(sure: () => boolean): void {
  if (!sure()) throw new FerryError('unavailable', { message: 'the lease on the bucket ran out before this was done' });
}

function watched(body: Body, sure: () => boolean): Body {
  if (body instanceof Uint8Array) return body;
  return {
    size: body.size,
    async *open() {
      for await (const chunk of body.open()) {
        requireSure(sure);
        yield chunk;
      }
    },
  };
}
