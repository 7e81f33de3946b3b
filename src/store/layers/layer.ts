import type { Store } from '../store.ts';
import type { Call } from './call.ts';

/** The rest of the stack: the layers further in, and at last the driver. */
export type Next = <T>(call: Call<T>) => Promise<T>;

/**
 * Something done around every call of a store. State is kept in the layer, so to share a layer between stores is to
 * share its limit or its counts.
 *
 * A layer may change `signal` and `body` of the call for the layers further in. It has the outcome of a read looked
 * after until the body is done with `Call.wrapRead`.
 */
export interface Layer {
  run<T>(call: Call<T>, next: Next): Promise<T>;
  /** The store is disposed of. */
  close?(): void;
}

/** Layers, the outermost first, around a store. */
export function stack(store: Store, layers: readonly Layer[]): Next {
  const innermost: Next = (call) => {
    try {
      return call.perform(store);
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return layers.reduceRight<Next>((next, layer) => (call) => layer.run(call, next), innermost);
}
