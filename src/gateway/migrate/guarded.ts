import type { Body } from '../../model/body.ts';
import { FerryError, isFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ComposedStore } from '../../store/compose.ts';
import { VISIBLE, type Call, type Operation } from '../../store/layers/call.ts';
import type { Layer, Next } from '../../store/layers/layer.ts';
import { LayeredStore } from '../../store/layers/layered-store.ts';
import type { Store } from '../../store/store.ts';
import { isRefusal } from './certainty.ts';

export interface Guarding {
  /** Whether the member in whose name this is done has its lease. */
  readonly sure: () => boolean;
  /**
   * Told of a key where an attempt to change it got no answer: the store may carry it out yet, even after the next. Where
   * absent nobody keeps others away from the key so long: nothing is attempted again then.
   */
  readonly inDoubt?: ((key: Key) => void) | undefined;
}

/**
 * A store that changes nothing in the name of a member whose lease may have run out: `sure` is asked before each attempt
 * that changes something, and before each chunk of its body. A process that was stopped for longer than what it held
 * lingers goes on just where it was, before any timer tells it so; what it sends then would come after others took the
 * key over.
 *
 * The caller disposes of `store`, not of this.
 */
export function guarded(store: Store, guarding: Guarding): Store {
  return isComposed(store) ? guardedComposed(store, guarding) : new LayeredStore(store, [new Guard(guarding)]);
}

/** The same with what a composed store has besides. */
export function guardedComposed(store: ComposedStore, guarding: Guarding): ComposedStore {
  return (guarding.inDoubt === undefined ? store.once() : store).within(new Guard(guarding));
}

function isComposed(store: Store): store is ComposedStore {
  return 'within' in store;
}

const CHANGING: ReadonlySet<Operation> = new Set<Operation>([...VISIBLE, 'begin', 'put', 'copyPart']);

class Guard implements Layer {
  readonly #o: Guarding;

  constructor(guarding: Guarding) {
    this.#o = guarding;
  }

  async run<T>(call: Call<T>, next: Next): Promise<T> {
    const { key, operation } = call;
    if (!CHANGING.has(operation)) return await next(call);
    requireSure(this.#o.sure);
    if (call.body !== undefined) call.body = watched(call.body, this.#o.sure);
    const { inDoubt } = this.#o;
    if (inDoubt === undefined || key === undefined || !VISIBLE.has(operation)) return await next(call);
    const { signal } = call;
    const doubt = (): void => inDoubt(key);
    // Whoever gives an attempt up goes on at once, and the store may never say what became of it.
    signal?.addEventListener('abort', doubt);
    try {
      return await next(call);
    } catch (thrown) {
      // A store that asks to slow down has not begun.
      if (!isRefusal(thrown) && !isFerryError(thrown, 'throttled')) doubt();
      throw thrown;
    } finally {
      signal?.removeEventListener('abort', doubt);
    }
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
