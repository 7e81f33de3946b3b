/**
 * One pass over the source: what is met is judged, what differs is moved, what is certain is written down.
 *
 * Small objects hold a slot each; objects in parts get a range of their own in the journal, so that they hold back
 * nobody's progress, and slots for their parts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toFerryError, type FerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { JournaledContext } from './engine.ts';
import type { Checkpointer } from './checkpointer.ts';
import { judge, type Comparison, type Verdict } from './compare.ts';
import type { EvidenceSink } from './evidence.ts';
import { failureRecord, stopsTheRun } from './failures.ts';
import { compileFilter } from './filter.ts';
import type { LiveRange, OpenKey } from './list/live-range.ts';
import type { Tally } from './list/tally.ts';
import { walk, type Meeting } from './list/walk.ts';
import type { Losses } from './losses.ts';
import type { Mover } from './move/mover.ts';
import { contentEqual } from './content.ts';
import type { Session } from './session.ts';

export const MAX_LISTERS = 64;

export class Moving {
  readonly #c: JournaledContext;
  readonly #session: Session;
  readonly #checkpointer: Checkpointer;
  readonly #mover: Mover;
  readonly #comparison: Comparison;
  readonly #passes: ((entry: ObjectEntry) => boolean) | undefined;
  readonly #evidence: EvidenceSink | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  readonly losses: Losses;
  listingDone = false;
  /** Objects only the destination has. */
  extra = 0;

  constructor(
    context: JournaledContext,
    session: Session,
    checkpointer: Checkpointer,
    mover: Mover,
    losses: Losses,
    evidence: EvidenceSink | undefined,
  ) {
    this.#c = context;
    this.#session = session;
    this.#checkpointer = checkpointer;
    this.#mover = mover;
    this.losses = losses;
    this.#evidence = evidence;
    this.#comparison = {
      method: context.spec.compare,
      source: context.source.capabilities,
      destination: context.destination.capabilities,
      baseline: context.journal.task.baseline,
    };
    this.#passes = compileFilter(context.spec.filters);
  }

  /** Resolves when every key was met and every object in flight has ended. */
  async run(ranges: readonly LiveRange[]): Promise<void> {
    const { source, destination, spec } = this.#c;
    const blind = spec.compare === 'always' && !spec.createOnly && !spec.deleteExtraneous;
    for (const range of ranges) this.#checkpointer.add(range);
    try {
      await walk({
        source,
        destination: blind || !destination.capabilities.list ? undefined : destination,
        destinationOnly: spec.deleteExtraneous,
        prefix: spec.filters.prefix,
        ranges,
        maxListers: MAX_LISTERS,
        signal: this.#session.signal,
        onRange: (range) => this.#checkpointer.add(range),
        onPage: (side, entries) => {
          if (side === 'source') this.#session.meter.listed += entries.length;
          else this.#checkpointer.settled.destinationListed += entries.length;
        },
        meet: (range, here, there) => (here ? this.#meet(range, here, there) : this.#meetExtra(there!)),
      });
      this.listingDone = true;
    } catch (error) {
      this.#session.fail(error);
    }
    await Promise.all(this.#inFlight);
  }

  #meetExtra(there: ObjectEntry): undefined {
    if (!there.directory && (this.#passes?.(there) ?? true)) this.extra++;
  }

  #meet(range: LiveRange, here: ObjectEntry, there: ObjectEntry | undefined): Meeting {
    // A directory with something in it is there by what is in it.
    if (here.directory && !here.directory.empty) return undefined;
    if (here.irregular !== undefined) this.losses.add('irregular', here.key, here.irregular);
    const wanted = here.irregular === undefined && (this.#passes?.(here) ?? true);
    const verdict =
      !wanted || !there ? 'different' : this.#c.spec.createOnly ? 'equal' : judge(this.#comparison, here, there);
    if (wanted && verdict !== 'equal') return this.#begin(range, here, there, verdict);
    const { tally } = range;
    count(tally, here, wanted && there !== undefined);
    if (wanted) {
      tally.skipped++;
      tally.skippedBytes += here.size ?? 0;
      this.#session.meter.objects++;
    } else tally.filtered++;
    return undefined;
  }

  /** Takes a slot and starts the object; waits where there is none. */
  #begin(range: LiveRange, here: ObjectEntry, there: ObjectEntry | undefined, verdict: Verdict): Meeting {
    const open = range.open(here.key);
    count(open.tally, here, there !== undefined);
    const large = this.#mover.isLarge(here);
    let next: LiveRange | undefined;
    if (large) {
      range.met(here.key);
      next = range.detach();
      if (next) this.#checkpointer.add(next);
    }
    const gate = large ? this.#session.large : this.#session.gate;
    const wait = this.#session.rate?.take() ?? 0;
    if (wait === 0 && gate.tryEnter()) {
      this.#launch(open, here, there, verdict, large);
      return next;
    }
    return (async () => {
      if (wait > 0) await sleep(wait, undefined, { signal: this.#session.signal });
      await gate.enter();
      this.#launch(open, here, there, verdict, large);
      return next;
    })();
  }

  #launch(open: OpenKey, here: ObjectEntry, there: ObjectEntry | undefined, verdict: Verdict, large: boolean): void {
    const work = this.#work(open, here, there, verdict, large).finally(() => {
      (large ? this.#session.large : this.#session.gate).leave();
      this.#inFlight.delete(work);
    });
    this.#inFlight.add(work);
  }

  async #work(
    open: OpenKey,
    here: ObjectEntry,
    there: ObjectEntry | undefined,
    verdict: Verdict,
    large: boolean,
  ): Promise<void> {
    const { tally } = open;
    const { meter } = this.#session;
    try {
      if (verdict === 'unknown' && (await contentEqual(this.#c, here.key, this.#session.signal))) {
        tally.skipped++;
        tally.skippedBytes += here.size ?? 0;
      } else {
        const watch = large ? meter.watch(here.key, here.size!) : undefined;
        const moved = await this.#mover.move(here, there === undefined, watch);
        if (moved) {
          tally.copied++;
          tally.copiedBytes += moved.bytes;
          for (const kind of moved.losses) this.losses.add(kind, here.key);
          if (here.size === undefined) tally.listedBytes += moved.bytes;
          const { method, bytes, etag } = moved;
          await this.#evidence?.add({
            key: here.key,
            size: bytes,
            method,
            source: here.etag,
            destination: etag,
            result: 'equal',
          });
        } else {
          tally.skipped++;
          tally.skippedBytes += here.size ?? 0;
        }
      }
      this.#session.ended(undefined);
    } catch (thrown) {
      const error = toFerryError(thrown);
      // What was stopped, by the user or by another failure, stays open: it is begun again next time.
      if (this.#session.signal.aborted) return;
      if (stopsTheRun(error)) {
        this.#session.fail(error);
        return;
      }
      this.#failed(open, here, error);
    } finally {
      if (large) meter.unwatch(here.key);
    }
    open.range.close(open);
  }

  #failed(open: OpenKey, here: ObjectEntry, error: FerryError): void {
    open.tally.failed++;
    this.#checkpointer.fail(failureRecord(here, error, this.#c.now(), 1));
    this.#c.emit({ type: 'failed', key: here.key, error });
    this.#session.ended(error);
  }
}

function count(tally: Tally, here: ObjectEntry, compared: boolean): void {
  tally.listed++;
  tally.listedBytes += here.size ?? 0;
  if (compared) tally.compared++;
}
