/** Two S3 servers, gateways that move a bucket from one to the other, and clients that use it all the while. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { startFaultServer, type FaultServer } from '../faults/fault-server.ts';
import { seeded } from '../faults/server/rules.ts';
import type { S3Server } from '../peers/s3-server.ts';
import { Ferry, type Exit, type JsonLine, type Running } from './ferry.ts';

export const BUCKET = 'photos';
const KEYS = { accessKeyId: 'APPKEY', secretAccessKey: 'app-secret-1' };

export class MovingBucketWorld implements AsyncDisposable {
  readonly ferry = new Ferry();
  readonly #config: string;
  readonly #gateways = new Set<Running>();

  /** Buckets of this name are there, the new one empty. The servers are the caller's. */
  constructor(old: S3Server, next: S3Server, migrate: Readonly<Record<string, unknown>> = {}) {
    this.#config = join(this.ferry.dir, 'ferry.yaml');
    const bucket = { tenant: 'acme', store: endpoint(old), migrate: { to: endpoint(next), linger: 3, ...migrate } };
    const users = [
      { name: 'app', tenant: 'acme', access_key_id: KEYS.accessKeyId, secret_access_key: KEYS.secretAccessKey },
    ];
    writeFileSync(
      this.#config,
      JSON.stringify({ gateway: { listen: '127.0.0.1:0', users, buckets: { [BUCKET]: bucket } } }),
    );
  }

  /** Starts one more; gives where it listens and the process. */
  async gateway(): Promise<{ readonly endpoint: string; readonly running: Running }> {
    const running = this.ferry.start('serve', '-c', this.#config, '--json');
    this.#gateways.add(running);
    const [, url] = await running.printed(/"url":"(https?:[^"]+)"/);
    return { endpoint: url!, running };
  }

  async migrate(action: string, ...more: readonly string[]): Promise<Exit> {
    return await this.ferry.run('migrate', action, BUCKET, '-c', this.#config, '--json', ...more);
  }

  /** The step is taken, or the test fails with what was said. */
  async step(action: string): Promise<void> {
    const { code, output } = await this.migrate(action, '--yes');
    assert.equal(code, 0, `${action}: ${output}`);
  }

  async status(): Promise<Status> {
    const { stdout } = await this.migrate('status');
    const status: Status & JsonLine = JSON.parse(stdout);
    return status;
  }

  /** What people see. */
  async shown(action: string): Promise<string> {
    const { code, stdout, output } = await this.ferry.run('migrate', action, BUCKET, '-c', this.#config);
    assert.equal(code, 0, output);
    return stdout;
  }

  /** Waits until it says so. */
  async until(what: string, holds: (status: Status) => boolean): Promise<Status> {
    for (const end = Date.now() + 60_000; ;) {
      const status = await this.status();
      if (holds(status)) return status;
      assert.ok(Date.now() < end, `never ${what}: ${JSON.stringify(status)}`);
      await sleep(100);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#gateways) child.kill('SIGKILL');
    for (const { exit } of this.#gateways) await exit;
    this.ferry[Symbol.dispose]();
  }
}

/** What the tests want of `migrate status`. */
export interface Status {
  readonly phase: string;
  readonly since: string;
  readonly notices?: {
    readonly received: number;
    readonly waiting: number;
    readonly past: number;
    readonly keys: readonly { readonly key: string; readonly event: string }[];
  };
  readonly copy?: {
    readonly running: boolean;
    readonly done: boolean;
    readonly counters: { readonly copied: number };
    readonly openRanges: number;
    readonly ranges: readonly { readonly through: string | null; readonly position: string | null }[];
  };
  readonly copied?: { readonly copied: number };
  readonly verified?: { readonly open: number; readonly found: number; readonly findings: readonly Finding[] };
  readonly keys: { readonly touched: number; readonly dirty: number };
  readonly problem?: { readonly message: string };
}

export interface Finding {
  readonly key: string;
  readonly kind: string;
  readonly repaired: boolean;
}

/** Two servers with an empty bucket each. */
export async function twoServers(): Promise<TwoServers> {
  const servers = await Promise.all([startFaultServer({ buckets: [BUCKET] }), startFaultServer({ buckets: [BUCKET] })]);
  const close = async (): Promise<void> => {
    for (const server of servers) await server[Symbol.asyncDispose]();
  };
  return { old: servers[0], new: servers[1], [Symbol.asyncDispose]: close };
}

export interface TwoServers extends AsyncDisposable {
  readonly old: FaultServer;
  readonly new: FaultServer;
}

export function put(
  server: FaultServer,
  key: string,
  text: string,
  modified = Date.parse('2026-01-01T00:00:00Z'),
): void {
  const body = Buffer.from(text);
  const headers = { 'content-type': 'text/plain', 'x-amz-meta-made': 'before' };
  server.bucket(BUCKET).put(key, { body, etag: hash('md5', body), modified, headers, tags: new Map() });
}

function endpoint({ endpoint: url, accessKey, secretKey, region }: S3Server): Readonly<Record<string, unknown>> {
  const keys = { access_key_id: accessKey, secret_access_key: secretKey };
  return { type: 's3', options: { bucket_name: BUCKET, endpoint: url, region, etag: 'md5', ...keys } };
}

export function clientOf(url: string): S3Client {
  return new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials: KEYS, maxAttempts: 1 });
}

/** Nothing, or the text of the object. */
type Value = string | undefined;

/**
 * An application that alone writes some keys, one request after the other, through whichever gateway answers. It knows
 * what it must read: what it last wrote, or what was left unanswered since it began.
 */
export class Application {
  readonly #keys: readonly string[];
  readonly #random: () => number;
  readonly #endpoints: () => readonly string[];
  readonly #known = new Map<string, Value>();
  /** Writes nobody answered: each may have been made, or may yet be. */
  readonly #open = new Map<string, Set<Value>>();
  readonly #clients = new Map<string, S3Client>();
  #count = 0;
  requests = 0;
  unanswered = 0;
  reads = 0;

  constructor(
    seed: number,
    keys: readonly string[],
    before: ReadonlyMap<string, string>,
    endpoints: () => readonly string[],
  ) {
    this.#random = seeded(seed);
    this.#keys = keys;
    this.#endpoints = endpoints;
    for (const key of keys) this.#known.set(key, before.get(key));
  }

  /** Until `stop` aborts. Rejects with what was read wrong. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) await this.#once();
  }

  /** What the bucket has to hold of its keys, each as one of these. */
  possible(): Map<string, ReadonlySet<Value>> {
    return new Map(this.#keys.map((key) => [key, new Set([this.#known.get(key), ...(this.#open.get(key) ?? [])])]));
  }

  async #once(): Promise<void> {
    const key = this.#keys[Math.floor(this.#random() * this.#keys.length)]!;
    const dice = this.#random();
    this.requests++;
    if (dice < 0.35) await this.#write(key, `${key} ${++this.#count}`);
    else if (dice < 0.55) await this.#write(key, undefined);
    else await this.read(key);
  }

  async #write(key: string, value: Value): Promise<void> {
    const client = this.#client();
    try {
      if (value === undefined) await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
      else await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: value }));
      this.#known.set(key, value);
    } catch (error) {
      this.#mayHaveFailed(error);
      const open = this.#open.get(key) ?? new Set<Value>();
      this.#open.set(key, open.add(value));
    }
  }

  async read(key: string): Promise<void> {
    let found: Value;
    try {
      const { Body } = await this.#client().send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      found = await Body!.transformToString();
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.name !== 'NoSuchKey') return this.#mayHaveFailed(error);
      found = undefined;
    }
    this.reads++;
    const open = this.#open.get(key);
    if (found === this.#known.get(key)) return;
    assert.ok(
      open?.has(found),
      `${key} is ${found}, not ${this.#known.get(key)} nor ${[...(open ?? [])].join(' nor ')}`,
    );
    this.#known.set(key, found);
  }

  /** A gateway that is killed, or says that it cannot tell. Anything else is a defect. */
  #mayHaveFailed(error: unknown): void {
    const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 500;
    if (status < 500) throw error;
    this.unanswered++;
  }

  #client(): S3Client {
    const endpoints = this.#endpoints();
    const url = endpoints[Math.floor(this.#random() * endpoints.length)]!;
    let client = this.#clients.get(url);
    if (client === undefined) this.#clients.set(url, (client = clientOf(url)));
    return client;
  }
}

export async function putBy(client: S3Client, contents: ReadonlyMap<string, string>): Promise<void> {
  for (const [Key, Body] of contents) await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
}

/** All objects of the bucket as clients see it. */
export async function contentsBy(client: S3Client): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: BUCKET, MaxKeys: 100 })) {
    for (const { Key } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      found.set(Key!, await Body!.transformToString());
    }
  }
  return found;
}
