import type { Store } from '../store/store.ts';

/** The same store with some members replaced; everything else is the store's own, bound to it. */
export function override<S extends Store>(store: S, members: Partial<S> | Partial<Store>): S {
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? Function.prototype.bind.call(value, target) : value;
    },
  });
}
