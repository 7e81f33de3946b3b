/**
 * Takes a bucket from phase to phase: waits until everybody has acknowledged a switch and nothing is in flight on old,
 * copies, compares, writes back, and puts things back where a step cannot be finished. What an operator has to decide
 * stays undecided (`desk.ts`).
 *
 * Every gateway has one, and one of them conducts (`Member.conduct`); another goes on where it stopped when it dies or
 * stands still.
 */
import { discard } from '../../engine/leftovers.ts';
import { FerryError, isFerryError, toFerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { isWithin, type Hours } from '../../model/gateway.ts';
import type { MigrationPhase } from '../../model/migration-phase.ts';
import type { KeyLedger } from '../../state/key-ledger.ts';
import type { Notice } from '../../state/notice-book.ts';
import type { Member, MovingBucket, SwitchRecord } from '../../state/moving-bucket.ts';
import { sleep, type Clock } from '../../store/clock.ts';
import type { ComposedStore } from '../../store/compose.ts';
import { Brake } from './brake.ts';
import type { BulkCopy } from './bulk-copy.ts';
import { copyBucket } from './bulk-copy.ts';
import type { Carrier } from './carrier.ts';
import { accounted } from './certainty.ts';
import { compareSides } from './comparison.ts';
import type { Desk } from './desk.ts';
import { readFact, writeFact, type FactName } from './facts.ts';
import type { Timing } from './timing.ts';
import { judgeNotices } from './watch.ts';
import { writeBackAll } from './write-back.ts';

export interface ConductorOptions
  extends Omit<BulkCopy, 'keys' | 'sure' | 'brake'>, Pick<Timing, 'interval' | 'pause'> {
  readonly bucket: MovingBucket;
  readonly carrier: Carrier;
  readonly old: ComposedStore;
  readonly new: ComposedStore;
  readonly writeBack: boolean;
  /** Whether it is listened to what old tells of changes. */
  readonly listens: boolean;
  /** Goes on by itself from the copy to the comparison. */
  readonly automatic: boolean;
  /** It is switched by itself in these hours. */
  readonly switchBetween: Hours | undefined;
  readonly desk: Desk;
  readonly clock: Clock;
  /** Longest mutations are held, milliseconds: then the bucket goes back to where it was. */
  readonly hold: number;
  readonly tell: (news: News) => void;
}

/** What an operator may want to know as it happens. */
export interface News {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Behind the name of a member that serves nobody. */
export const CONDUCTING = ', conducting';

/** What is under way may take so long to end when a phase is over, and when nobody waits for it, milliseconds. */
const REST = 3_000;
const REST_UNASKED = 60_000;
/** What old tells is judged so often, milliseconds. */
const WATCHED_EVERY = 1_000;
/** What the dead left is looked for so often, milliseconds, and so much of it. */
const SWEPT_EVERY = 5_000;
const SWEPT_AT_ONCE = 100;
/** Keys to be moved before others, at most, and how many of them at once. */
const WANTED = 1000;
const PROMOTED_AT_ONCE = 16;

export class Conductor implements AsyncDisposable {
  readonly #o: ConductorOptions;
  readonly #closed = new AbortController();
  readonly #wanted = new Set<Key>();
  #member: Member;
  #acknowledged: number | undefined;
  /** When it may be looked again whether the bucket can be switched. */
  #switchAfter = -Infinity;
  #running: Promise<void>;
  /** Keys that are moved before others. */
  #promoting: Promise<unknown> | undefined;
  /** Uploads of the dead are aborted. */
  #sweeping: Promise<unknown> | undefined;
  #sweepAfter = -Infinity;
  /** Work that belongs to a phase, and is stopped when that is over. */
  #work:
    | { readonly epoch: number; readonly brake: Brake; readonly stop: AbortController; readonly done: Promise<unknown> }
    | undefined;

  private constructor(options: ConductorOptions, member: Member) {
    this.#o = options;
    this.#member = member;
    this.#running = this.#run();
  }

  static async start(options: ConductorOptions): Promise<Conductor> {
    return new Conductor(options, await options.bucket.join(options.holder + CONDUCTING));
  }

  /** A client wants this key; it is moved before others. More than so many are forgotten: they are moved in turn. */
  want(key: Key): void {
    if (this.#wanted.size < WANTED) this.#wanted.add(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#running;
    await this.#stopWork();
    await this.#promoting;
    await this.#sweeping;
    await this.#member[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    let told: string | undefined;
    while (!signal.aborted) {
      try {
        await this.#step();
        told = undefined;
      } catch (thrown) {
        if (signal.aborted) return;
        const { message } = toFerryError(thrown);
        // Somebody else changed the phase, or it is too early: the next look tells.
        const passes = isFerryError(thrown, 'changed') || isFerryError(thrown, 'unavailable');
        if (!passes && message !== told) this.#tell('warn', `${this.#o.task}: ${message}`);
        if (!passes) told = message;
      }
      await sleep(this.#o.clock, this.#o.interval, signal).catch(() => undefined);
    }
  }

  async #step(): Promise<void> {
    const record = await this.#look();
    if (record === undefined) return;
    if (this.#work !== undefined && this.#work.epoch !== record.epoch) await this.#stopWork();
    this.#promoteWanted(record);
    if (!(await this.#member.conduct())) return await this.#stopWork();
    this.#sweepAbandoned();
    switch (record.phase) {
      case 'switching':
        return await this.#release(record, 'pending', 'tracking');
      case 'pending':
        return await this.#drain(record);
      case 'migrating':
        return await this.#keepAt(record, [
          (signal) => this.#copy(record, signal),
          (signal) => this.#writeBack(false, signal),
          (signal) => this.#watch(signal),
        ]);
      case 'verifying':
        return await this.#keepAt(record, [
          (signal) => this.#compare(record, signal),
          (signal) => this.#writeBack(false, signal),
          (signal) => this.#watch(signal),
        ]);
      case 'migrated':
        return await this.#keepAt(record, [
          (signal) => this.#writeBack(false, signal),
          (signal) => this.#watch(signal),
        ]);
      case 'rolling-back':
        await this.#keepAt(record, [(signal) => this.#writeBack(true, signal)]);
        return await this.#release(record, 'returning', 'migrating');
      case 'returning':
        return await this.#release(record, 'rolled-back', 'rolling-back');
      case 'finalised':
      case 'rolled-back':
        return await this.#clear();
      case 'tracking':
        await this.#clear();
        return await this.#switchInTime();
      case 'created':
    }
  }

  /** The record as it is, acknowledged; undefined while something goes on that was begun under another phase. */
  async #look(): Promise<SwitchRecord | undefined> {
    if (!this.#member.isLive()) {
      await this.#stopWork();
      this.#member = await this.#o.bucket.join(this.#o.holder + CONDUCTING);
      this.#acknowledged = undefined;
    }
    const record = await this.#member.renew();
    if (this.#acknowledged === record.epoch) return record;
    // What was begun under another phase is over before this one is acknowledged.
    await this.#stopWork();
    if (this.#promoting !== undefined) return undefined;
    await this.#member.acknowledge(record.epoch, []);
    this.#acknowledged = record.epoch;
    return record;
  }

  /** On as soon as everybody has acknowledged; back where that takes longer than mutations may be held. */
  async #release({ epoch, since, phase }: SwitchRecord, to: MigrationPhase, back: MigrationPhase): Promise<void> {
    const { bucket, now, hold } = this.#o;
    try {
      await bucket.change(epoch, to);
      await this.#forget('problem');
      this.#tell('info', `${phase} is over: ${to}`);
    } catch (thrown) {
      if (!isFerryError(thrown, 'unavailable') || now() - since < hold) throw thrown;
      await bucket.change(epoch, back);
      await this.#problem(`${phase} was given up after ${Math.round((now() - since) / 1000)} s: ${thrown.message}`);
    }
  }

  /** In the hours given, as soon as everything holds that an operator would have to look for. */
  async #switchInTime(): Promise<void> {
    const { switchBetween, now, desk, clock } = this.#o;
    if (switchBetween === undefined || !isWithin(switchBetween, new Date(now()))) return;
    if ((await readFact(this.#o.bucket, 'paused')) === true || clock.now() < this.#switchAfter) return;
    if (!(await desk.isSettled())) return;
    this.#switchAfter = clock.now() + this.#o.pause;
    const checks = await desk.readiness('switch');
    if (checks.some(({ ok }) => !ok)) return;
    await desk.take('switch');
    this.#tell('info', 'switched, as the hour has come');
  }

  async #drain({ epoch }: SwitchRecord): Promise<void> {
    const { bucket, now } = this.#o;
    const { known, unaccounted } = await bucket.inFlightOnOld();
    if (known.length + unaccounted > 0) return;
    await this.#forgetCopy();
    await writeFact(bucket, 'switched', now());
    await bucket.change(epoch, 'migrating');
    this.#tell('info', 'nothing is in flight on the old side any more: the copy begins');
  }

  /** Of an earlier round: where it stopped says nothing of this one. Uploads it did not end are aborted. */
  async #forgetCopy(): Promise<void> {
    const { state, task, holder, now } = this.#o;
    await this.#forget('copied');
    if ((await state.getTask(task)) === undefined) return;
    await using lease = await state.lease(task, holder);
    const journal = await state.journal(lease);
    const left = { journal, destination: this.#o.new, signal: this.#closed.signal, now };
    for (const { key } of await journal.uploads()) await discard(left, key);
    await state.deleteTask(lease);
  }

  async #copy({ epoch }: SwitchRecord, signal: AbortSignal): Promise<void> {
    const { bucket, now, automatic } = this.#o;
    if ((await readFact(bucket, 'copied')) === undefined) {
      const summary = await copyBucket({ ...this.#o, ...this.#mine(), brake: this.#work!.brake }, signal);
      if (signal.aborted) return;
      if (summary.outcome !== 'finished')
        throw summary.error ?? new FerryError('unavailable', { message: `${summary.counters.failed} objects failed` });
      const { listed, listedBytes, copied, copiedBytes, skipped } = summary.counters;
      await writeFact(bucket, 'copied', { at: now(), listed, listedBytes, copied, copiedBytes, skipped });
      await this.#forget('problem');
      this.#tell('info', 'everything is copied', { copied, copiedBytes, skipped });
    }
    if (automatic) await bucket.change(epoch, 'verifying');
  }

  async #compare({ epoch }: SwitchRecord, signal: AbortSignal): Promise<void> {
    const { bucket, old, carrier, now } = this.#o;
    const switched = (await readFact(bucket, 'switched')) ?? 0;
    const sides = { old, new: this.#o.new, ...this.#mine(), carrier, switched };
    const { findings, ...numbers } = await compareSides(sides, signal);
    if (signal.aborted) return;
    await writeFact(bucket, 'verified', { at: now(), ...numbers, findings });
    for (const { key, kind, repaired } of findings.slice(0, 20))
      this.#tell('warn', `${kind}${repaired ? ', repaired' : ''}`, { key });
    if (numbers.open === 0) {
      await bucket.change(epoch, 'migrated');
      this.#tell('info', 'both sides are equal: only the new side is read from now on', numbers);
    } else {
      await bucket.change(epoch, 'migrating');
      await this.#problem(
        `${numbers.open} differences were found that nobody may repair unasked; \`status\` shows them`,
      );
    }
  }

  /** Again and again, as long as the phase lasts. */
  async #writeBack(last: boolean, signal: AbortSignal): Promise<void> {
    const { writeBack, old, carrier, clock, interval } = this.#o;
    if (!writeBack) return;
    while (!signal.aborted) {
      const failures = await writeBackAll({ old, ...this.#mine(), carrier }, last, signal);
      if (signal.aborted) return;
      if (failures.length > 0) throw failures[0]!;
      await sleep(clock, interval, signal).catch(() => undefined);
    }
  }

  /** Judges what old tells of changes, where it is listened to. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { listens, bucket, old, writeBack, clock } = this.#o;
    if (!listens) return;
    const switched = (await readFact(bucket, 'switched')) ?? 0;
    const { notices } = bucket;
    while (!signal.aborted) {
      const found = ({ key, event }: Notice): void =>
        this.#tell('warn', `written past the gateway: the old side tells of ${event}`, { key });
      await judgeNotices({ notices, old, new: this.#o.new, ...this.#mine(), writeBack, switched }, found, signal);
      await sleep(clock, WATCHED_EVERY, signal).catch(() => undefined);
    }
  }

  /** Beside everything else: the lease is renewed while a large object is moved. */
  #promoteWanted({ phase }: SwitchRecord): void {
    if (phase !== 'migrating') return this.#wanted.clear();
    if (this.#promoting !== undefined || this.#wanted.size === 0) return;
    const keys = [...this.#wanted].slice(0, PROMOTED_AT_ONCE);
    for (const key of keys) this.#wanted.delete(key);
    const { signal } = this.#closed;
    const promote = async (key: Key): Promise<void> => {
      const { keys: mine, sure } = this.#mine();
      await using claim = await mine.tryClaim(key);
      if (claim !== undefined && !claim.touched)
        await accounted(
          this.#o.carrier.carry(key, 'new', 'create', { sure, inDoubt: () => claim.inDoubt(), uploads: mine, signal }),
          claim,
        );
    };
    // One that fails is copied in turn.
    this.#promoting = Promise.all(keys.map((key) => promote(key).catch(() => undefined))).finally(() => {
      this.#promoting = undefined;
    });
  }

  /** Aborts the uploads in parts that members left behind who died while they carried an object. Beside everything else. */
  #sweepAbandoned(): void {
    const { bucket, clock } = this.#o;
    if (this.#sweeping !== undefined || clock.now() < this.#sweepAfter) return;
    this.#sweepAfter = clock.now() + SWEPT_EVERY;
    const { signal } = this.#closed;
    const sweep = async (): Promise<void> => {
      for (const upload of await bucket.abandoned(SWEPT_AT_ONCE)) {
        await this.#o[upload.side].multipart?.abort(upload, signal);
        await bucket.forgetAbandoned(upload);
      }
    };
    // One that cannot be aborted now is tried again.
    this.#sweeping = sweep()
      .catch((thrown: unknown) => {
        if (!signal.aborted) this.#tell('warn', `an upload left unfinished: ${toFerryError(thrown).message}`);
      })
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  /** Has these go on as long as the phase lasts, unless the operator asked for a rest. */
  async #keepAt({ epoch }: SwitchRecord, works: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void> {
    if ((await readFact(this.#o.bucket, 'paused')) === true) return await this.#stopWork(REST_UNASKED);
    if (this.#work !== undefined) return;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#member.lost]);
    const { promise: done, resolve } = Promise.withResolvers<unknown>();
    this.#work = { epoch, brake: new Brake(), stop, done };
    void Promise.all(works.map((work) => this.#untilDone(work, signal))).then(resolve);
  }

  /** Again after a pause where it fails. */
  async #untilDone(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        return await work(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        const error = toFerryError(thrown);
        await this.#problem(`${error.message}; it is tried again`).catch(() => undefined);
        await sleep(this.#o.clock, this.#o.pause, signal).catch(() => undefined);
      }
    }
  }

  /** Objects under way are given some time, so that nothing is left in doubt. */
  async #stopWork(patience = REST): Promise<void> {
    const work = this.#work;
    if (work === undefined) return;
    await this.#rest(work.brake, patience);
    work.stop.abort(new FerryError('interrupted'));
    await work.done;
    this.#work = undefined;
  }

  /** Waits until nothing is under way, or for so long; the lease is kept meanwhile. */
  async #rest(brake: Brake, patience: number): Promise<void> {
    const { clock, interval } = this.#o;
    const atRest = brake.halt().then(() => true);
    const looked = (): Promise<boolean> => sleep(clock, interval, undefined).then(() => false);
    for (const end = clock.now() + patience; clock.now() < end && this.#member.isLive();) {
      if (await Promise.race([atRest, looked()])) return;
      await this.#member.renew();
    }
  }

  /** Records of keys are of no use any more. */
  async #clear(): Promise<void> {
    const { touched, dirty } = await this.#member.keys.counts();
    if (touched + dirty > 0) await this.#member.keys.clear();
    for (const fact of ['copied', 'switched'] as const) await this.#forget(fact);
  }

  async #problem(message: string): Promise<void> {
    await writeFact(this.#o.bucket, 'problem', { at: this.#o.now(), message });
    this.#tell('warn', message);
  }

  async #forget(fact: FactName): Promise<void> {
    if ((await readFact(this.#o.bucket, fact)) !== undefined) await writeFact(this.#o.bucket, fact, undefined);
  }

  /** The keys as the member there is now has them, and whether it has its lease. */
  #mine(): { readonly keys: KeyLedger; readonly sure: () => boolean } {
    const member = this.#member;
    return { keys: member.keys, sure: () => member.isLive() };
  }

  #tell(level: News['level'], message: string, detail?: Readonly<Record<string, unknown>>): void {
    this.#o.tell({ level, message, ...(detail === undefined ? {} : { detail }) });
  }
}
