/** What the API controls of the gateway of this process: moves, mirrors. */
import type { Route } from '../control/api/route.ts';
import type { LiveHub } from '../control/live/hub.ts';
import { measureMigrations } from '../control/metrics/migrations.ts';
import { measureMirrors } from '../control/metrics/mirrors.ts';
import { migrationRoutes } from '../control/migrations/routes.ts';
import { MigrationWatch } from '../control/migrations/watch.ts';
import { MirrorHistory } from '../control/mirrors/history.ts';
import { mirrorRoutes } from '../control/mirrors/routes.ts';
import { Warming, type WarmingContext } from '../control/mirrors/warming.ts';
import type { MadeUsers } from '../control/users/made-users.ts';
import { userRoutes } from '../control/users/routes.ts';
import type { RunningGateway } from '../gateway/serve.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { MirrorBook } from '../state/mirror-book.ts';
import { systemClock } from '../store/clock.ts';

export interface GatewayAreaParts {
  /** Undefined where none is configured. */
  readonly gateway: RunningGateway | undefined;
  readonly metrics: Metrics;
  readonly mirrors: MirrorBook;
  readonly hub: LiveHub;
  readonly log: Log;
  readonly now: () => number;
  /** Undefined where no gateway is configured. */
  readonly users: MadeUsers | undefined;
  readonly warming: Pick<WarmingContext, 'client' | 'openOrigin'>;
}

export interface GatewayAreas {
  readonly routes: readonly Route[];
  readonly sinceProgress: () => number | undefined;
}

/** What runs is `opened`'s to end. */
export function openGatewayAreas(parts: GatewayAreaParts, opened: AsyncDisposableStack): GatewayAreas {
  const { gateway, hub, log, metrics, now, mirrors: book } = parts;
  const { migrations, mirrors } = gateway ?? { migrations: [], mirrors: [] };
  const trouble = (bucket: string, error: unknown): void =>
    log.warn('a move could not be carried on', { bucket, error });
  const mirrorTrouble = (error: unknown): void => log.warn('mirrors could not be looked at', { error });
  const watch = opened.use(new MigrationWatch({ migrations, hub, clock: systemClock, onTrouble: trouble }));
  const history = opened.use(
    new MirrorHistory({ mirrors, book, hub, clock: systemClock, now, onTrouble: mirrorTrouble }),
  );
  const warming = opened.use(new Warming({ ...parts.warming, hub, now, onTrouble: mirrorTrouble }));
  measureMigrations(metrics, migrations, now);
  measureMirrors(metrics, book);
  return {
    routes: [
      ...migrationRoutes({ migrations, onTrouble: trouble }),
      ...mirrorRoutes({ mirrors, book, history, warming }),
      ...userRoutes(parts.users),
    ],
    sinceProgress: () => watch.sinceProgress(),
  };
}
