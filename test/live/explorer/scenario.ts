/** A bucket on its way, with two gateways, in which a few clients do a few things to one key. */
import { isFerryError } from '../../../src/model/errors.ts';
import { ROUTING, type MigrationPhase, type Routing } from '../../../src/model/migration-phase.ts';
import { MigratingStore } from '../../../src/gateway/migrate/migrating-store.ts';
import { Route } from '../../../src/gateway/migrate/route.ts';
import { RULES, type Rules, type Sides } from '../../../src/gateway/migrate/rules.ts';
import { WholeCarrier, type Carrier } from '../../../src/gateway/migrate/carrier.ts';
import { MemoryMovingBucket, type MemoryMovingOptions } from '../../../src/state/memory/moving-bucket.ts';
import type { KeyLedger } from '../../../src/state/key-ledger.ts';
import type { Member, MovingBucket } from '../../../src/state/moving-bucket.ts';
import type { Clock } from '../../../src/store/clock.ts';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import { md5Of } from '../../../src/stores/memory/space.ts';
import type { Done, Operation, Value } from '../history.ts';
import { writeBack } from '../../../src/gateway/migrate/write-back.ts';
import type { Run } from './explore.ts';
import { PointedStore, pointedBucket, type LedgerVariant } from './pointed.ts';
import { quiet, Scheduler } from './scheduler.ts';

export const KEY = 'k';
/** A second key that can be copied from and to. */
export const OTHER = 'l';

const LEASE = 10;
const LINGER = 10;

/** What makes a world differ from one where all is as it should be. */
export interface Variant {
  readonly rules?: Partial<Rules>;
  readonly routing?: Partial<Record<MigrationPhase, Routing>>;
  readonly keys?: (keys: KeyLedger, bucket: MemoryMovingBucket) => KeyLedger;
  readonly bucket?: new (options: MemoryMovingOptions) => MemoryMovingBucket;
  readonly carrier?: (old: MemoryStore, next: MemoryStore, carrier: Carrier) => Carrier;
  /** Copies the key, as the bulk copy does. */
  readonly backfill?: (sides: Sides) => Promise<void>;
  readonly writeBack?: typeof writeBack;
}

/** What an actor does, one after the other. */
export type Act = (world: ExplorerWorld, name: string) => Promise<void>;

export interface Scenario {
  readonly name: string;
  /** Each in an actor of its own. */
  readonly actors: readonly (readonly Act[])[];
  /** What old has of the key at first; `v0` where absent. */
  readonly old?: Value;
  readonly phase?: 'tracking' | 'migrating';
  readonly newCapabilities?: Partial<Capabilities>;
  /** Where writes begin and anything is given back is a step of its own, too. */
  readonly fine?: boolean;
  /** Gateway 0 is told nothing by timers. */
  readonly deaf?: boolean;
  /** Actors that are in the process of gateway 0. */
  readonly mortal?: readonly number[];
}

export class ExplorerWorld implements Run {
  readonly scheduler = new Scheduler();
  readonly clock = new LeapingClock();
  readonly operations: Operation[] = [];
  readonly initial: Value;
  readonly shared: MemoryMovingBucket;
  readonly oldSpace = new MemoryStore({ name: 'old' });
  readonly newSpace: MemoryStore;
  readonly old: PointedStore;
  readonly new: PointedStore;
  readonly carrier: Carrier;
  readonly variant: Variant;
  readonly mortal: readonly number[];
  /** The process of gateway 0 is dead. */
  crashed = false;
  readonly routes: Route[] = [];
  readonly stores: MigratingStore[] = [];
  readonly uploads = new Map<Value, string>();
  /** Of the workers: the copy and write-back. */
  worker!: Member;
  #moment = 0;

  private constructor(scenario: Scenario, variant: Variant) {
    this.variant = variant;
    this.mortal = scenario.mortal ?? [];
    this.initial = scenario.old === undefined ? 'v0' : scenario.old;
    const options = { clock: this.clock, now: () => this.clock.now(), lease: LEASE, linger: LINGER };
    this.shared = new (variant.bucket ?? MemoryMovingBucket)(options);
    this.newSpace = new MemoryStore({ name: 'new', capabilities: scenario.newCapabilities });
    this.old = new PointedStore(this.oldSpace, this.scheduler, 'old');
    this.new = new PointedStore(this.newSpace, this.scheduler, 'new');
    const carrier = new WholeCarrier(this.old, this.new);
    this.carrier = variant.carrier?.(this.oldSpace, this.newSpace, carrier) ?? carrier;
  }

