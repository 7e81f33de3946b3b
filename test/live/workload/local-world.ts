import { FerryError, isFerryError } from '../../../src/model/errors.ts';
import type { Capabilities } from '../../../src/model/capabilities.ts';
import { ROUTING, type MigrationPhase } from '../../../src/model/migration-phase.ts';
import { WholeCarrier, type Carrier } from '../../../src/gateway/migrate/carrier.ts';
import { jointCapabilities } from '../../../src/gateway/migrate/joint-capabilities.ts';
import { MigratingStore } from '../../../src/gateway/migrate/migrating-store.ts';
import { Route } from '../../../src/gateway/migrate/route.ts';
import { RULES } from '../../../src/gateway/migrate/rules.ts';
import { MemoryMovingBucket } from '../../../src/state/memory/moving-bucket.ts';
import type { Member } from '../../../src/state/moving-bucket.ts';
import { compose, type ComposedStore } from '../../../src/store/compose.ts';
import type { Store } from '../../../src/store/store.ts';
import { MemoryStore } from '../../../src/stores/memory/store.ts';
import type { Variant } from '../explorer/scenario.ts';
import { writeBack } from '../../../src/gateway/migrate/write-back.ts';
import { ChaosStore, type Faults } from './chaos-store.ts';
import { Process } from './process.ts';
import type { Random } from './random.ts';
import type { SimClock } from './sim-clock.ts';
import type { PreparedObject, World } from './world.ts';

const LEASE = 300;
const LINGER = 2000;
/** Longest a request of a store may take, so that nothing outlives its linger. */
const LONGEST = 800;
const PAUSE = 25;

/** Rules that are broken, those of the stores' layers among them. */
export interface LocalVariant extends Variant {
  /** A client's change that got no answer is sent again. */
  readonly resends?: boolean | undefined;
}

export interface LocalOptions {
  readonly clock: SimClock;
  readonly random: Random;
  readonly gateways: number;
  readonly faults: Omit<Faults, 'longest'>;
  /** The destination has a create-only write. */
  readonly createOnly: boolean;
  readonly variant?: LocalVariant | undefined;
}

/** Gateways, copy and stores in this process, under simulated time. */
export class LocalWorld implements World {
  readonly gateways: readonly Store[];
  readonly #o: LocalOptions;
  readonly #shared: MemoryMovingBucket;
  readonly #old = new MemoryStore({ name: 'old' });
  readonly #new: MemoryStore;
  readonly #running: Gateway[] = [];
  readonly #capabilities: Capabilities;
  #worker: Worker;
  #phase: MigrationPhase = 'created';
  #faults: Faults;
  #calm = false;

