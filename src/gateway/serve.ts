import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FerryError } from '../model/errors.ts';
import type { BucketSpec, GatewaySpec } from '../model/gateway.ts';
import type { EndpointSpec } from '../model/task.ts';
import type { MirrorBook } from '../state/mirror-book.ts';
import type { BucketBook } from '../state/bucket-book.ts';
import type { MovingBook } from '../state/moving-bucket.ts';
import type { ComposedStore } from '../store/compose.ts';
import type { StoreWatch } from '../store/layers/measure.ts';
import type { Store } from '../store/store.ts';
import { listen } from '../wire/http/server/listen.ts';
import { Users } from './access/users.ts';
import type { ReadingRequest } from './buckets.ts';
import { ConfiguredBuckets } from './configured-buckets.ts';
import { Gateway, type AccessEntry } from './gateway.ts';
import type { Desk } from './migrate/desk.ts';
import { Migration, type MigrationContext } from './migrate/migration.ts';
import type { MigratingStore } from './migrate/migrating-store.ts';
import { Mirrors, type MirroredBucket, type MirrorFailure } from './mirror/mirrors.ts';
import { Notifications, type NotificationListener } from './notifications.ts';
import { Traffic } from './traffic.ts';

export interface ServeContext {
  /** Those of the configuration, and who is made meanwhile; those of the configuration where absent. */
  readonly users?: Users | undefined;
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
  /** Wants to know how origins do. */
  readonly watch?: StoreWatch | undefined;
}

export interface RunningGateway {
  /** Where it listens. */
  readonly url: string;
  /** Buckets that are being moved, in the order of the configuration. */
  readonly migrations: readonly RunningMigration[];
  readonly mirrors: readonly MirroredBucket[];
  /** Takes nothing new, finishes what is under way, waits for `drained`, closes the stores. */
  stop(drained?: () => Promise<void>): Promise<void>;
}

/** A bucket that is being moved, as this gateway has it. */
export interface RunningMigration {
  readonly name: string;
  readonly tenant: string;
  readonly writeBack: boolean;
  /** Both sides, for people. */
  readonly from: string;
  readonly to: string;
  readonly desk: Desk;
  /** Reads of clients that this process served, by the side that had what was read. */
  readonly reads: { old: number; new: number };
}

/** Opens stores and the server. Rejects with `configuration` where one cannot be opened; then nothing is left open. */
export async function serve(spec: GatewaySpec, context: ServeContext): Promise<RunningGateway> {
  await using opened = new AsyncDisposableStack();
  const mirrors = opened.use(new Mirrors({ ...context, book: context.mirrors, spool: spec.mirrorSpool }));
  const traffic = new Traffic();
  const listeners = new Map<string, NotificationListener>();
  const migrations: RunningMigration[] = [];
  const migrating = async (
    { name, tenant, store, migrate }: BucketSpec,
    old: ComposedStore,
  ): Promise<MigratingStore> => {
    const next = opened.use(await context.openStore(migrate!.to));
    const moved = { name, tenant, store, migrate: migrate!, old, new: next };
    const book = await context.migrations.moving();
    const shared = { ...context, ...context.migrations, book, calm: traffic.calm };
    const migration = opened.use(await Migration.open(moved, shared));
    const [from, to] = [old.info.name, next.info.name];
    const { writeBack } = moved.migrate;
    const { desk } = migration;
    migrations.push({ name, tenant, writeBack, from, to, desk, reads: { old: 0, new: 0 } });
    if (migration.listener !== undefined) listeners.set(name, migration.listener);
    return migration.store;
  };
  const fixed = [];
  for (const bucket of spec.buckets) {
    const local = opened.use(await context.openStore(bucket.store));
    if (bucket.migrate === undefined) fixed.push({ ...bucket, ...(await mirrors.wrap(bucket, local.once())) });
    else {
      const store = await migrating(bucket, local);
      fixed.push({ ...bucket, opened: store, reading: (request: ReadingRequest) => store.asked(request) });
    }
  }
  const { storage } = spec;
  const openMade =
    storage &&
    (async (name: string) => (await context.openStore({ ...storage, path: folder(storage.path, name) })).once());
  const { book, now } = context;
  const buckets = opened.use(await ConfiguredBuckets.open({ fixed, book, openMade, now }));
  const gateway = new Gateway({
    users: context.users ?? new Users(spec.users, spec.region),
    buckets,
    region: spec.region,
    domains: spec.domains,
    now,
    notifications: new Notifications(listeners),
    traffic,
    log: (entry) => {
      countRead(migrations, entry);
      context.log(entry);
    },
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
    migrations,
    mirrors: mirrors.buckets,
    async stop(drained) {
      gateway.retire();
      await sleep(spec.notice);
      await server.drain(spec.grace);
      await drained?.();
      await kept.disposeAsync();
    },
  };
}

function countRead(migrations: readonly RunningMigration[], { servedFrom, bucket, status }: AccessEntry): void {
  if (status >= 300 || (servedFrom !== 'old' && servedFrom !== 'new')) return;
  const reads = migrations.find(({ name }) => name === bucket)?.reads;
  if (reads !== undefined) reads[servedFrom]++;
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
