/** The mirrors of a gateway: origins opened once, one temporary space, counters written down now and then. */
import type { BucketSpec, MirrorRule } from '../../model/gateway.ts';
import type { EndpointSpec } from '../../model/task.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { MirrorBook } from '../../state/mirror-book.ts';
import { systemClock } from '../../store/clock.ts';
import type { StoreWatch } from '../../store/layers/measure.ts';
import type { Store } from '../../store/store.ts';
import type { Bucket } from '../buckets.ts';
import { MirrorStore } from './mirror-store.ts';
import { Origin } from './origin.ts';
import { Rule } from './rule.ts';
import { SpoolSpace } from './spool-space.ts';
import { abortLeftUploads } from './storing.ts';
import { Tally } from './tally.ts';

/** Milliseconds between two writings of the counters: so much of them a crash can lose. */
const SAVES = 5000;

export interface MirrorsOptions {
  openOrigin(spec: EndpointSpec): Promise<Store>;
  readonly book: MirrorBook;
  /** Bytes of temporary files. */
  readonly spool: number;
  readonly tmpdir: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly random: () => number;
  readonly onMirrorFailure: (failure: MirrorFailure) => void;
  readonly watch?: StoreWatch | undefined;
}

export interface MirrorFailure {
  readonly bucket?: string;
  readonly key?: string;
  readonly rule?: string;
  readonly error: FerryError;
}

/** A mirrored bucket as it is configured, with its origins for people. */
export interface MirroredBucket {
  readonly spec: BucketSpec;
  readonly rules: readonly { readonly spec: MirrorRule; readonly origins: readonly string[] }[];
}

export class Mirrors implements AsyncDisposable {
  /** In the order they were wrapped. */
  readonly buckets: MirroredBucket[] = [];
  readonly #options: MirrorsOptions;
  readonly #space: SpoolSpace;
  /** By what they are asked for and how: rules that say the same share one, and its limits. */
  readonly #origins = new Map<string, Origin>();
  readonly #tallies: Tally[] = [];
  #stopSaving: (() => void) | undefined;

  constructor(options: MirrorsOptions) {
    this.#options = options;
    this.#space = new SpoolSpace({ limit: options.spool, folder: options.tmpdir });
  }

  /**
   * The store of a bucket with its mirror round it; the store itself where it has none. Rejects with `configuration`
   * where rules ask for what stores cannot do. What comes is disposed of with the bucket.
   */
  async wrap(spec: BucketSpec, local: Store): Promise<{ readonly opened: Store } & Pick<Bucket, 'reading'>> {
    if (spec.mirror.length === 0) return { opened: local };
    const { book, now, onMirrorFailure } = this.#options;
    const bucket = spec.name;
    const rules = [];
    const told = [];
    for (const rule of spec.mirror) {
      const tally = new Tally(bucket, rule.name, book, now);
      this.#tallies.push(tally);
      const origins = [];
      for (const origin of rule.origins) origins.push(await this.#origin(origin, rule));
      for (const { store } of origins) checkRule(spec, rule, store, local);
      rules.push(new Rule(rule, origins, tally, now));
      told.push({ spec: rule, origins: origins.map(({ store }) => store.info.name) });
    }
    this.buckets.push({ spec, rules: told });
    this.#stopSaving ??= systemClock.every(SAVES, () => void this.#save());
    await abortLeftUploads({ bucket, local, book }).catch((error: unknown) =>
      onMirrorFailure({ bucket, error: toFerryError(error) }),
    );
    const mirror = new MirrorStore({
      bucket,
      local,
      rules,
      book,
      space: this.#space,
      now,
      onFailure: (key, rule, error) => onMirrorFailure({ bucket, key, rule, error }),
    });
    return { opened: mirror, reading: (request) => mirror.asked(request) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopSaving?.();
    for (const { store } of this.#origins.values()) await store[Symbol.asyncDispose]();
    await this.#save();
  }

  async #origin(spec: EndpointSpec, { limits, breaker }: MirrorRule): Promise<Origin> {
    const id = JSON.stringify([spec, limits, breaker]);
    const known = this.#origins.get(id);
    if (known !== undefined) return known;
    const origin = new Origin(await this.#options.openOrigin(spec), limits, breaker, this.#options);
    this.#origins.set(id, origin);
    return origin;
  }

  async #save(): Promise<void> {
    for (const tally of this.#tallies)
      await tally.save().catch((error: unknown) => this.#options.onMirrorFailure({ error: toFerryError(error) }));
  }
}

function checkRule({ name: bucket }: BucketSpec, rule: MirrorRule, origin: Store, local: Store): void {
  const refuse = (what: string): never => {
    throw new FerryError('configuration', { message: `bucket ${bucket}, rule "${rule.name}" of its mirror: ${what}` });
  };
  const { capabilities: can } = origin;
  if (!can.read) refuse(`${origin.info.name} cannot be read`);
  if (rule.store && !local.capabilities.write) refuse(`the bucket cannot be written to: \`store: false\` would do`);
  if (rule.mode === 'redirect' && !(can.presign && origin.presign))
    refuse(`\`mode: redirect\` needs an origin that clients can reach by URL, without credentials`);
  if ((rule.headers.pass.length > 0 || rule.headers.set.length > 0) && can.readHeaders !== true)
    refuse(`\`headers\` need web servers as origins, which ${origin.info.name} is not`);
}
