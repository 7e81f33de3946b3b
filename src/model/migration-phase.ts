/** Where a bucket stands on its way from an old store to a new one, and what that means for a request. */

export const MIGRATION_PHASES = [
  'created',
  'tracking',
  'switching',
  'pending',
  'migrating',
  'verifying',
  'migrated',
  'finalised',
  'rolling-back',
  'returning',
  'rolled-back',
] as const;

export type MigrationPhase = (typeof MIGRATION_PHASES)[number];

/** How a gateway serves a bucket in a phase. */
export interface Routing {
  /** `both`: new, and what new does not have and does not decide about, old. */
  readonly reads: 'old' | 'both' | 'new';
  /**
   * `held`: they wait. `recorded`: to new, and everything another gateway that reads both has to know is recorded.
   * `new`: to new, and nothing is recorded.
   */
  readonly mutations: 'old' | 'held' | 'recorded' | 'new';
  /**
   * What is `recorded` may bring an object from old first, where it depends on it. Once all is moved nobody does: then
   * changes that nobody records follow, and what they delete must not be brought back.
   */
  readonly promotes?: true;
}

/**
 * Two gateways may be one phase apart, never more: a phase is left only when every live gateway has acknowledged it.
 * So each neighbour in `NEXT_PHASES` has to be safe beside the other.
 */
export const ROUTING: Readonly<Record<MigrationPhase, Routing>> = {
  created: { reads: 'old', mutations: 'old' },
  tracking: { reads: 'old', mutations: 'old' },
  // Reads look at both, because another gateway may have been released to new already.
  switching: { reads: 'both', mutations: 'held' },
  pending: { reads: 'both', mutations: 'recorded', promotes: true },
  migrating: { reads: 'both', mutations: 'recorded', promotes: true },
  verifying: { reads: 'both', mutations: 'recorded', promotes: true },
  // Mutations are recorded still, because another gateway may be in `verifying`.
  migrated: { reads: 'new', mutations: 'recorded' },
  finalised: { reads: 'new', mutations: 'new' },
  'rolling-back': { reads: 'both', mutations: 'held' },
  // Old has all that was acknowledged. Nobody may write to it before everybody reads it.
  returning: { reads: 'old', mutations: 'held' },
  'rolled-back': { reads: 'old', mutations: 'old' },
};

/** Which phases may follow which. Each pair is one step apart for two gateways that see the change at different times. */
export const NEXT_PHASES: Readonly<Record<MigrationPhase, readonly MigrationPhase[]>> = {
  created: ['tracking'],
  tracking: ['switching'],
  switching: ['pending', 'tracking'],
  pending: ['migrating', 'rolling-back'],
  migrating: ['verifying', 'rolling-back'],
  verifying: ['migrated', 'migrating', 'rolling-back'],
  migrated: ['finalised', 'rolling-back'],
  finalised: [],
  'rolling-back': ['returning', 'migrating'],
  returning: ['rolled-back', 'rolling-back'],
  'rolled-back': ['tracking'],
};

export function mayFollow(from: MigrationPhase, to: MigrationPhase): boolean {
  return NEXT_PHASES[from].includes(to);
}