  constructor(options: LocalOptions) {
    this.#o = options;
    const { clock, createOnly, faults, gateways, variant } = options;
    this.#new = new MemoryStore({ name: 'new', capabilities: { writeIfAbsent: createOnly } });
    this.#capabilities = jointCapabilities(this.#old.capabilities, this.#new.capabilities);
    this.#shared = new (variant?.bucket ?? MemoryMovingBucket)({
      clock,
      now: () => clock.now(),
      lease: LEASE,
      linger: LINGER,
    });
    this.#faults = { ...faults, longest: LONGEST };
    this.#worker = new Worker(this);
    const all = [];
    for (let i = 0; i < gateways; i++) {
      this.#running.push(new Gateway(this, `g${i}`));
      all.push(this.#through(i));
    }
    this.gateways = all;
  }

  now(): number {
    return this.#o.clock.now();
  }

  pause(ms: number): Promise<void> {
    return this.#o.clock.sleep(ms);
  }

  async prepare(objects: ReadonlyMap<string, PreparedObject>): Promise<void> {
    for (const [key, { content, mark }] of objects)
      await this.#old.write(key, Buffer.from(content), { meta: { user: { m: mark } } });
  }

  get phase(): MigrationPhase {
    return this.#phase;
  }

  /** Goes to a phase, once that can be, and waits until every gateway serves under it. */
  async change(to: MigrationPhase): Promise<void> {
    for (;;) {
      const { epoch, phase } = await this.#shared.record();
      if (phase !== to) {
        const changed = await this.#shared.change(epoch, to).catch(notYet);
        if (changed === undefined) {
          await this.pause(PAUSE);
          continue;
        }
      }
      this.#phase = to;
      const current = await this.#shared.record();
      const members = await this.#shared.members();
      if (members.every(({ live, acknowledged }) => !live || acknowledged === current.epoch)) return;
      await this.pause(PAUSE);
    }
  }

  /** Copies everything that is to be copied; resolves when nothing is left. */
  async copyAll(): Promise<void> {
    await this.#persist(async ({ member, sides }) => {
      const { variant } = this.#o;
      const options = { sure: () => member.isLive(), signal: member.lost };
      const { entries } = await sides.old.list({});
      for (const { key } of entries) {
        if (variant?.backfill !== undefined) {
          await sides.carrier.carry(key, 'new', 'create', options);
          continue;
        }
        await using claim = await member.keys.claim(key);
        try {
          if (!claim.touched)
            await sides.carrier.carry(key, 'new', 'create', { ...options, inDoubt: () => claim.inDoubt() });
        } catch (thrown) {
          claim.inDoubt();
          throw thrown;
        }
      }
    });
  }

  async settle(): Promise<void> {
    await this.writeBackAll(true);
  }

  /** Writes back until no key is dirty; `last`: mutations are held, nothing new comes. */
  async writeBackAll(last: boolean): Promise<void> {
    const work = this.#o.variant?.writeBack ?? writeBack;
    await this.#persist(async ({ member, sides }) => {
      for (;;) {
        const found = await member.keys.dirty(undefined, 100);
        for (const dirty of found)
          await work({ ...sides, keys: member.keys, sure: () => member.isLive() }, dirty, last);
        const { dirty, writes } = await member.keys.counts();
        if (last ? dirty === 0 && writes === 0 : found.length === 0) return;
        if (last) await this.pause(PAUSE);
        if (!last) return;
      }
    });
  }

  /** Before another round: new is emptied and what was recorded forgotten. */
  async startOver(): Promise<void> {
    for (const key of (await this.contents('new')).keys()) await this.#new.remove(key);
    await this.#persist(({ member }) => member.keys.clear());
  }

  disturb(): void {
    if (this.#calm) return;
    const { random } = this.#o;
    const victim = random.between(-1, this.#running.length);
    const process = victim < 0 ? this.#worker.process : this.#running[victim]!.process;
    if (random.chance(0.5)) return process.stop(random.next() * 2 * LEASE);
    process.kill();
    if (victim < 0) this.#worker = new Worker(this);
    else this.#running[victim] = new Gateway(this, `g${victim}`);
  }

  async calm(): Promise<void> {
    this.#calm = true;
    this.#faults = { rate: 0, usual: 2, slow: 0, longest: 0 };
    await this.pause(LEASE + LINGER);
  }

  async contents(side: 'old' | 'new'): Promise<ReadonlyMap<string, PreparedObject>> {
    const store = side === 'old' ? this.#old : this.#new;
    const { entries } = await store.list({});
    return new Map(
      entries.map(({ key }) => {
        const { pieces, meta } = store.require(key);
        return [key, { content: Buffer.concat([...pieces]).toString(), mark: meta.user?.['m'] ?? '' }];
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of [...this.#running, this.#worker]) process.kill();
  }

  /** What a new process needs. */
  environment(): Environment {
    const { clock, random, variant } = this.#o;
    const process = new Process(clock, random.fork());
    const faults = (): Faults => this.#faults;
    const composed = (store: MemoryStore): ComposedStore =>
      compose(new ChaosStore(store, process, faults), {
        clock,
        retry: { attempts: 3, base: PAUSE, random: () => process.random.next() },
        watchdog: { timeout: 10 * LONGEST },
      });
    const [old, next] = [composed(this.#old), composed(this.#new)];
    const whole = new WholeCarrier(old, next);
    const carrier = variant?.carrier?.(this.#old, this.#new, whole) ?? whole;
    return { process, shared: this.#shared, sides: { old, new: next, carrier }, variant, clock };
  }

  /** Does `work` in the worker, again in the next where that one dies or fails. */
  async #persist(
    work: (worker: { readonly member: Member; readonly sides: Environment['sides'] }) => Promise<void>,
  ): Promise<void> {
    for (;;) {
      const worker = this.#worker;
      const { sides, process } = worker;
      const outcome = await Promise.race([
        worker
          .ready()
          .then((member) => work({ member, sides }))
          .then(
            () => 'done' as const,
            (error: unknown) => error,
          ),
        process.death.then(() => 'dead' as const),
      ]);
      if (outcome === 'done') return;
      if (outcome !== 'dead' && !isFerryError(outcome)) throw outcome;
      await this.pause(PAUSE);
    }
  }

  /** The gateway there is at the time, while it lives. */
  #through(i: number): Store {
    const call = async (property: string | symbol, of: 'multipart' | undefined, given: unknown[]): Promise<unknown> => {
      const { process, store } = this.#running[i]!;
      const died = process.death.then(() => {
        throw new FerryError('network', { message: 'the gateway died' });
      });
      died.catch(() => undefined);
      const target: object =
        of === undefined ? await Promise.race([store, died]) : (await Promise.race([store, died])).multipart!;
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== 'function') throw new TypeError(`no ${String(property)}`);
      const args = given.map((each) => (isSource(each) ? { ...each, store: target } : each));
      return await Promise.race([Reflect.apply(method, target, args), died]);
    };
    const proxy = (of?: 'multipart'): object =>
      new Proxy(
        {},
        {
          get: (_, property): unknown => {
            if (property === 'multipart') return proxy('multipart');
            if (property === 'capabilities') return this.#capabilities;
            return (...given: unknown[]) => call(property, of, given);
          },
        },
      );
    return proxy() as Store;
  }
}

interface Environment {
  readonly process: Process;
  readonly shared: MemoryMovingBucket;
  readonly sides: {
    readonly old: ComposedStore;
    readonly new: ComposedStore;
    readonly carrier: Carrier;
  };
  readonly variant: LocalVariant | undefined;
  readonly clock: SimClock;
}

class Gateway {
  readonly process: Process;
  readonly store: Promise<MigratingStore>;

  constructor(world: LocalWorld, name: string) {
    const { process, shared, sides, variant, clock } = world.environment();
    this.process = process;
    const bucket = variedBucket(process, shared, variant);
    const once = (store: ComposedStore): Store => (variant?.resends === true ? store : store.once());
    const opening = Route.open({
      bucket,
      name,
      clock,
      now: () => clock.now(),
      interval: LEASE / 10,
      hold: 3 * LINGER,
      drain: LONGEST,
      linger: LINGER,
      routing: { ...ROUTING, ...variant?.routing },
    });
    this.store = opening.then(
      (route) =>
        new MigratingStore({
          ...sides,
          old: once(sides.old),
          new: once(sides.new),
          route,
          rules: { ...RULES, ...variant?.rules },
        }),
    );
    this.store.catch(() => undefined);
  }
}

/** Copies and writes back; joins again when it lost its lease. */
class Worker {
  readonly process: Process;
  readonly sides: Environment['sides'];
  readonly #env: Environment;
  #member: Member | undefined;

  constructor(world: LocalWorld) {
    this.#env = world.environment();
    this.process = this.#env.process;
    this.sides = this.#env.sides;
    void this.#live();
  }

  async ready(): Promise<Member> {
    while (this.#member === undefined || !this.#member.isLive()) await this.#env.clock.sleep(PAUSE);
    return this.#member;
  }

  async #live(): Promise<void> {
    const { process, shared, variant, clock } = this.#env;
    const bucket = variedBucket(process, shared, variant);
    while (!process.dead) {
      try {
        const member = this.#member?.isLive() === true ? this.#member : await bucket.join('worker');
        const { epoch } = await member.renew();
        await member.acknowledge(epoch, []);
        this.#member = member;
      } catch (thrown) {
        if (!isFerryError(thrown)) throw thrown;
      }
      await process.call(() => clock.sleep(LEASE / 10));
    }
  }
}

function variedBucket(process: Process, shared: MemoryMovingBucket, variant: Variant | undefined) {
  const bucket = process.bucket(shared);
  if (variant?.keys === undefined) return bucket;
  const varied = variant.keys;
  return {
    ...bucket,
    join: async (name: string): Promise<Member> => {
      const member = await bucket.join(name);
      return { ...member, keys: varied(member.keys, shared) };
    },
  };
}

function notYet(thrown: unknown): undefined {
  if (isFerryError(thrown, 'unavailable') || isFerryError(thrown, 'changed')) return undefined;
  throw thrown;
}

function isSource(given: unknown): given is { readonly store: unknown } {
  return typeof given === 'object' && given !== null && 'store' in given && 'key' in given;
}
