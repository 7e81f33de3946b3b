import { randomUUID } from 'node:crypto';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { ROUTING, type MigrationPhase, type Routing } from '../../model/migration-phase.ts';
import type { KeyLedger } from '../../state/key-ledger.ts';
import type { Member, MovingBucket, OldMutation, SwitchRecord } from '../../state/moving-bucket.ts';
import { abortable } from '../../store/abort.ts';
import type { Clock } from '../../store/clock.ts';
import type { RecordedKeys } from './rules.ts';

export interface RouteOptions {
  readonly bucket: MovingBucket;
  /** Of this gateway, for people. */
  readonly name: string;
  readonly clock: Clock;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Milliseconds between looks at the record; each renews the lease, so a small part of one. */
  readonly interval: number;
  /** Longest a mutation is held, milliseconds; `throttled` after that. */
  readonly hold: number;
  /** Longest a mutation may go on on old after the switch, milliseconds; then it is cut. */
  readonly drain: number;
  /** Milliseconds old may still carry out what it gave no answer to. */
  readonly linger: number;
  /** What a phase means; other than it should be only in tests. */
  readonly routing?: Readonly<Record<MigrationPhase, Routing>> | undefined;
  /** A look at the record failed: the lease will run out if that lasts. Told once until one succeeds. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
}

/** Leave to read. */
export interface ReadPassage {
  readonly reads: Routing['reads'];
  readonly keys: KeyLedger;
  /** Whether the answer may be given: nobody has begun to read otherwise since, and nobody could without our knowing. */
  stillSure(): boolean;
}

/** Leave to change something; it counts as in flight until it is disposed of. */
export interface MutationPassage extends Disposable {
  readonly mutations: Exclude<Routing['mutations'], 'held'>;
  /** As in `Routing`. */
  readonly promotes: boolean;
  readonly phase: MigrationPhase;
  readonly keys: KeyLedger;
  /** Aborts when the mutation must not go on, or is not wanted any more. */
  readonly signal: AbortSignal;
  /** Whether success may be told: what was done counts. Else nobody knows. */
  stillSure(): boolean;
  /** The store gave no answer: it may still carry it out. */
  inDoubt(): void;
  /** It writes to the side that does not decide: no other phase is acknowledged before it has ended. */
  crosses(): void;
}

/**
 * One gateway's view of whom the requests of a bucket are for, under a lease. It holds mutations while the switch is
 * on, tells the others which are in flight on old, and serves nobody when its view may be out of date.
 *
 * A phase is acknowledged only when nothing goes on under rules that do not fit it: mutations on new end before a hold
 * on the way back is acknowledged, and those that may bring something from old before the end is; those on old are made
 * known instead, because they may take an hour.
 */
export class Route implements AsyncDisposable {
  readonly #o: RouteOptions;
  readonly #routing: Readonly<Record<MigrationPhase, Routing>>;
  readonly #mutations = new Set<Mutation>();
  readonly #held = new Set<() => void>();
  #view: View;
  #reading = 0;
  #running: Promise<void> = Promise.resolve();
  #callOff: () => void = () => undefined;
  #closed = false;
  /** The last look failed. */
  #blind = false;

  private constructor(options: RouteOptions, view: View) {
    this.#o = options;
    this.#routing = options.routing ?? ROUTING;
    this.#view = view;
    this.#heed(view.member);
    this.#arm();
  }

  /** Joins the move. */
  static async open(options: RouteOptions): Promise<Route> {
    const route = new Route(options, await join(options));
    await route.refresh();
    return route;
  }

  get phase(): MigrationPhase {
    return this.#view.record.phase;
  }

  /** Throws `throttled` where the gateway cannot be sure of its view. */
  reading(): ReadPassage {
    this.#requireSure();
    const version = this.#reading;
    const { member } = this.#view;
    return {
      reads: this.#rules.reads,
      keys: member.keys,
      stillSure: () => this.#reading === version && this.#isSure(),
    };
  }

