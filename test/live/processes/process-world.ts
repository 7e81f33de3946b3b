import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { allStores } from '../../../src/all-stores.ts';
import { openServices } from '../../../src/cli/open-services.ts';
import type { Services } from '../../../src/cli/services.ts';
import { Desk, type MigrationStatus } from '../../../src/gateway/migrate/desk.ts';
import { isFerryError } from '../../../src/model/errors.ts';
import type { MigrationPhase } from '../../../src/model/migration-phase.ts';
import { compose } from '../../../src/store/compose.ts';
import type { Store } from '../../../src/store/store.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { Ferry } from '../../e2e/ferry.ts';
import type { S3Server } from '../../peers/s3-server.ts';
import type { Random } from '../workload/random.ts';
import type { PreparedObject, World } from '../workload/world.ts';
import type { Broken } from './broken.ts';
import { GatewayProcess } from './gateway-process.ts';
import { openBucket } from './open-bucket.ts';
import { SHORT } from './short.ts';

const PROGRAM = join(import.meta.dirname, 'ferry.ts');
const CLIENTS = { accessKey: 'APPKEY', secretKey: 'app-secret-1', region: 'us-east-1' };
/** Milliseconds between looks at what goes on. */
const LOOK = 40;
/** Nothing is waited for longer, milliseconds. */
export const PATIENCE = 120_000;

/** Two servers with a bucket each, and how they go wrong. */
export interface Servers {
  readonly old: S3Server;
  readonly new: S3Server;
  readonly bucket: string;
  /** Option of the stores. */
  readonly provider: string;
  /** Milliseconds a server may still carry out what it gave no answer to. */
  readonly linger: number;
  /** From now on both answer as they should, or again as they do. */
  behave(): void;
  misbehave(): void;
}

export interface ProcessOptions {
  readonly servers: Servers;
  readonly random: Random;
  readonly gateways: number;
  readonly promoteOnRead: boolean;
  readonly broken?: Broken | undefined;
}

/** `ferry serve` several times over one state, and clients that speak S3 to them. */
export class ProcessWorld implements World {
  readonly gateways: readonly Store[];
  readonly loose: boolean;
  readonly desk: Desk;
  readonly #o: ProcessOptions;
  readonly #processes: readonly GatewayProcess[];
  readonly #sides: Readonly<Record<'old' | 'new', Store>>;
  readonly #opened: AsyncDisposableStack;
  #phase: MigrationPhase = 'created';
  #calm = false;

  private constructor(
    options: ProcessOptions,
    desk: Desk,
    sides: Readonly<Record<'old' | 'new', Store>>,
    processes: readonly GatewayProcess[],
    opened: AsyncDisposableStack,
  ) {
    this.#o = options;
    this.desk = desk;
    this.loose = options.servers.provider === 'ceph';
    this.#sides = sides;
    this.#processes = processes;
    this.#opened = opened;
    this.gateways = processes.map(({ store }) => store);
  }

  static async start(options: ProcessOptions): Promise<ProcessWorld> {
    const { servers, broken } = options;
    await using opened = new AsyncDisposableStack();
    const ferry = opened.use(new Ferry(PROGRAM));
    ferry.env['NODE_COMPILE_CACHE'] = join(import.meta.dirname, '../../../node_modules/.cache/ferry-processes');
    if (broken !== undefined) ferry.env['FERRY_BROKEN'] = broken;
    const config = join(ferry.dir, 'ferry.yaml');
    writeFileSync(config, JSON.stringify(configuration(options)));
    const http = opened.use(new SocketHttpClient());
    const sides = {
      old: compose(await openBucket(servers.old, servers.bucket, http)),
      new: compose(await openBucket(servers.new, servers.bucket, http)),
    };
    const processes = Array.from({ length: options.gateways }, () =>
      opened.use(new GatewayProcess({ ferry, config, bucket: servers.bucket, keys: CLIENTS })),
    );
    await Promise.all(processes.map((each) => each.up()));
    const services = opened.use(
      await openServices({
        registry: allStores(),
        env: { FERRY_HOME: ferry.home },
        globals: { json: true, quiet: true, color: false, config },
        now: Date.now,
        random: () => options.random.next(),
        warn: () => undefined,
        timing: SHORT,
      }),
    );
    const desk = await openDesk(services, opened);
    return new ProcessWorld(options, desk, sides, processes, opened.move());
  }

