/** A gateway for tests: real HTTP, buckets in memory, in a directory or in another gateway, two users. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { Users, type User } from '../../../src/gateway/access/users.ts';
import type { Bucket, Buckets } from '../../../src/gateway/buckets.ts';
import { Gateway, type AccessEntry } from '../../../src/gateway/gateway.ts';
import { FerryError } from '../../../src/model/errors.ts';
import { Secret } from '../../../src/model/secret.ts';
import { compose } from '../../../src/store/compose.ts';
import type { StoreDriver } from '../../../src/store/registry.ts';
import type { Store } from '../../../src/store/store.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
import { s3Drivers } from '../../../src/stores/s3/driver.ts';
import { memoryDriver } from '../../../src/stores/memory/driver.ts';
import { SocketHttpClient } from '../../../src/wire/http/socket-client.ts';
import { listen, type ListenOptions } from '../../../src/wire/http/server/listen.ts';
import type { HttpServer } from '../../../src/wire/http/server/server.ts';

export const REGION = 'eu-test-1';

export const ALICE: User = {
  name: 'alice',
  tenant: 'acme',
  accessKeyId: 'ALICE',
  secretAccessKey: new Secret('alice-secret'),
  readOnly: false,
};
export const READER: User = { ...ALICE, name: 'reader', accessKeyId: 'READER', readOnly: true };
export const STRANGER: User = { ...ALICE, name: 'stranger', tenant: 'other', accessKeyId: 'STRANGER' };

export interface ServingOptions {
  readonly over?: 'memory' | 'file' | 's3';
  readonly listen?: ListenOptions;
  readonly bucket?: Partial<Bucket>;
  readonly now?: () => number;
}

export class Serving implements AsyncDisposable {
  readonly server: HttpServer;
  readonly gateway: Gateway;
  readonly buckets: TestBuckets;
  readonly log: AccessEntry[];
  /** The one behind, whose buckets those of this one are. */
  readonly behind: Serving | undefined;
  readonly #dir: string;
  readonly #clients: S3Client[] = [];

  private constructor(
    server: HttpServer,
    gateway: Gateway,
    buckets: TestBuckets,
    log: AccessEntry[],
    behind: Serving | undefined,
    dir: string,
  ) {
    this.server = server;
    this.behind = behind;
    this.gateway = gateway;
    this.buckets = buckets;
    this.log = log;
    this.#dir = dir;
  }

  static async start(options: ServingOptions = {}): Promise<Serving> {
    const dir = await mkdtemp(join(tmpdir(), 'ferry-gateway-'));
    const behind = options.over === 's3' ? await Serving.start() : undefined;
    const buckets = new TestBuckets(options, behind, dir);
    const log: AccessEntry[] = [];
    const gateway = new Gateway({
      users: new Users([ALICE, READER, STRANGER], REGION),
      buckets,
      region: REGION,
      domains: ['s3.test'],
      now: options.now ?? Date.now,
      log: (entry) => log.push(entry),
    });
    return new Serving(await listen(gateway.handler, options.listen), gateway, buckets, log, behind, dir);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  client(user: User = ALICE): S3Client {
    const client = new S3Client({
      endpoint: this.endpoint,
      region: REGION,
      forcePathStyle: true,
      credentials: { accessKeyId: user.accessKeyId, secretAccessKey: user.secretAccessKey.reveal() },
      maxAttempts: 1,
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.server.drain(0);
    for (const bucket of this.buckets.all) await bucket.store[Symbol.asyncDispose]();
    await this.buckets.http[Symbol.asyncDispose]();
    await this.behind?.[Symbol.asyncDispose]();
    await rm(this.#dir, { recursive: true });
  }
}

class TestBuckets implements Buckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly http = new SocketHttpClient();
  readonly #options: ServingOptions;
  readonly #behind: Serving | undefined;
  readonly #dir: string;

  constructor(options: ServingOptions, behind: Serving | undefined, dir: string) {
    this.#options = options;
    this.#behind = behind;
    this.#dir = dir;
  }

  get all(): readonly Bucket[] {
    return [...this.#buckets.values()];
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  of(tenant: string): readonly Bucket[] {
    return this.all.filter((bucket) => bucket.tenant === tenant).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async create(name: string, tenant: string): Promise<void> {
    if (this.#buckets.has(name)) throw new FerryError('already-exists');
    const store = await this.#open(name);
    const bucket = { name, tenant, created: Date.now(), store, anonymousRead: false, cors: [] };
    this.#buckets.set(name, { ...bucket, ...this.#options.bucket });
  }

  async remove(name: string): Promise<void> {
    const bucket = this.#buckets.get(name);
    this.#buckets.delete(name);
    await bucket?.store[Symbol.asyncDispose]();
  }

  async #open(name: string): Promise<Store> {
    const context = {
      http: this.http,
      env: {},
      now: Date.now,
      tmpdir: () => this.#dir,
      role: 'served' as const,
    };
    const { driver, path, options } = await this.#place(name);
    const spec = { type: driver.type, path, options: driver.options.parse(options) };
    return compose(await driver.open(spec, context), { retry: { attempts: 1 } });
  }

  async #place(name: string): Promise<{ driver: StoreDriver; path: string; options: Record<string, unknown> }> {
    if (this.#options.over === 'file')
      return { driver: fileDriver(), path: join(this.#dir, name), options: { metadata: 'sidecar' } };
    if (this.#behind === undefined) return { driver: memoryDriver(), path: '', options: {} };
    await this.#behind.buckets.create(name, ALICE.tenant);
    const options = {
      bucket_name: name,
      endpoint: this.#behind.endpoint,
      region: REGION,
      access_key_id: ALICE.accessKeyId,
      secret_access_key: ALICE.secretAccessKey.reveal(),
      etag: 'md5',
    };
    return { driver: s3Drivers()[0]!, path: '', options };
  }
}