  /**
   * Waits while mutations are held; rejects with `throttled` past the bound, and where the view is not sure. `signal`
   * aborts that of the passage, too.
   */
  async mutating(key: Key, operation: string, signal?: AbortSignal): Promise<MutationPassage> {
    if (this.#rules.mutations === 'held') await this.#released(signal);
    this.#requireSure();
    const { mutations, promotes = false } = this.#rules;
    if (mutations === 'held') throw busy('Changes to the bucket are held for a moment');
    const { member, record } = this.#view;
    const id = randomUUID();
    const mutation = new Mutation(member, { id, key, operation, started: this.#o.now() }, mutations, promotes);
    this.#mutations.add(mutation);
    const aborted = (): void => mutation.cut(signal!.reason);
    signal?.addEventListener('abort', aborted);
    if (signal?.aborted === true) aborted();
    let inDoubt = false;
    return {
      mutations,
      promotes,
      phase: record.phase,
      keys: member.keys,
      signal: mutation.signal,
      stillSure: () => this.#view.member === member && this.#isSure(),
      inDoubt: () => (inDoubt = true),
      crosses: () => (mutation.crosses = true),
      [Symbol.dispose]: () => {
        signal?.removeEventListener('abort', aborted);
        this.#leave(mutation, inDoubt);
      },
    };
  }

  /** The keys as the rules need them: who waits for somebody else's claim or intent waits as long as a held mutation. */
  patient({ keys }: { readonly keys: KeyLedger }): RecordedKeys {
    return {
      isTouched: (key) => keys.isTouched(key),
      intend: (key, signal) => this.#patiently(signal, (patience) => keys.intend(key, patience)),
      claim: (key, signal) => this.#patiently(signal, (patience) => keys.claim(key, patience)),
      beginCarrying: (upload) => keys.beginCarrying(upload),
      endCarrying: (upload) => keys.endCarrying(upload),
    };
  }

  /** Looks at the record now, does what it says and acknowledges it where that can be. Never rejects. */
  refresh(): Promise<void> {
    const looked = async (): Promise<void> => {
      try {
        await this.#refresh();
        this.#blind = false;
      } catch (error) {
        if (!this.#blind) this.#o.onTrouble?.(error);
        this.#blind = true;
      }
    };
    this.#running = this.#running.then(looked);
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#callOff();
    await this.#running;
    await this.#view.member[Symbol.asyncDispose]();
    for (const release of this.#held) release();
  }

  get #rules(): Routing {
    return this.#routing[this.#view.record.phase];
  }

  #isSure(): boolean {
    return this.#view.member.isLive();
  }

  #requireSure(): void {
    if (!this.#isSure()) throw busy('This gateway has lost sight of where the bucket is; it looks again');
  }

  #arm(): void {
    this.#callOff = this.#o.clock.after(this.#o.interval, () => {
      void this.refresh().finally(() => {
        if (!this.#closed) this.#arm();
      });
    });
  }

  async #refresh(): Promise<void> {
    if (this.#closed) return;
    const { member } = this.#view;
    if (member.isLive()) this.#follow({ member, record: await member.renew() });
    else this.#follow(await join(this.#o));
    // What could not be told at once.
    for (const mutation of this.#mutations) if (mutation.known && mutation.over) await this.#tell(mutation);
    await this.#acknowledge();
  }

  #follow(view: View): void {
    const before = this.#rules;
    const other = view.member !== this.#view.member;
    this.#view = view;
    if (other) this.#heed(view.member);
    const { reads, mutations } = this.#rules;
    if (other || reads !== before.reads) this.#reading++;
    if (before.mutations === 'old' && mutations !== 'old') this.#drain();
    if (mutations !== 'held') for (const release of this.#held) release();
  }

  /** Without its lease nothing goes on that was begun under it. */
  #heed({ lost }: Member): void {
    lost.addEventListener('abort', () => {
      for (const mutation of this.#mutations) if (mutation.member.lost === lost) mutation.cut(lost.reason);
    });
  }

  /** What is in flight on old gets this long to end. */
  #drain(): void {
    const cut = busy('The change took too long while the bucket was switched over');
    for (const mutation of this.#mutations) {
      const callOff = this.#o.clock.after(this.#o.drain, () => mutation.cut(cut));
      mutation.signal.addEventListener('abort', callOff);
      mutation.onceOver(callOff);
    }
  }

  async #acknowledge(): Promise<void> {
    const view = this.#view;
    const { member, record } = view;
    if (view.acknowledged === record.epoch) return;
    const rules = this.#rules;
    const mine = [...this.#mutations].filter((mutation) => mutation.member === member);
    if (mine.some((mutation) => !mutation.over && !fits(mutation, rules))) return;
    const unknown = rules.mutations === 'old' ? [] : mine.filter(({ kind, published }) => kind === 'old' && !published);
    const told = unknown.map(({ what }) => what);
    for (const mutation of unknown) mutation.published = true;
    try {
      await member.acknowledge(record.epoch, told);
    } catch (thrown) {
      for (const mutation of unknown) mutation.published = false;
      throw thrown;
    }
    view.acknowledged = record.epoch;
    for (const mutation of unknown) mutation.known = true;
    // What ended while it was made known.
    for (const mutation of unknown) if (mutation.over) await this.#tell(mutation);
  }

  #leave(mutation: Mutation, inDoubt: boolean): void {
    mutation.end(inDoubt);
    const { kind, published, known } = mutation;
    // In doubt and not made known: kept, to be made known at the switch.
    if (kind === 'old' && inDoubt && !published && mutation.member === this.#view.member)
      this.#o.clock.after(this.#o.linger, () => this.#mutations.delete(mutation));
    else if (!published) this.#mutations.delete(mutation);
    if (known) this.#tell(mutation).catch((error: unknown) => this.#o.onTrouble?.(error));
    if (this.#view.acknowledged !== this.#view.record.epoch) void this.refresh();
  }

  async #tell(mutation: Mutation): Promise<void> {
    await mutation.member.ended(mutation.what.id, mutation.doubtful);
    this.#mutations.delete(mutation);
  }

  async #patiently<T>(signal: AbortSignal | undefined, wait: (patience: AbortSignal) => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const callOff = this.#o.clock.after(this.#o.hold, () => patience.abort(busy('The object is being moved')));
    try {
      return await wait(signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]));
    } finally {
      callOff();
    }
  }

  /** Until mutations are held no longer, or for as long as they may be. */
  async #released(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.add(resolve);
    const callOff = this.#o.clock.after(this.#o.hold, resolve);
    try {
      await abortable(promise, signal);
    } finally {
      callOff();
      this.#held.delete(resolve);
    }
  }
}

