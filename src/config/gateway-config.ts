/** From the `gateway` section of the configuration file to the `GatewaySpec` the server works by. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type * as z from 'zod';
import { FerryError } from '../model/errors.ts';
import type { BucketSpec, GatewaySpec, MigrateSpec } from '../model/gateway.ts';
import { Secret } from '../model/secret.ts';
import { MiB } from '../model/units.ts';
import type { EndpointSpec } from '../model/task.ts';
import type { StoreRegistry } from '../store/registry.ts';
import { checked, isRecord } from './check.ts';
import { concealed, readEndpoint } from './endpoint.ts';
import { GATEWAY } from './gateway-schema.ts';
import { mirrorRules, type EndpointReader } from './mirror-config.ts';
import type { References } from './interpolate.ts';
import { isLoopback, parsePlace, type Place } from './listen.ts';
import { problemsError, type Path } from './problems.ts';
import { readText, type Environment } from './task-file.ts';
import { YamlFile } from './yaml-file.ts';

export interface LoadedGateway {
  readonly spec: GatewaySpec;
  /** Every secret in it, for `Log.conceal`. */
  readonly secrets: readonly Secret[];
}

/** Reads and checks the section. Rejects with `configuration`, whose message has a line for every problem. */
export async function loadGateway(...asked: Parameters<typeof findGateway>): Promise<LoadedGateway> {
  const found = await findGateway(...asked);
  if (found !== undefined) return found;
  throw new FerryError('configuration', {
    message: `${asked[0]} has no \`gateway\` section`,
    remedy: 'Write one, or name another file with `-c`; examples/serve/ferry.yaml shows one.',
  });
}

/** The same; undefined where there is no such section. */
export async function findGateway(
  name: string,
  registry: StoreRegistry,
  env: Environment,
  readFile: References['readFile'] = (each) => readFileSync(each, 'utf8'),
): Promise<LoadedGateway | undefined> {
  const text = await readText(name, { what: 'the configuration file', remedy: 'Name it with `-c`.' });
  const file = new YamlFile(text, { env, readFile });
  const section = isRecord(file.data) ? file.data['gateway'] : undefined;
  if (file.problems.length === 0 && section === undefined) return undefined;
  const secrets: Secret[] = [];
  const gateway = section === undefined ? undefined : checked(file, GATEWAY, section, ['gateway']);
  const spec = gateway && specOf(gateway, new Reader(file, registry, secrets));
  if (spec === undefined || file.problems.length > 0) throw problemsError(path.basename(name), file.problems);
  return { spec, secrets };
}

class Reader implements EndpointReader {
  readonly #file: YamlFile;
  readonly #registry: StoreRegistry;
  readonly #secrets: Secret[];

  constructor(file: YamlFile, registry: StoreRegistry, secrets: Secret[]) {
    this.#file = file;
    this.#registry = registry;
    this.#secrets = secrets;
  }

  complain(at: Path, message: string): void {
    this.#file.problems.push(this.#file.problem(at, message));
  }

  secret(text: string): Secret {
    const secret = new Secret(text);
    this.#secrets.push(secret);
    return secret;
  }

  endpoint(
    at: Path,
    { type, path: place }: { readonly type: string; readonly path: string },
    roles: readonly ('source' | 'destination')[] = ['source', 'destination'],
  ): EndpointSpec {
    const found = readEndpoint(this.#file, at, roles, this.#registry);
    return { type, path: place, options: found === undefined ? {} : concealed(found, this.#secrets) };
  }
}

function specOf(gateway: z.output<typeof GATEWAY>, reader: Reader): GatewaySpec {
  const { host, port } = listenOn(gateway, reader);
  const keys = new Set<string>();
  gateway.users.forEach(({ access_key_id: key }, i) => {
    if (keys.has(key)) reader.complain(['gateway', 'users', i, 'access_key_id'], "is another user's already");
    keys.add(key);
  });
  if (gateway.users.length === 0 && !Object.values(gateway.buckets).some((bucket) => bucket.anonymous_read))
    reader.complain(['gateway'], 'names no users: nobody could use it');
  return {
    host,
    port,
    tls: gateway.tls && { certFile: gateway.tls.cert_file, keyFile: gateway.tls.key_file },
    region: gateway.region,
    domains: gateway.domains.map((domain) => domain.toLowerCase()),
    users: gateway.users.map((user) => ({
      name: user.name,
      tenant: user.tenant ?? user.name,
      accessKeyId: user.access_key_id,
      secretAccessKey: reader.secret(user.secret_access_key),
      buckets: user.buckets,
      readOnly: user.read_only,
    })),
    storage: gateway.storage && reader.endpoint(['gateway', 'storage'], gateway.storage),
    buckets: Object.entries(gateway.buckets).map(([name, bucket]) => bucketOf(name, bucket, reader)),
    mirrorSpool: Math.max(gateway.mirror_spool, 128 * MiB),
    maxConnections: gateway.max_connections,
    notice: gateway.notice * 1000,
    grace: gateway.grace * 1000,
  };
}

type Bucket = z.output<typeof GATEWAY>['buckets'][string];
type Migrate = NonNullable<Bucket['migrate']>;

function bucketOf(name: string, bucket: Bucket, reader: Reader): BucketSpec {
  const at = ['gateway', 'buckets', name];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
    reader.complain(at, 'is no name for a bucket: 3 to 63 of a-z 0-9 . -');
  if (bucket.migrate !== undefined && bucket.mirror.length > 0)
    reader.complain(
      [...at, 'mirror'],
      'cannot be beside `migrate`: a bucket that is moved has all its objects in its two stores',
    );
  return {
    name,
    tenant: bucket.tenant,
    store: reader.endpoint([...at, 'store'], bucket.store),
    migrate: bucket.migrate && migrateOf(bucket.migrate, [...at, 'migrate'], reader),
    anonymousRead: bucket.anonymous_read,
    cors: bucket.cors.map(({ max_age, ...rule }) => ({ ...rule, maxAgeSeconds: max_age })),
    mirror: mirrorRules(bucket.mirror, [...at, 'mirror'], reader),
  };
}

function migrateOf(migrate: Migrate, at: Path, reader: Reader): MigrateSpec {
  return {
    to: reader.endpoint([...at, 'to'], migrate.to),
    writeBack: migrate.write_back,
    automatic: migrate.automatic,
    switchBetween: migrate.switch_between,
    promoteOnRead: migrate.promote_on_read,
    notificationToken: migrate.notifications && reader.secret(migrate.notifications.token),
    hold: migrate.hold * 1000,
    drain: migrate.drain * 1000,
    linger: migrate.linger * 1000,
    concurrency: migrate.concurrency,
    bandwidth: migrate.bandwidth ?? [],
  };
}

function listenOn(gateway: z.output<typeof GATEWAY>, reader: Reader): Place {
  const place = parsePlace(gateway.listen);
  if (place === undefined) {
    reader.complain(['gateway', 'listen'], 'must be ADDRESS:PORT, such as 127.0.0.1:9000 or [::1]:9000');
    return { host: '127.0.0.1', port: 0 };
  }
  if (!isLoopback(place.host) && gateway.tls === undefined && !gateway.plain_http)
    reader.complain(
      ['gateway', 'listen'],
      'is reached from elsewhere, and there is no TLS: give `tls`, or say `plain_http: true` where the network is trusted',
    );
  return place;
}
