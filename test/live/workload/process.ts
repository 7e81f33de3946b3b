import type { Standing } from '../../../src/state/key-ledger.ts';
import type { Member, MovingBucket } from '../../../src/state/moving-bucket.ts';
import type { SimClock } from './sim-clock.ts';
import type { Random } from './random.ts';

/** What can happen to a process: it is killed, or stopped for a while (SIGSTOP). */
export class Process {
  readonly clock: SimClock;
  readonly random: Random;
  #dead = false;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly death: Promise<void>;
  #die!: () => void;

  constructor(clock: SimClock, random: Random) {
    this.clock = clock;
    this.random = random;
    this.death = new Promise((resolve) => (this.#die = resolve));
  }

  get dead(): boolean {
    return this.#dead;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  kill(): void {
    this.#dead = true;
    this.#die();
  }

  stop(ms: number): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#running = this.clock.sleep(ms).then(() => void (this.#stopped = false));
  }

  /** Goes on when the process runs; never, where it is dead. */
  async runs(): Promise<void> {
    while (this.#stopped) await this.#running;
    if (this.#dead) await new Promise<never>(() => undefined);
  }

  /** A call to something outside the process: what it does is done whatever becomes of the process. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    await this.runs();
    try {
      return await work();
    } finally {
      await this.runs();
    }
  }

  /** The shared state as this process reaches it. */
  bucket(inner: MovingBucket): MovingBucket {
    return {
      notices: inner.notices,
      record: () => this.#shared(() => inner.record()),
      change: (epoch, to) => this.#shared(() => inner.change(epoch, to)),
      members: () => this.#shared(() => inner.members()),
      inFlightOnOld: () => this.#shared(() => inner.inFlightOnOld()),
      abandoned: (limit) => this.#shared(() => inner.abandoned(limit)),
      forgetAbandoned: (upload) => this.#shared(() => inner.forgetAbandoned(upload)),
      counts: () => this.#shared(() => inner.counts()),
      fact: (name) => this.#shared(() => inner.fact(name)),
      setFact: (name, value) => this.#shared(() => inner.setFact(name, value)),
      join: async (name) => this.#member(await this.#shared(() => inner.join(name))),
    };
  }

  #shared<T>(work: () => Promise<T>): Promise<T> {
    return this.call(async () => {
      await this.clock.sleep(this.random.delay(1, 20, 0.02));
      return await work();
    });
  }

  #member(inner: Member): Member {
    const lost = new AbortController();
    // A stopped process learns of it some time after it goes on.
    inner.lost.addEventListener('abort', () => {
      const tell = async (): Promise<void> => {
        const late = this.#stopped;
        await this.runs();
        if (late) await this.clock.sleep(this.random.next() * 20);
        lost.abort(inner.lost.reason);
      };
      void tell();
    });
    const keys = this.#remote(inner.keys);
    return {
      id: inner.id,
      keys,
      lost: lost.signal,
      isLive: () => inner.isLive(),
      renew: () => this.#shared(() => inner.renew()),
      conduct: () => this.#shared(() => inner.conduct()),
      acknowledge: (epoch, inFlight) => this.#shared(() => inner.acknowledge(epoch, inFlight)),
      ended: (mutation, inDoubt) => this.#shared(() => inner.ended(mutation, inDoubt)),
      [Symbol.asyncDispose]: () => this.#shared(async () => await inner[Symbol.asyncDispose]()),
    };
  }

  /** Every method is a call; what it gives that has to be given back is as far away. */
  #remote<T extends object>(inner: T): T {
    return new Proxy(inner, {
      get: (target, property): unknown => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        if (property === 'inDoubt') return () => (target as unknown as Standing).inDoubt();
        return async (...given: unknown[]): Promise<unknown> => {
          const result: unknown = await this.#shared(() => Promise.resolve(Reflect.apply(value, target, given)));
          return typeof result === 'object' && result !== null && Symbol.asyncDispose in result
            ? this.#remote(result)
            : result;
        };
      },
    });
  }
}
