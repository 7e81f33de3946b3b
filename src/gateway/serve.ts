import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FerryError } from '../model/errors.ts';
import type { BucketSpec, GatewaySpec } from '../model/gateway.ts';
import type { EndpointSpec } from '../model/task.ts';
import type { MirrorBook } from '../state/mirror-book.ts';
import type { BucketBook } from '../state/bucket-book.ts';
import type { MovingBook } from '../state/moving-bucket.ts';
import type { ComposedStore } from '../store/compose.ts';
import type { Store } from '../store/store.ts';
import { listen } from '../wire/http/server/listen.ts';
import { Users } from './access/users.ts';
import { ConfiguredBuckets } from './configured-buckets.ts';
import { Gateway, type AccessEntry } from './gateway.ts';
import { Migration, type MigrationContext } from './migrate/migration.ts';
import { Mirrors, type MirrorFailure } from './mirror/mirrors.ts';
import { Notifications, type NotificationListener } from './notifications.ts';
import { Traffic } from './traffic.ts';

export interface ServeContext {
  openStore(spec: EndpointSpec): Promise<ComposedStore>;
  /** The driver of an origin of a mirror, without layers. */
  openOrigin(spec: EndpointSpec): Promise<Store>;
  /** For buckets that are moved. `moving`: what is shared about them; asked for where there is one. */
  readonly migrations: Pick<MigrationContext, 'state' | 'holder' | 'tell' | 'timing'> & {
    moving(): Promise<MovingBook>;
  };
  readonly book: BucketBook;
  readonly mirrors: MirrorBook;
  /** Told of objects that mirrors could not store, and of what they could not write down. */
  readonly onMirrorFailure: (failure: MirrorFailure) => void;
  /** A directory for temporary files, made when first asked for. */
  readonly tmpdir: () => string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly now: () => number;
  readonly log: (entry: AccessEntry) => void;
}

export interface RunningGateway {
  /** Where it listens. */
  readonly url: string;
  /** Takes nothing new, finishes what is under way, closes the stores. */
  stop(): Promise<void>;
}

/** Opens stores and the server. Rejects with `configuration` where one cannot be opened; then nothing is left open. */
export async function serve(spec: GatewaySpec, context: ServeContext): Promise<RunningGateway> {
  await using opened = new AsyncDisposableStack();
  const mirrors = opened.use(new Mirrors({ ...context, book: context.mirrors, spool: spec.mirrorSpool }));
  const traffic = new Traffic();
  const listeners = new Map<string, NotificationListener>();
  const migrating = async ({ name, tenant, store, migrate }: BucketSpec, old: ComposedStore): Promise<Store> => {
    const next = opened.use(await context.openStore(migrate!.to));
    const moved = { name, tenant, store, migrate: migrate!, old, new: next };
    const { migrations } = context;
    const book = await migrations.moving();
    const migration = opened.use(await Migration.open(moved, { ...context, ...migrations, book, calm: traffic.calm }));
    if (migration.listener !== undefined) listeners.set(name, migration.listener);
    return migration.store;
  };
  const fixed = [];
  for (const bucket of spec.buckets) {
    const local = opened.use(await context.openStore(bucket.store));
    if (bucket.migrate === undefined) fixed.push({ ...bucket, ...(await mirrors.wrap(bucket, local)) });
    else fixed.push({ ...bucket, opened: await migrating(bucket, local) });
  }
  const { storage } = spec;
  const openMade = storage && ((name: string) => context.openStore({ ...storage, path: folder(storage.path, name) }));
  const { book, now } = context;
  const buckets = opened.use(await ConfiguredBuckets.open({ fixed, book, openMade, now }));
  const gateway = new Gateway({
    users: new Users(spec.users, spec.region),
    buckets,
    region: spec.region,
    domains: spec.domains,
    now,
    notifications: new Notifications(listeners),
    traffic,
    log: context.log,
  });
  const server = await listen(gateway.handler, {
    host: spec.host,
    port: spec.port,
    tls: spec.tls && { cert: await pem(spec.tls.certFile), key: await pem(spec.tls.keyFile) },
    maxConnections: spec.maxConnections,
  });
  const kept = opened.move();
  const host = spec.host.includes(':') ? `[${spec.host}]` : spec.host;
  return {
    url: `${spec.tls === undefined ? 'http' : 'https'}://${host}:${server.port}`,
    async stop() {
      gateway.retire();
      await sleep(spec.notice);
      await server.drain(spec.grace);
      await kept.disposeAsync();
    },
  };
}

function folder(path: string, name: string): string {
  return path === '' || path.endsWith('/') ? `${path}${name}/` : `${path}/${name}/`;
}

async function pem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FerryError('configuration', { message: `the file ${file} cannot be read: ${why}`, cause });
  }
}
