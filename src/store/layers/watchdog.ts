import { FerryError } from '../../model/errors.ts';
import { MiB } from '../../model/units.ts';
import { interrupted } from '../abort.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { ReadResult } from '../store.ts';
import type { Call, Operation } from './call.ts';
import type { Layer, Next } from './layer.ts';
import type { Observer } from './observed-body.ts';
import { observeBody, observeRead } from './observed-body.ts';

export interface WatchdogOptions {
  /** No progress for so long ends a call, milliseconds. */
  readonly timeout?: number | undefined;
  /** The same for what the store does alone and without a word: copies, fetches, completing an upload. */
  readonly serverTimeout?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Sweeps per timeout: a call is ended up to this part of it late, never early. */
const SWEEPS = 4;
/** A slot is given up after so many calls, which bounds what a driver that forgets its listeners can pile up on it. */
const REUSES = 256;
const SILENT: ReadonlySet<Operation> = new Set(['copy', 'copyPart', 'fetch', 'complete', 'flush']);

/**
 * Ends calls and bodies that make no progress: they reject with `timeout`, and the driver's signal is aborted. Only
 * time in which the store is to answer counts, not that in which a reader does not read or a source does not deliver.
 * A body in memory shows no progress, so a store has the timeout for each MiB of it.
 *
 * An abort from outside rejects at once too, whether the driver listens or not. One timer serves all calls, and abort
 * controllers are used again: their cost would be that of all other layers together.
 */
export class Watchdog implements Layer {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #serverSweeps: number;
  readonly #active: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #groups = new WeakMap<AbortSignal, object>();
  #stopTimer: (() => void) | undefined;
  /** Sweeps so far: the time as far as it matters here. */
  #now = 0;

  constructor(options: WatchdogOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#timeout = options.timeout ?? 60_000;
    const serverTimeout = options.serverTimeout ?? this.#timeout * 10;
    this.#serverSweeps = Math.ceil((serverTimeout / this.#timeout) * SWEEPS);
  }

  run<T>(call: Call<T>, next: Next): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = call;
      if (signal?.aborted) {
        reject(interrupted(signal));
        return;
      }
      const slot = this.#take(signal, this.#patience(call), reject);
      call.signal = slot.controller.signal;
      if (call.body !== undefined) call.body = observeBody(call.body, new Upstream(slot));
      const settled = (outcome: T): void => {
        if (slot.stopped) {
          call.wrapRead(outcome, cancelled);
          return;
        }
        call.signal = signal;
        if (call.operation === 'read') {
          slot.running = false;
          resolve(call.wrapRead(outcome, (result) => observeRead(result, slot)));
        } else {
          slot.ended();
          resolve(outcome);
        }
      };
      const failed = (error: unknown): void => {
        if (slot.stopped) return;
        call.signal = signal;
        slot.ended();
        reject(error);
      };
      next(call).then(settled, failed);
    });
  }

  close(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** Sweeps without progress that are too many. */
  #patience(call: Call<unknown>): number {
    if (SILENT.has(call.operation)) return this.#serverSweeps;
    const { body } = call;
    return body instanceof Uint8Array && body.byteLength > MiB ? SWEEPS * Math.ceil(body.byteLength / MiB) : SWEEPS;
  }

  #take(signal: AbortSignal | undefined, patience: number, reject: (error: unknown) => void): Slot {
    const slot = this.#free.pop() ?? new Slot((done) => this.#giveBack(done));
    slot.begin(this.#now, patience, signal, reject);
    slot.index = this.#active.length;
    this.#active.push(slot);
    if (signal && !this.#groups.has(signal)) this.#listen(signal);
    this.#stopTimer ??= this.#clock.every(this.#timeout / SWEEPS, () => this.#sweep());
    return slot;
  }

  #giveBack(slot: Slot): void {
    const last = this.#active.pop()!;
    if (last !== slot) {
      this.#active[slot.index] = last;
      last.index = slot.index;
    }
    if (!slot.stopped && slot.uses < REUSES) this.#free.push(slot);
  }

  /** One listener on the signals of callers, however many calls they are used for. */
  #listen(signal: AbortSignal): void {
    this.#groups.set(signal, signal);
    signal.addEventListener(
      'abort',
      () => {
        for (const slot of this.#active.slice()) if (slot.signal === signal) this.#stop(slot, interrupted(signal));
      },
      { once: true },
    );
  }

  #sweep(): void {
    this.#now++;
    if (this.#active.length === 0) {
      this.close();
      return;
    }
    for (const slot of this.#active.slice()) {
      const silent = slot.silent(this.#now);
      if (silent <= slot.patience) continue;
      const seconds = Math.round((slot.patience / SWEEPS) * (this.#timeout / 1000));
      this.#stop(slot, new FerryError('timeout', { message: `nothing moved for ${seconds} seconds` }));
    }
  }

  /** To stop one may end another before its turn comes. */
  #stop(slot: Slot, error: FerryError): void {
    if (this.#active[slot.index] === slot) slot.stop(error);
  }
}

/** One call or body under watch. As an observer of what is read, it watches while the reader waits. */
class Slot implements Observer {
  readonly controller = new AbortController();
  readonly #giveBack: (slot: Slot) => void;
  index = 0;
  uses = 0;
  signal: AbortSignal | undefined;
  patience = 0;
  /** The store's turn, so its time counts. */
  running = false;
  stopped = false;
  #since = 0;
  #now = 0;
  #reject: (error: unknown) => void = ignore;
  #error: unknown;

  constructor(giveBack: (slot: Slot) => void) {
    this.#giveBack = giveBack;
  }

  begin(now: number, patience: number, signal: AbortSignal | undefined, reject: (error: unknown) => void): void {
    this.#since = now;
    this.#now = now;
    this.patience = patience;
    this.signal = signal;
    this.#reject = reject;
    this.running = true;
    this.uses++;
  }

  /** Sweeps since there was progress. */
  silent(now: number): number {
    this.#now = now;
    if (!this.running) this.#since = now;
    return now - this.#since;
  }

  progress(): void {
    this.#since = this.#now;
  }

  stop(error: FerryError): void {
    this.stopped = true;
    this.#error = error;
    this.#giveBack(this);
    this.controller.abort(error);
    this.#reject(error);
  }

  guard<T>(coming: Promise<T>): Promise<T> {
    this.running = true;
    this.progress();
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      coming.then(resolve, reject);
      if (this.stopped) reject(this.#error);
    });
  }

  passed(): undefined {
    this.running = false;
  }

  ended(): void {
    if (this.stopped) return;
    this.running = false;
    this.#reject = ignore;
    this.signal = undefined;
    this.#giveBack(this);
  }
}

/** Watches what is written: while the source is waited for, the store is not. */
class Upstream implements Observer {
  readonly #slot: Slot;
  readonly #use: number;

  constructor(slot: Slot) {
    this.#slot = slot;
    this.#use = slot.uses;
  }

  waiting(): void {
    this.#storesTurn(false);
  }

  passed(): undefined {
    this.#storesTurn(true);
  }

  ended(): void {
    this.#storesTurn(true);
  }

  #storesTurn(running: boolean): void {
    // A stream the driver left behind may end when its slot watches another call.
    if (this.#slot.uses !== this.#use) return;
    this.#slot.running = running;
    this.#slot.progress();
  }
}

function cancelled(result: ReadResult): ReadResult {
  result.body.cancel();
  return result;
}

function ignore(): void {
  // Nobody waits any more.
}
