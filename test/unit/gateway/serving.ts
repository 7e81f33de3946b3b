/** A gateway for tests: real HTTP, buckets in memory or in a directory, two users. */
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
import type { Store } from '../../../src/store/store.ts';
import { fileDriver } from '../../../src/stores/file/driver.ts';
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
  readonly over?: 'memory' | 'file';
  readonly listen?: ListenOptions;
  readonly bucket?: Partial<Bucket>;
  readonly now?: () => number;
}

export class Serving implements AsyncDisposable {
  readonly server: HttpServer;
  readonly gateway: Gateway;
  readonly buckets: TestBuckets;
  readonly log: AccessEntry[];
  readonly #dir: string;
  readonly #clients: S3Client[] = [];

  private constructor(server: HttpServer, gateway: Gateway, buckets: TestBuckets, log: AccessEntry[], dir: string) {
    this.server = server;
    this.gateway = gateway;
    this.buckets = buckets;
    this.log = log;
    this.#dir = dir;
  }

  static async start(options: ServingOptions = {}): Promise<Serving> {
    const dir = await mkdtemp(join(tmpdir(), 'ferry-gateway-'));
    const buckets = new TestBuckets(options, dir);
    const log: AccessEntry[] = [];
    const gateway = new Gateway({
      users: new Users([ALICE, READER, STRANGER], REGION),
      buckets,
      region: REGION,
      domains: ['s3.test'],
      now: options.now ?? Date.now,
      log: (entry) => log.push(entry),
    });
    return new Serving(await listen(gateway.handler, options.listen), gateway, buckets, log, dir);
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
    await rm(this.#dir, { recursive: true });
  }
}

class TestBuckets implements Buckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #options: ServingOptions;
  readonly #dir: string;

  constructor(options: ServingOptions, dir: string) {
    this.#options = options;
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
    const driver = this.#options.over === 'file' ? fileDriver() : memoryDriver();
    const context = {
      http: new SocketHttpClient(),
      env: {},
      now: Date.now,
      tmpdir: () => this.#dir,
      role: 'served' as const,
    };
    const spec = {
      type: driver.type,
      path: this.#options.over === 'file' ? join(this.#dir, name) : '',
      options: driver.options.parse(this.#options.over === 'file' ? { metadata: 'sidecar' } : {}),
    };
    return compose(await driver.open(spec, context), { retry: { attempts: 1 } });
  }
}
