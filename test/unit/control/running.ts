/** `ferry serve` in this process as the command line starts it, over memory: a gateway, the API, and who asks it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { openServices } from '../../../src/cli/open-services.ts';
import type { RunningServer } from '../../../src/cli/running-server.ts';
import type { Services } from '../../../src/cli/services.ts';
import type { Role } from '../../../src/control/access/role.ts';
import { freshToken } from '../../../src/control/access/token.ts';
import { allDrivers } from '../config/all-drivers.ts';
import type { Reply } from './controlled.ts';

const APP = { name: 'app', tenant: 'acme', access_key_id: 'APPKEY', secret_access_key: 'app-secret-1' };

export interface RunningOptions {
  /** Into the section `gateway`; false: there is none. */
  readonly gateway?: Readonly<Record<string, unknown>> | false;
  readonly control?: Readonly<Record<string, unknown>>;
}

export class RunningFerry implements AsyncDisposable {
  readonly folder: string;
  readonly services: Services;
  readonly server: RunningServer;
  readonly #tokens = new Map<Role, string>();
  #client: S3Client | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(folder: string, services: Services, server: RunningServer) {
    this.folder = folder;
    this.services = services;
    this.server = server;
  }

  /** Buckets: `photos` is moved from `old` to `new`, which are buckets as well; `site` mirrors `origin`. */
  static async start({ gateway = {}, control = {} }: RunningOptions = {}): Promise<RunningFerry> {
    const folder = await mkdtemp(join(tmpdir(), 'ferry-running-'));
    const buckets = {
      photos: { tenant: 'acme', store: memory('old'), migrate: { to: memory('new'), linger: 3 } },
      old: { tenant: 'acme', store: memory('old') },
      new: { tenant: 'acme', store: memory('new') },
      site: { tenant: 'acme', store: memory('site'), mirror: [{ name: 'all', origin: memory('origin') }] },
      origin: { tenant: 'acme', store: memory('origin') },
    };
    const file = join(folder, 'ferry.yaml');
    const config = {
      ...(gateway === false
        ? {}
        : { gateway: { listen: '127.0.0.1:0', users: [APP], notice: 0, buckets, ...gateway } }),
      control: { listen: '127.0.0.1:0', file_roots: ['.'], ...control },
    };
    await writeFile(file, JSON.stringify(config));
    const services = await servicesOf(folder);
    return new RunningFerry(folder, services, await services.serve());
  }

  get url(): string {
    return this.server.control!.url;
  }

  /** An application with keys. */
  get client(): S3Client {
    return (this.#client ??= this.clientOf(APP.access_key_id, APP.secret_access_key));
  }

  /** The caller's to destroy. */
  clientOf(accessKeyId: string, secretAccessKey: string): S3Client {
    return new S3Client({
      endpoint: this.server.gateway!,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    });
  }

  async token(role: Role): Promise<string> {
    const known = this.#tokens.get(role);
    if (known !== undefined) return known;
    const { id, text, digest } = freshToken();
    const { access } = await this.services.control();
    await access.addToken({ id, name: `test ${role}`, role, digest, createdAt: Date.now() });
    this.#tokens.set(role, text);
    return text;
  }

  async ask(
    method: string,
    path: string,
    { role = 'admin', json, headers = {} }: { role?: Role; json?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token(role)}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      headers: response.headers,
      json: type.includes('json') ? JSON.parse(text) : text,
    };
  }

  /** Asks until it is so. */
  async until(what: string, path: string, holds: (json: Reply['json']) => boolean): Promise<Reply['json']> {
    for (const end = Date.now() + 30_000; ;) {
      const { json } = await this.ask('GET', path);
      if (holds(json)) return json;
      assert.ok(Date.now() < end, `never ${what}: ${JSON.stringify(json)}`);
      await sleep(50);
    }
  }

  /** As a signal does. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.server.stop());
  }

  /** As another process does after this one stopped; and stops again. */
  async startAgain(): Promise<void> {
    await using services = await servicesOf(this.folder);
    await (await services.serve()).stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    await this.stop();
    await this.services[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }
}

function servicesOf(folder: string): Promise<Services> {
  return openServices({
    registry: allDrivers(),
    env: { FERRY_HOME: join(folder, 'home') },
    globals: { json: false, quiet: true, color: false, config: join(folder, 'ferry.yaml') },
    now: Date.now,
    random: Math.random,
    warn: (message) => assert.fail(message),
  });
}

function memory(name: string): object {
  return { type: 'memory', options: { name } };
}
