/** What the parts of one run share: slots, pace, measure, and the way out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { concernsOneObject, FerryError, toFerryError } from '../model/errors.ts';
import { Hashing } from './move/hashing.ts';
import { LiveLimits } from './pace/live-limits.ts';
import { Gate, inTurn, type Entrance } from './pace/gate.ts';
import { Pacer } from './pace/pacer.ts';
import { Rate } from './pace/rate.ts';
import { isStream, streamsAt } from './pace/streams.ts';
import { bandwidthAt } from './pace/timetable.ts';
import { Meter } from './meter.ts';
import type { EngineContext } from './engine.ts';
import type { Progress, ThrottleReason } from './progress.ts';
import type { Counters } from '../state/state-store.ts';
import type { Store } from '../store/store.ts';

/** How many objects in parts are under way at once; each takes slots for its parts. */
const LARGE_AT_ONCE = 8;
const PROGRESS_MS = 250;
/** Shorter waits for another try come and go unseen. */
const NOTABLE_WAIT_MS = 1000;
/** So many objects in a row that fail because a store is gone: it is gone for all. */
const GONE_AFTER = 64;
/** So many fail for a reason that is not their own before a single one succeeds: something is wrong with all. */
const FAILED_AFTER = 1000;

export interface SessionView {
  readonly phase: Progress['phase'];
  readonly counters: Counters;
  readonly listingDone: boolean;
  readonly ranges: Progress['ranges'];
}

/** Why a run whose signal aborted ended: a reason of ours (a lost lease), or somebody's request. */
export function stopped(signal: AbortSignal): FerryError {
  const reason: unknown = signal.reason;
  return reason instanceof FerryError ? reason : new FerryError('interrupted', { cause: reason });
}

export class Session implements Disposable {
  readonly context: EngineContext;
  readonly gate: Gate;
  readonly large: Gate;
  /** For bodies that take long at the bandwidth there is. */
  readonly streams: Gate;
  /** A slot for such a body. */
  readonly streaming: Entrance;
  readonly meter = new Meter();
  readonly hashing = new Hashing();
  /** Aborts on the user's request and on the first failure that stops the run. */
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #forward: () => void;
  readonly #pacer: Pacer;
  readonly #view: () => SessionView;
  readonly #limits: LiveLimits;
  readonly #rate: Rate;
  readonly #timers: NodeJS.Timeout[] = [];
  #unfollow: (() => void) | undefined;
  #bandwidth: number | undefined;
  /** As last seen, and who asked last. */
  readonly #slowDowns = new Map<Store, number>();
  #slowing: Store | undefined;
  #goneInARow = 0;
  /** Failures before the first success; undefined after that, in this process or in those before. */
  #failedAtFirst: number | undefined = 0;
  #failure: FerryError | undefined;