  static async begin(scenario: Scenario, variant: Variant = {}): Promise<ExplorerWorld> {
    const world = new ExplorerWorld(scenario, variant);
    await world.#setUp(scenario);
    for (const [i, acts] of scenario.actors.entries())
      world.scheduler.start(String(i), async () => {
        for (const [n, act] of acts.entries()) {
          if (n > 0) await world.scheduler.point('next');
          await act(world, `${i}.${n}`);
        }
      });
    await quiet();
    return world;
  }

  async #setUp({ phase = 'migrating', fine = false, deaf = false }: Scenario): Promise<void> {
    if (this.initial !== null) await this.oldSpace.write(KEY, Buffer.from(this.initial));
    const ledger: LedgerVariant = (keys) => this.variant.keys?.(keys, this.shared) ?? keys;
    const bucket: MovingBucket = pointedBucket(this.shared, this.scheduler, ledger, fine, deaf ? 'g0' : undefined);
    this.worker = await bucket.join('worker');
    for (const name of ['g0', 'g1']) {
      const route = await Route.open({
        bucket,
        name,
        clock: this.clock,
        now: () => 0,
        interval: 1e9,
        hold: 1e9,
        drain: 1e9,
        linger: LINGER,
        routing: { ...ROUTING, ...this.variant.routing },
        onTrouble: (error) => this.#trouble(error),
      });
      this.routes.push(route);
      this.stores.push(
        new MigratingStore({
          old: this.old,
          new: this.new,
          route,
          carrier: this.carrier,
          rules: { ...RULES, ...this.variant.rules },
        }),
      );
    }
    for (const next of ['tracking', 'switching', 'pending', 'migrating'] as const) {
      await this.go(next, async () => undefined);
      if (next === phase) break;
    }
  }

  #trouble(error: unknown): void {
    if (!isFerryError(error, 'unavailable')) throw error;
  }

  /**
   * Changes the phase, once that can be, and lets the gateways see it one after the other; `between` them. `meanwhile` is
   * done before each attempt.
   */
  async go(
    to: MigrationPhase,
    between: () => Promise<void>,
    meanwhile: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    const epoch = await this.#change(to, meanwhile);
    await this.worker.acknowledge(epoch, []);
    for (const [i, route] of this.routes.entries()) {
      if (i === 0 && this.crashed) continue;
      await between();
      await route.refresh();
    }
  }

  async #change(to: MigrationPhase, meanwhile: () => Promise<void>): Promise<number> {
    for (;;) {
      let looks = 0;
      const other = this.shared.changes.until(
        () => (looks++ > 0 ? true : undefined),
        () => undefined,
        [],
      );
      await meanwhile();
      try {
        return (await this.shared.change((await this.shared.record()).epoch, to)).epoch;
      } catch (thrown) {
        if (!isFerryError(thrown, 'unavailable')) throw thrown;
        await other;
      }
    }
  }

  /** Time passes, and those who live renew. */
  async leap(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += LEASE / 2) {
      this.clock.leap(LEASE / 2);
      await this.routes[1]!.refresh();
      await this.worker.renew();
    }
  }

  sides(): Sides & { readonly keys: KeyLedger } {
    const { worker } = this;
    return {
      old: this.old,
      new: this.new,
      carrier: this.carrier,
      keys: worker.keys,
      sure: () => worker.isLive(),
      promotes: true,
    };
  }

  /** What a client does, from its first step to its answer. */
  async perform(name: string, done: Done, work: () => Promise<Done>): Promise<void> {
    const at = this.operations.length;
    const start = ++this.#moment;
    this.operations.push({ name, start, end: Infinity, done });
    try {
      const outcome = await work();
      if (this.scheduler.isDead) return;
      this.scheduler.saw(JSON.stringify(outcome));
      this.operations[at] = { name, start, end: ++this.#moment, done: outcome };
    } catch (thrown) {
      if (!isFerryError(thrown)) throw thrown;
      this.scheduler.saw(thrown.code);
    }
  }

  state(): string {
    const { touched, completing, intents, claims } = this.shared.tables;
    const text = (store: MemoryStore): string =>
      [KEY, OTHER].map((key) => store.find(key)?.pieces.map(String).join('') ?? '-').join();
    const rows = [intents, claims].map((set) =>
      [...set]
        .map(({ key, until }) => `${key}${until}`)
        .sort()
        .join(),
    );
    const { dirty, writes } = this.shared.tables.counts();
    const known = [...this.routes].map(({ phase }) => phase).join();
    return [
      text(this.oldSpace),
      text(this.newSpace),
      [...touched].sort().join(),
      [...completing].join(),
      ...rows,
      `${dirty} ${writes}`,
      `${this.shared.mutatedOnOld(KEY)} ${this.shared.unaccounted()} ${this.oldSpace.space.uploads.size}`,
      known,
      this.clock.now(),
    ].join('/');
  }
}

