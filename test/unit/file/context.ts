import type { StoreContext, StoreRole } from '../../../src/store/registry.ts';

/** What a driver needs that makes no requests. */
export function contextIn(tmpdir: string, role?: StoreRole): StoreContext {
  return {
    tmpdir: () => tmpdir,
    role,
    now: Date.now,
    env: {},
    http: {
      request: () => Promise.reject(new Error('nothing here makes requests')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  };
}
