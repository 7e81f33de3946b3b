/**
 * A migration between two fault servers: the real S3 driver, HTTP client, layers, engine and journal. The only file of
 * these tests that knows how they are put together.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent, RunSummary } from '../../src/engine/progress.ts';
import { retryFailures, runTask } from '../../src/engine/run.ts';
import type { TaskSpec } from '../../src/model/task.ts';
import { MiB } from '../../src/model/units.ts';
import { openState } from '../../src/state/sqlite/open.ts';
import type { FailureRecord } from '../../src/state/state-store.ts';
import { compose, type ComposedStore } from '../../src/store/compose.ts';
import { s3Drivers } from '../../src/stores/s3/driver.ts';
import { SocketHttpClient } from '../../src/wire/http/socket-client.ts';
import { Secret } from '../../src/model/secret.ts';
import { startFaultServer, type FaultServer, type FaultServerOptions } from './fault-server.ts';
import { copySpec } from '../peers/task-spec.ts';
import { md5Hex, multipartEtag, type StoredObject } from './server/buckets.ts';

export const BUCKET = 'bucket';

const QUIET = copySpec('s3');
const SPEC: TaskSpec = {
  ...QUIET,
  limits: { ...QUIET.limits, concurrency: 8 },
  multipart: { ...QUIET.multipart, threshold: 8 * MiB, partSize: 5 * MiB },
  attempts: 5,
};

export interface Outcome {
  readonly summary: RunSummary;
  readonly failures: readonly FailureRecord[];
  readonly events: readonly RunEvent[];
}

export interface RunOptions {
  /** Whether ETags of the two servers are taken for MD5s; true where absent. */
  readonly etagsAreMd5?: boolean;
  /** The same for the destination alone. */
  readonly destinationEtagsAreMd5?: boolean;
  readonly spec?: Partial<TaskSpec>;
  readonly signal?: AbortSignal;
  /** Only what failed before. */
  readonly failuresOnly?: boolean;
}

export class Migration implements AsyncDisposable {
  readonly source: FaultServer;
  readonly destination: FaultServer;
  readonly #dir = mkdtempSync(join(tmpdir(), 'ferry-faults-'));
  /** MD5 of every version an object of the source ever had. */
  readonly #versions = new Map<string, Set<string>>();

  private constructor(source: FaultServer, destination: FaultServer) {
    this.source = source;
    this.destination = destination;
    source.expect = (_, key, object) => {
      this.#versions.set(key, (this.#versions.get(key) ?? new Set()).add(md5Hex(object.body)));
      return undefined;
    };
    destination.expect = (_, key, object) => this.#judge(key, object);
  }

  static async start(
    options: { source?: FaultServerOptions; destination?: FaultServerOptions } = {},
  ): Promise<Migration> {
    const buckets = [BUCKET];
    const source = await startFaultServer({ buckets, ...options.source });
    return new Migration(source, await startFaultServer({ buckets, ...options.destination }));
  }

  /** An object of the source; uploaded in parts of `partSize` where given. */
  put(key: string, body: Buffer, partSize?: number): void {
    const parts: Buffer[] = [];
    for (let at = 0; partSize !== undefined && at < body.length; at += partSize) {
      parts.push(body.subarray(at, at + partSize));
    }
    this.source.bucket(BUCKET).put(key, {
      body,
      etag: partSize === undefined ? md5Hex(body) : multipartEtag(parts.map(md5Hex)),
      modified: Date.parse('2026-01-01T00:00:00Z'),
      headers: { 'content-type': 'text/x-test', 'x-amz-meta-of': encodeURIComponent(key) },
      tags: new Map(),
      ...(partSize !== undefined && { parts: parts.map(({ length }) => length) }),
    });
  }

  /** Runs or resumes the task, with stores, connections and journal as new as in a new process. */
  async run(options: RunOptions = {}): Promise<Outcome> {
    const { spec = {}, signal = new AbortController().signal, failuresOnly = false, etagsAreMd5 = true } = options;
    const { destinationEtagsAreMd5 = etagsAreMd5 } = options;
    const events: RunEvent[] = [];
    await using http = new SocketHttpClient();
    await using state = await openState(join(this.#dir, 'ferry.db'));
    await state.createTask({ name: 'task', file: '', identity: 'x', createdAt: Date.now() });
    await using lease = await state.lease('task', 'test');
    const journal = await state.journal(lease);
    const whole = { ...SPEC, ...spec };
    const run = failuresOnly ? retryFailures : runTask;
    const summary = await run({
      task: 'task',
      spec: whole,
      source: await this.#open(this.source, http, whole.attempts, etagsAreMd5),
      destination: await this.#open(this.destination, http, whole.attempts, destinationEtagsAreMd5),
      signal,
      emit: (event) => events.push(event),
      now: Date.now,
      random: Math.random,
      tmpdir: () => this.#dir,
      baseline: journal.task.baseline,
      journal,
    });
    return { summary, failures: await state.failures('task'), events };
  }

  /** The destination holds what the source does, except these keys, and never held anything else. */
  assertMoved({ except = [] }: { readonly except?: readonly string[] } = {}): void {
    assert.deepEqual(this.destination.violations, [], 'something wrong was visible at the destination');
    const [source, destination] = [this.source.bucket(BUCKET), this.destination.bucket(BUCKET)];
    assert.deepEqual(
      destination.keys(),
      source.keys().filter((key) => !except.includes(key)),
    );
    for (const key of destination.keys()) {
      const [there, here] = [destination.get(key)!, source.get(key)!];
      assert.ok(there.body.equals(here.body), `${JSON.stringify(key)} has other bytes`);
      assert.deepEqual(there.headers, here.headers, `metadata of ${JSON.stringify(key)}`);
    }
    assert.equal(destination.uploads.size, 0, 'unfinished uploads were left behind');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    await this.destination[Symbol.asyncDispose]();
    rmSync(this.#dir, { recursive: true });
  }

  async #open(server: FaultServer, http: SocketHttpClient, attempts: number, md5: boolean): Promise<ComposedStore> {
    const driver = s3Drivers()[0]!;
    const options = driver.options.parse({
      bucket_name: BUCKET,
      endpoint: server.endpoint,
      region: server.region,
      access_key_id: server.accessKey,
      secret_access_key: server.secretKey,
      etag: md5 ? 'md5' : 'opaque',
    });
    const wrapped = { ...options, secret_access_key: new Secret(server.secretKey) };
    const context = { http, env: {}, now: Date.now, tmpdir: () => this.#dir };
    const store = await driver.open({ type: 's3', path: '', options: wrapped }, context);
    // As in production, but that waiting is short; yet longer than a busy machine may pause.
    return compose(store, { retry: { attempts, base: 5, cap: 50 }, watchdog: { timeout: 1500, serverTimeout: 3000 } });
  }

  #judge(key: string, { body }: StoredObject): string | undefined {
    if (key.startsWith('.ferry-probe-')) return undefined;
    return this.#versions.get(key)?.has(md5Hex(body)) ? undefined : `${body.length} bytes the source never held`;
  }
}

/** Bytes that differ from object to object and from place to place. */
export function bytesOf(name: string, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = Number.parseInt(md5Hex(Buffer.from(name)).slice(0, 8), 16) || 1;
  for (let at = 0; at + 4 <= size; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, at);
  }
  bytes.write(name.slice(0, size));
  return bytes;
}