// ---- what clients do

export const get =
  (gateway = 0): Act =>
  (world, name) =>
    world.perform(`${name} GET`, { kind: 'read', value: null }, async () => {
      return { kind: 'read', value: await valueOf(world.stores[gateway]!) };
    });

/** The key as a listing shows it. */
export const list =
  (gateway = 0): Act =>
  (world, name) =>
    world.perform(`${name} LIST`, { kind: 'read', value: null }, async () => {
      const { entries } = await world.stores[gateway]!.list({});
      const etag = entries.find(({ key }) => key === KEY)?.etag;
      return { kind: 'read', value: etag === undefined ? null : named(etag) };
    });

export const put =
  (value: string, gateway = 0): Act =>
  (world, name) =>
    world.perform(`${name} PUT`, { kind: 'write', value }, async () => {
      await world.stores[gateway]!.write(KEY, Buffer.from(value));
      return { kind: 'write', value };
    });

export const del =
  (gateway = 0): Act =>
  (world, name) =>
    world.perform(`${name} DELETE`, { kind: 'write', value: null }, async () => {
      await world.stores[gateway]!.remove(KEY);
      return { kind: 'write', value: null };
    });

/** PUT If-Match. */
export const cas =
  (from: string, value: string, gateway = 0): Act =>
  (world, name) => {
    const done = (held: boolean): Done => ({
      kind: 'conditional',
      value,
      when: (present) => present === from,
      held,
    });
    return world.perform(`${name} PUT if ${from}`, done(true), async () => {
      try {
        await world.stores[gateway]!.write(KEY, Buffer.from(value), { ifMatch: etagOf(from) });
        return done(true);
      } catch (thrown) {
        if (isFerryError(thrown, 'changed') || isFerryError(thrown, 'not-found')) return done(false);
        throw thrown;
      }
    });
  };

/** PUT If-None-Match: *. */
export const create =
  (value: string, gateway = 0): Act =>
  (world, name) => {
    const done = (held: boolean): Done => ({
      kind: 'conditional',
      value,
      when: (present) => present === null,
      held,
    });
    return world.perform(`${name} PUT if absent`, done(true), async () => {
      try {
        await world.stores[gateway]!.write(KEY, Buffer.from(value), { ifAbsent: true });
        return done(true);
      } catch (thrown) {
        if (isFerryError(thrown, 'already-exists')) return done(false);
        throw thrown;
      }
    });
  };

/** The key copied onto another: what was copied is what was read. */
export const copyAway =
  (gateway = 0): Act =>
  (world, name) =>
    world.perform(`${name} COPY`, { kind: 'read', value: null }, async () => {
      const store = world.stores[gateway]!;
      try {
        const { etag } = await store.copy!({ store, key: KEY }, OTHER);
        return { kind: 'read', value: named(etag!) };
      } catch (thrown) {
        if (isFerryError(thrown, 'not-found')) return { kind: 'read', value: null };
        throw thrown;
      }
    });

/** Completes an upload that was begun before the switch. */
export const completeLate =
  (value: string, gateway = 0): Act =>
  (world, name) =>
    world.perform(`${name} COMPLETE`, { kind: 'write', value }, async () => {
      const upload = { key: KEY, uploadId: await uploadOf(world, value) };
      const { etag } = (await world.oldSpace.multipart!.parts(upload, 0, 1).catch(() => []))[0] ?? {
        etag: etagOf(value),
      };
      await world.stores[gateway]!.multipart!.complete(upload, [{ number: 1, etag }]);
      return { kind: 'write', value };
    });

