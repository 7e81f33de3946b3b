/** Where a bucket stands on its way from an old store to a new one, and what that means for a request. */

export type Phase =
  | 'created'
  | 'tracking'
  | 'switching'
  | 'pending'
  | 'migrating'
  | 'verifying'
  | 'migrated'
  | 'finalised'
  | 'rolling-back'
  | 'rolled-back';

/**
 * Whom requests are for.
 * - `old`: everything goes to old; mutations are counted.
 * - `held`: mutations wait; reads look at both, because another gateway may have been released already.
 * - `both`: mutations go to new; reads look at new, then at old.
 * - `new`: everything goes to new.
 */
export type Routing = 'old' | 'held' | 'both' | 'new';

export const ROUTING: Readonly<Record<Phase, Routing>> = {
  created: 'old',
  tracking: 'old',
  switching: 'held',
  pending: 'both',
  migrating: 'both',
  verifying: 'both',
  migrated: 'new',
  finalised: 'new',
  'rolling-back': 'held',
  'rolled-back': 'old',
};

/** What an operator may ask for, and where from. A phase that follows by itself is reached by nobody's asking. */
export const NEXT: Readonly<Record<Phase, readonly Phase[]>> = {
  created: ['tracking'],
  tracking: ['switching'],
  switching: ['pending', 'tracking'],
  pending: ['migrating', 'rolling-back'],
  migrating: ['verifying', 'rolling-back'],
  verifying: ['migrated', 'migrating', 'rolling-back'],
  migrated: ['finalised', 'rolling-back'],
  finalised: [],
  'rolling-back': ['rolled-back', 'migrating'],
  'rolled-back': ['tracking'],
};

export function mayFollow(from: Phase, to: Phase): boolean {
  return NEXT[from].includes(to);
}
