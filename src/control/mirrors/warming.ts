/** Sweeps that fetch what nobody has asked for yet, one at a time for each bucket. */
import { toFerryError } from '../../model/errors.ts';
import type { BucketSpec } from '../../model/gateway.ts';
import type { EndpointSpec } from '../../model/task.ts';
import { originKeys, warm, type WarmClient, type WarmCounts } from '../../gateway/mirror/warm.ts';
import type { Store } from '../../store/store.ts';
import type { LiveHub } from '../live/hub.ts';

/** Of the failures, the first. */
const FAILURES_KEPT = 100;

export interface WarmingContext {
  /** Asks the gateway of this process. Rejects with `configuration` where no user may read the bucket. */
  readonly client: (bucket: BucketSpec) => Promise<WarmClient>;
  readonly openOrigin: (spec: EndpointSpec) => Promise<Store>;
  readonly hub: LiveHub;
  readonly now: () => number;
  /** Told of defects. */
  readonly onTrouble: (error: unknown) => void;
}

export interface WarmRequest {
  /** All that the origins list where absent. */
  readonly keys?: readonly string[] | undefined;
  readonly dryRun: boolean;
  readonly concurrency: number;
}

export interface WarmState {
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly dryRun: boolean;
  readonly counts: Readonly<WarmCounts>;
  /** The first of them. */
  readonly failures: readonly { readonly key: string; readonly reason: string }[];
  /** Why it failed as a whole. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** Nothing of it outlives the process: begun again, a sweep only looks at what is stored. */
export class Warming implements AsyncDisposable {
  readonly #context: WarmingContext;
  readonly #sweeps = new Map<string, Sweep>();

  constructor(context: WarmingContext) {
    this.#context = context;
  }

  /** The sweep under way, or the last one. */
  state(bucket: string): WarmState | undefined {
    return this.#sweeps.get(bucket)?.told();
  }

  /** Undefined where one is under way. */
  async start(bucket: BucketSpec, request: WarmRequest): Promise<WarmState | undefined> {
    const { client, hub } = this.#context;
    if (this.#sweeps.get(bucket.name)?.running === true) return undefined;
    const gateway = await client(bucket);
    if (this.#sweeps.get(bucket.name)?.running === true) return undefined;
    const sweep = new Sweep(bucket, request, gateway, this.#context);
    this.#sweeps.set(bucket.name, sweep);
    void sweep.ended.then(() => hub.publish('mirror-warm', bucket.name, sweep.told()));
    return sweep.told();
  }

  /** Resolves once it is stopped. */
  async stop(bucket: string): Promise<void> {
    await this.#sweeps.get(bucket)?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sweeps.values()].map((sweep) => sweep.stop()));
  }
}

class Sweep {
  /** Never rejects. */
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();
  readonly #counts: WarmCounts = { keys: 0, there: 0, stored: 0, missing: 0, absent: 0, failed: 0 };
  readonly #failures: { key: string; reason: string }[] = [];
  readonly #dryRun: boolean;
  readonly #startedAt: number;
  #state: WarmState['state'] = 'running';
  #endedAt: number | undefined;
  #error: WarmState['error'];

  constructor(
    bucket: BucketSpec,
    { keys, dryRun, concurrency }: WarmRequest,
    gateway: WarmClient,
    context: WarmingContext,
  ) {
    const { now, openOrigin, onTrouble } = context;
    const { signal } = this.#stop;
    this.#dryRun = dryRun;
    this.#startedAt = now();
    const wanted = keys === undefined ? originKeys(bucket.mirror, openOrigin, signal) : listed(keys);
    const onFailure = (key: string, reason: string): void => {
      if (this.#failures.length < FAILURES_KEPT) this.#failures.push({ key, reason });
    };
    const sweeping = warm({
      bucket,
      keys: wanted,
      gateway,
      concurrency,
      dryRun,
      signal,
      counts: this.#counts,
      onFailure,
    });
    this.ended = sweeping
      .then(
        () => (this.#state = 'finished'),
        (thrown: unknown) => {
          this.#state = signal.aborted ? 'stopped' : 'failed';
          const { code, message } = toFerryError(thrown);
          // Defects tell nothing of themselves: their text is for the log.
          if (code === 'internal') onTrouble(thrown);
          if (!signal.aborted) this.#error = { code, message: code === 'internal' ? '' : message };
        },
      )
      .then(() => void (this.#endedAt = now()));
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }

  told(): WarmState {
    return {
      state: this.#state,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      dryRun: this.#dryRun,
      counts: { ...this.#counts },
      failures: [...this.#failures],
      error: this.#error,
    };
  }
}

async function* listed(keys: readonly string[]): AsyncGenerator<string> {
  yield* keys;
}