interface View {
  readonly member: Member;
  readonly record: SwitchRecord;
  /** Epoch this member is known to have acknowledged. */
  acknowledged?: number;
}

async function join({ bucket, name }: RouteOptions): Promise<View> {
  const member = await bucket.join(name);
  return { member, record: await member.renew() };
}

class Mutation {
  readonly member: Member;
  readonly what: OldMutation;
  readonly kind: MutationPassage['mutations'];
  readonly promotes: boolean;
  readonly #cut = new AbortController();
  #whenOver: () => void = () => undefined;
  /** It is made known, or about to be. */
  published = false;
  /** It was made known. */
  known = false;
  crosses = false;
  doubtful = false;
  over = false;

  constructor(member: Member, what: OldMutation, kind: MutationPassage['mutations'], promotes: boolean) {
    this.promotes = promotes;
    this.member = member;
    this.what = what;
    this.kind = kind;
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  onceOver(work: () => void): void {
    if (this.over) work();
    else this.#whenOver = work;
  }

  cut(reason: unknown): void {
    this.#cut.abort(reason);
  }

  end(doubtful: boolean): void {
    this.doubtful = doubtful;
    this.over = true;
    this.#whenOver();
  }
}

/** Whether it may go on while others go by these rules. What goes on on old is made known instead. */
function fits({ kind, promotes, crosses }: Mutation, rules: Routing): boolean {
  if (crosses) return false;
  return kind !== 'recorded' || (rules.mutations === 'recorded' && (!promotes || rules.promotes === true));
}

function busy(message: string): FerryError {
  return new FerryError('throttled', { message });
}