  constructor(context: EngineContext, view: () => SessionView) {
    this.context = context;
    this.#view = view;
    this.#limits = context.limits ?? new LiveLimits(context.spec.limits);
    const limits = this.#limits.current;
    // Not `AbortSignal.any`: what listens on a composed signal comes and goes at ten times the cost.
    this.signal = this.#stop.signal;
    this.#forward = () => this.#stop.abort(context.signal.reason);
    context.signal.addEventListener('abort', this.#forward, { once: true });
    if (context.signal.aborted) this.#forward();
    this.gate = new Gate(limits.concurrency ?? 1, this.signal);
    this.large = new Gate(LARGE_AT_ONCE, this.signal);
    this.streams = new Gate(Number.POSITIVE_INFINITY, this.signal);
    this.streaming = inTurn(this.streams, this.gate);
    const { source, destination } = context;
    this.#pacer = new Pacer(this.gate, limits.concurrency, {
      moved: () => this.meter,
      slowDowns: () => source.stats.slowDowns + destination.stats.slowDowns,
    });
    this.#rate = new Rate(limits.objectsPerSecond);
    this.#limits.share?.bind(context);
  }

  start(): void {
    this.#pacer.start();
    this.#followTimetable();
    this.#unfollow = this.#limits.follow(() => {
      const { concurrency, objectsPerSecond } = this.#limits.current;
      this.#pacer.fix(concurrency);
      this.#rate.setLimit(objectsPerSecond);
      this.#followTimetable();
    });
    this.#timers.push(setInterval(() => this.#followTimetable(), 5_000));
    this.#timers.push(setInterval(() => this.tell(), PROGRESS_MS));
  }

  #followTimetable(): void {
    const bandwidth = bandwidthAt(this.#limits.current.bandwidth, new Date(this.context.now()));
    this.context.source.limits.readBandwidth.perSecond = bandwidth;
    // What others leave it comes on top, without more bodies at once.
    const shared = this.#limits.share?.bandwidth.fairPerSecond;
    this.#bandwidth = bandwidth === undefined || (shared ?? bandwidth) < bandwidth ? shared : bandwidth;
    const streams = streamsAt(this.#bandwidth);
    this.streams.setLimit(streams);
    this.large.setLimit(Math.min(LARGE_AT_ONCE, streams));
  }

  /** The turn of one object to begin; undefined where it is now. */
  turn(): Promise<void> | undefined {
    const wait = this.#rate.take();
    const shared = this.#limits.share?.objects;
    if (wait === 0) return shared?.take(1, this.signal);
    return sleep(wait, undefined, { signal: this.signal }).then(() => shared?.take(1, this.signal));
  }

  /** The slots for an object that is moved or read as a whole. */
  slotsFor(size: number | undefined): Entrance {
    return isStream(size ?? 0, this.#bandwidth) ? this.streaming : this.gate;
  }

  tell(): void {
    const view = this.#view();
    const progress = this.meter.snapshot({
      ...view,
      task: this.context.task,
      inFlight: this.gate.running,
      concurrency: this.gate.limit,
      throttledBy: this.#throttledBy(view),
    });
    this.context.emit({ type: 'progress', progress });
  }

  /** Why the run stopped by itself; undefined where it did not. */
  get failure(): FerryError | undefined {
    return this.#failure;
  }

  /** Stops everything; the first reason is kept. */
  fail(error: unknown): void {
    if (this.context.signal.aborted) return;
    this.#failure ??= toFerryError(error);
    this.#stop.abort(this.#failure);
  }

  /** An object was found to be equal by what listings tell: not all is wrong, but no store was asked for it. */
  passed(): void {
    this.meter.objects++;
    this.#failedAtFirst = undefined;
  }

  /** An object ended; learns whether a store is gone altogether. */
  ended(error: FerryError | undefined): void {
    this.meter.objects++;
    if (error === undefined) {
      this.#goneInARow = 0;
      this.#failedAtFirst = undefined;
      return;
    }
    if (concernsOneObject(error)) return;
    if (error.kind === 'network' || error.kind === 'busy') this.#goneInARow++;
    if (this.#goneInARow >= GONE_AFTER || this.#allFail()) this.fail(error);
  }

  #allFail(): boolean {
    if (this.#failedAtFirst === undefined || ++this.#failedAtFirst < FAILED_AFTER) return false;
    const { copied, skipped, deleted } = this.#view().counters;
    if (copied + skipped + deleted === 0) return true;
    this.#failedAtFirst = undefined;
    return false;
  }

  throwIfStopped(): void {
    if (this.#failure) throw this.#failure;
    if (this.context.signal.aborted) throw stopped(this.context.signal);
  }

  [Symbol.dispose](): void {
    this.#pacer.stop();
    this.#unfollow?.();
    this.hashing[Symbol.dispose]();
    this.context.signal.removeEventListener('abort', this.#forward);
    for (const timer of this.#timers) clearInterval(timer);
  }

  #throttledBy(view: SessionView): ThrottleReason[] {
    const { source, destination } = this.context;
    const { objectsPerSecond } = this.#limits.current;
    const reasons: ThrottleReason[] = [];
    const { readBandwidth, shared } = source.limits;
    if (readBandwidth.perSecond !== undefined && readBandwidth.waiting > 0) {
      reasons.push({ what: 'bandwidth', bytesPerSecond: readBandwidth.perSecond });
    }
    if (shared.reads?.perSecond !== undefined && shared.reads.waiting > 0) {
      reasons.push({ what: 'bandwidth', bytesPerSecond: shared.reads.perSecond, shared: true });
    }
    if (shared.requests?.perSecond !== undefined && shared.requests.waiting > 0) {
      reasons.push({ what: 'requests-per-second', limit: shared.requests.perSecond, shared: true });
    }
    for (const store of [source, destination]) {
      if (store.stats.slowDowns > (this.#slowDowns.get(store) ?? 0)) this.#slowing = store;
      this.#slowDowns.set(store, store.stats.slowDowns);
    }
    if (this.#pacer.slowed && this.#slowing) reasons.push({ what: 'slow-down', store: this.#slowing.info.name });
    for (const store of [source, destination]) {
      const waits = [...store.stats.waits].filter(({ delay }) => delay >= NOTABLE_WAIT_MS);
      const [first] = waits.sort((a, b) => a.left() - b.left());
      if (!first) continue;
      const { error, left } = first;
      const { name } = store.info;
      reasons.push({ what: 'retrying', store: name, waiting: waits.length, cause: error.message, next: left() });
    }
    if (objectsPerSecond !== undefined) reasons.push({ what: 'objects-per-second', limit: objectsPerSecond });
    const objects = this.#limits.share?.objects;
    if (objects?.perSecond !== undefined && objects.waiting > 0) {
      reasons.push({ what: 'objects-per-second', limit: objects.perSecond, shared: true });
    }
    const idle = this.gate.running < this.gate.limit / 2;
    if (!view.listingDone && idle && reasons.length === 0) reasons.push({ what: 'listing' });
    return reasons;
  }
}