  now(): number {
    return performance.now();
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms);
  }

  get phase(): MigrationPhase {
    return this.#phase;
  }

  async prepare(objects: ReadonlyMap<string, PreparedObject>): Promise<void> {
    await this.#alone(async () => {
      for (const [key, { content, mark }] of objects)
        await this.#sides.old.write(key, Buffer.from(content), { meta: { user: { m: mark } } });
    });
  }

  /** Again while a process that stands still keeps the state locked. */
  async asked<T>(work: () => Promise<T>): Promise<T> {
    for (const end = performance.now() + PATIENCE; ;) {
      try {
        return await work();
      } catch (thrown) {
        if (!isFerryError(thrown, 'state') || performance.now() > end) throw thrown;
      }
      await sleep(LOOK);
    }
  }

  /** Waits until it is so. */
  async until(what: string, holds: (status: MigrationStatus) => boolean): Promise<MigrationStatus> {
    for (const end = performance.now() + PATIENCE; ;) {
      const status = await this.asked(() => this.desk.status());
      this.#phase = status.phase;
      if (holds(status)) return status;
      if (performance.now() > end) throw new Error(`never ${what}: ${JSON.stringify(status)}`);
      await sleep(LOOK);
    }
  }

  /** Before another round. */
  async emptyNew(): Promise<void> {
    await this.#alone(async () => {
      for (const key of (await this.contents('new')).keys()) await this.#sides.new.remove(key);
    });
  }

  /** What is done past all gateways is not done once more later on, when clients are at work. */
  async #alone(work: () => Promise<void>): Promise<void> {
    this.#o.servers.behave();
    await work();
    this.#o.servers.misbehave();
  }

  disturb(): void {
    if (this.#calm) return;
    const { random, servers } = this.#o;
    const victim = random.pick(this.#processes);
    if (random.chance(0.5)) return victim.kill();
    victim.stop(random.next() * (random.chance(0.5) ? SHORT.lease : SHORT.lease + servers.linger + 500));
  }

  async calm(): Promise<void> {
    this.#calm = true;
    this.#o.servers.behave();
    for (const each of this.#processes) each.wake();
    for (const each of this.#processes) await each.up();
    await sleep(SHORT.lease + this.#o.servers.linger);
    await this.until('all at one', ({ epoch, members }) =>
      members.every(({ live, acknowledged }) => !live || acknowledged === epoch),
    );
  }

  async settle(): Promise<void> {
    await this.until('written back', ({ keys }) => keys.dirty === 0 && keys.writes === 0);
  }

  async contents(side: 'old' | 'new'): Promise<ReadonlyMap<string, PreparedObject>> {
    const store = this.#sides[side];
    const found = new Map<string, PreparedObject>();
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const { entries, next } = await store.list({ after });
      for (const { key } of entries) {
        const { meta, body } = await store.read(key);
        found.set(key, {
          content: Buffer.from(await body.bytes(10_000)).toString(),
          mark: meta.user?.['m'] ?? '',
        });
      }
      after = next;
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

function configuration({ servers, promoteOnRead }: ProcessOptions): unknown {
  const store = ({ endpoint, accessKey, secretKey, region }: S3Server): unknown => ({
    type: 's3',
    options: {
      bucket_name: servers.bucket,
      endpoint,
      region,
      provider: servers.provider,
      access_key_id: accessKey,
      secret_access_key: secretKey,
    },
  });
  const users = [
    { name: 'app', tenant: 'acme', access_key_id: CLIENTS.accessKey, secret_access_key: CLIENTS.secretKey },
  ];
  const migrate = {
    to: store(servers.new),
    hold: 4,
    drain: 2,
    linger: servers.linger / 1000,
    promote_on_read: promoteOnRead,
  };
  const bucket = { tenant: 'acme', store: store(servers.old), migrate };
  return { gateway: { listen: '127.0.0.1:0', users, buckets: { [servers.bucket]: bucket } } };
}

/** As `ferry migrate` opens it. */
async function openDesk(services: Services, opened: AsyncDisposableStack): Promise<Desk> {
  const { name, tenant, store, migrate } = (await services.gateway()).buckets[0]!;
  const old = opened.use(await services.openServed(store));
  const next = opened.use(await services.openServed(migrate!.to));
  const bucket = await (await services.moving()).bucket(name, migrate!);
  const closed = new AbortController();
  opened.defer(() => closed.abort());
  const { writeBack } = migrate!;
  const state = await services.state();
  return new Desk({ name, tenant, bucket, state, old, new: next, writeBack, listens: false, signal: closed.signal });
}
