/** What `ferry serve` lets its API control: one call for each area. */
import type { Route } from '../control/api/route.ts';
import type { LiveHub } from '../control/live/hub.ts';
import { migrationRoutes } from '../control/migrations/routes.ts';
import { MigrationWatch } from '../control/migrations/watch.ts';
import type { ProbeContext } from '../control/stores/probe.ts';
import type { RegisteredStores } from '../control/stores/registered-stores.ts';
import { storeRoutes } from '../control/stores/routes.ts';
import type { RunningGateway } from '../gateway/serve.ts';
import type { LogFile } from '../observe/log.ts';
import type { ControlState } from '../state/control/control-state.ts';
import { systemClock } from '../store/clock.ts';

export interface AreaParts {
  /** Undefined where none is configured. */
  readonly gateway: RunningGateway | undefined;
  readonly state: ControlState;
  readonly hub: LiveHub;
  readonly log: LogFile;
  readonly now: () => number;
  readonly stores: RegisteredStores;
  /** Opens a store for somebody who waits for what it does. */
  readonly openProbed: ProbeContext['open'];
}

/** The areas as they run. To dispose of them ends what they do. */
export interface Areas extends AsyncDisposable {
  readonly routes: readonly Route[];
  /** As `SystemContext.sinceProgress`. */
  sinceProgress(): number | undefined;
}

// oxlint-disable-next-line typescript/require-await -- areas that open something do it here.
export async function openAreas(parts: AreaParts): Promise<Areas> {
  const { gateway, hub, log, stores, openProbed } = parts;
  await using opened = new AsyncDisposableStack();
  const migrations = gateway?.migrations ?? [];
  const trouble = (bucket: string, error: unknown): void =>
    log.warn('a move could not be carried on', { bucket, error });
  const watch = opened.use(new MigrationWatch({ migrations, hub, clock: systemClock, onTrouble: trouble }));
  const routes = [
    ...storeRoutes({ stores, open: openProbed, conceal: (secrets) => log.conceal(secrets) }),
    ...migrationRoutes({ migrations, onTrouble: trouble }),
  ];
  const kept = opened.move();
  return {
    routes,
    sinceProgress: () => longest([watch.sinceProgress()]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Of those that know. */
function longest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