// ---- what is behind

export const backfill: Act = async (world) => {
  const sides = world.sides();
  if (world.variant.backfill !== undefined) return await world.variant.backfill(sides);
  await using claim = await sides.keys.claim(KEY);
  if (!claim.touched) await sides.carrier.carry(KEY, 'new', 'create', sides);
};

/** The phases given, one gateway after the other. */
export const phases =
  (...to: readonly MigrationPhase[]): Act =>
  async (world) => {
    for (const phase of to) await world.go(phase, () => world.scheduler.point(`see ${phase}`));
  };

/** Write-back of what is dirty when it looks, `rounds` times. */
export const writingBack =
  (rounds = 1): Act =>
  async (world) => {
    world.scheduler.mayStop();
    const sides = world.sides();
    const work = world.variant.writeBack ?? writeBack;
    for (let i = 0; i < rounds; i++)
      for (const dirty of await sides.keys.dirty(undefined, 10)) await work(sides, dirty, false);
  };

/** Everything back to old. */
export const goBack: Act = async (world) => {
  const sides = world.sides();
  const point = (): Promise<void> => world.scheduler.point('see');
  const work = world.variant.writeBack ?? writeBack;
  await world.go('rolling-back', point);
  await world.go('returning', point, async () => {
    for (const dirty of await sides.keys.dirty(undefined, 10)) await work(sides, dirty, true);
  });
  await world.go('rolled-back', point);
};

/**
 * The process of gateway 0 dies: nothing of it goes on but the request under way, which its store may carry out or not,
 * until it has lingered out.
 */
export const crash: Act = async (world) => {
  for (const actor of world.scheduler.actors) if (world.mortal.includes(Number(actor.name))) actor.dead = true;
  world.crashed = true;
  await world.leap(LEASE);
  await world.scheduler.point('linger');
  for (const actor of world.scheduler.actors) if (actor.dead) actor.go = undefined;
  await world.leap(LINGER);
};

/**
 * The process of gateway 0 is stopped (SIGSTOP) for longer than its lease and what it held lingers. When it goes on, no
 * timer has told it so yet.
 */
export const stop: Act = async (world) => {
  for (const actor of world.scheduler.actors) if (world.mortal.includes(Number(actor.name))) actor.stopped = true;
  world.crashed = true;
  await world.leap(LEASE + LINGER);
};

export const resume: Act = async (world) => {
  for (const actor of world.scheduler.actors) actor.stopped = false;
};

/** Stands still but for leaps. */
class LeapingClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly work: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    const timer = { at: this.#now + ms, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(): () => void {
    throw new Error('nothing here happens again and again');
  }

  leap(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at > this.#now) break;
      this.#timers.delete(timer);
      timer.work();
    }
  }
}

async function valueOf(store: MigratingStore): Promise<Value> {
  try {
    const { body } = await store.read(KEY);
    return Buffer.from(await body.bytes(1000)).toString();
  } catch (thrown) {
    if (isFerryError(thrown, 'not-found')) return null;
    throw thrown;
  }
}

async function uploadOf(world: ExplorerWorld, value: string): Promise<string> {
  const known = world.uploads.get(value);
  if (known !== undefined) return known;
  const uploadId = await world.oldSpace.multipart!.begin(KEY);
  world.uploads.set(value, uploadId);
  await world.oldSpace.multipart!.put({ key: KEY, uploadId }, 1, Buffer.from(value));
  return uploadId;
}

export function etagOf(value: string): string {
  return md5Of([Buffer.from(value)]);
}

function etagInParts(value: string): string {
  return `${md5Of([Buffer.from(etagOf(value), 'hex')])}-1`;
}

const VALUES = ['v0', 'v1', 'v2', 'v3', 'u', 'x'];

/** The value whose ETag it is, written whole or carried. */
function named(etag: string): string {
  return VALUES.find((value) => etag === etagOf(value) || etag === etagInParts(value)) ?? `? ${etag}`;
}
