/** A gateway with a mirrored bucket over memory, and a plain bucket over the same memory to see what was stored. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { loadGateway } from '../../../../src/config/gateway-config.ts';
import { serve, type RunningGateway } from '../../../../src/gateway/serve.ts';
import { TIMING } from '../../../../src/gateway/migrate/timing.ts';
import type { MirrorFailure } from '../../../../src/gateway/mirror/mirrors.ts';
import type { RuleCounters } from '../../../../src/state/mirror-book.ts';
import { openState } from '../../../../src/state/sqlite/open.ts';
import type { StateStore } from '../../../../src/state/state-store.ts';
import { compose } from '../../../../src/store/compose.ts';
import type { Layer } from '../../../../src/store/layers/layer.ts';
import type { HttpHeaders, HttpResponse } from '../../../../src/wire/http/client.ts';
import { SocketHttpClient } from '../../../../src/wire/http/socket-client.ts';
import { allDrivers } from '../../config/all-drivers.ts';

export interface MirroringOptions {
  /** Of every rule not given otherwise. */
  readonly rule?: Record<string, unknown>;
  readonly rules?: readonly Record<string, unknown>[];
  /** Options of the memory store. */
  readonly store?: Record<string, unknown>;
  readonly gateway?: Record<string, unknown>;
  /** Around the bucket's store, innermost. */
  readonly layers?: readonly Layer[];
  /** Goes on with the state and directory of an earlier one. */
  readonly dir?: string;
}

export interface Got {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly bytes: Buffer;
}

export class Mirroring implements AsyncDisposable {
  readonly dir: string;
  readonly failures: MirrorFailure[] = [];
  readonly http = new SocketHttpClient();
  #running!: RunningGateway;
  #state!: StateStore;
  #client: S3Client | undefined;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async start(options: MirroringOptions): Promise<Mirroring> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'ferry-mirror-')));
    const mirroring = new Mirroring(dir);
    await mirroring.#start(options);
    return mirroring;
  }

  async #start({ rule = {}, rules = [{}], store = {}, gateway = {}, layers }: MirroringOptions): Promise<void> {
    const memory = { type: 'memory', options: { name: 'site', ...store } };
    const common = { tenant: 'acme', store: memory, anonymous_read: true };
    const config = {
      gateway: {
        listen: '127.0.0.1:0',
        users: [{ name: 'app', tenant: 'acme', access_key_id: 'APP', secret_access_key: 'app-secret' }],
        buckets: { site: { ...common, mirror: rules.map((each) => ({ ...rule, ...each })) }, raw: common },
        ...gateway,
      },
    };
    const file = join(this.dir, 'ferry.yaml');
    await writeFile(file, JSON.stringify(config));
    const registry = allDrivers();
    const { spec } = await loadGateway(file, registry, {});
    this.#state = await openState(join(this.dir, 'state.db'));
    const context = { http: this.http, env: {}, now: Date.now, tmpdir: () => this.dir };
    this.#running = await serve(spec, {
      book: this.#state.buckets,
      mirrors: this.#state.mirrors,
      now: Date.now,
      random: Math.random,
      tmpdir: () => this.dir,
      log: () => undefined,
      migrations: {
        state: this.#state,
        holder: 'test',
        timing: TIMING,
        tell: () => undefined,
        moving: () => Promise.reject(new Error('no bucket is moved')),
      },
      onMirrorFailure: (failure) => this.failures.push(failure),
      openOrigin: (endpoint) => registry.open(endpoint, { ...context, role: 'source' }),
      openStore: async (endpoint) =>
        compose(await registry.open(endpoint, { ...context, role: 'served' }), {
          retry: { attempts: 1 },
          innermost: layers,
        }),
    });
  }

  get url(): string {
    return this.#running.url;
  }

  /** An application with keys. */
  get client(): S3Client {
    return (this.#client ??= new S3Client({
      endpoint: this.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'APP', secretAccessKey: 'app-secret' },
      maxAttempts: 1,
    }));
  }

  /** The answer as it begins. */
  async ask(key: string, headers: readonly string[] = [], method = 'GET', bucket = 'site'): Promise<HttpResponse> {
    const origin = { secure: false, host: '127.0.0.1', port: Number(new URL(this.url).port) };
    return await this.http.request(origin, { method, target: `/${bucket}/${key}`, headers });
  }

  async get(key: string, headers: readonly string[] = [], method = 'GET', bucket = 'site'): Promise<Got> {
    const { status, headers: told, body } = await this.ask(key, headers, method, bucket);
    return { status, headers: told, bytes: await body.bytes(2 ** 30) };
  }

  /** What is in the store, whatever the mirror says. */
  async stored(key: string): Promise<Buffer | undefined> {
    const { status, bytes } = await this.get(key, [], 'GET', 'raw');
    return status === 200 ? bytes : undefined;
  }

  /** Resolves once the object is stored, or cannot be. */
  async settled(key: string): Promise<Got> {
    return await this.get(key, ['x-ferry-mirror', 'wait'], 'HEAD');
  }

  /** Names of temporary files. */
  async temporary(): Promise<string[]> {
    return (await readdir(this.dir)).filter((name) => name.startsWith('mirror-'));
  }

  /** Stops the gateway; the counters it wrote down. */
  async stop(): Promise<readonly RuleCounters[]> {
    this.#client?.destroy();
    await this.#running.stop();
    const counters = await this.#state.mirrors.counters();
    await this.#state[Symbol.asyncDispose]();
    return counters;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
    await this.http[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}
