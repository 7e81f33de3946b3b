/**
 * One pass over the source: what is met is judged, what differs is moved, what is certain is written down.
 *
 * Small objects hold a slot each; objects in parts get a range of their own in the journal, so that they hold back
 * nobody's progress, and slots for their parts.
 */
import { FerryError, toFerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { JournaledContext } from './engine.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { Verdict } from './compare.ts';
import { comparisonOf, Judge } from './doubts.ts';
import type { EvidenceSink } from './evidence.ts';
import { badNameError, failureRecord, stopsTheRun } from './failures.ts';
import { compileFilter, type Filter } from './filter.ts';
import type { LiveRange, OpenKey } from './list/live-range.ts';
import type { Tally } from './list/tally.ts';
import { walk, type Meeting } from './list/walk.ts';
import type { Losses } from './losses.ts';
import type { Moved } from './move/job.ts';
import type { Mover } from './move/mover.ts';
import type { Entrance } from './pace/gate.ts';
import { contentEqual } from './content.ts';
import type { Session } from './session.ts';
import type { TaskJournal } from '../state/state-store.ts';

export class Moving {
  readonly #c: JournaledContext;
  readonly #session: Session;
  readonly #checkpointer: Checkpointer;
  readonly #mover: Mover;
  readonly #filter: Filter;
  #judge: Judge | undefined;
  /** The destination is listed beside the source: what is not met there is not there. */
  #looksThere = false;
  readonly #evidence: EvidenceSink | undefined;
  readonly #inFlight = new Set<Promise<void>>();
  /** Objects that may be complete but for their tags, by an earlier run: they are moved even if they look equal. */
  #untagged: ReadonlySet<string> | undefined;
  readonly losses: Losses;
  listingDone = false;

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
    this.#filter = compileFilter(context.spec.filters);
  }

  /** Resolves when every key was met and every object in flight has ended. */
  async run(ranges: readonly LiveRange[]): Promise<void> {
    const { source, destination, spec, journal } = this.#c;
    this.#judge = await Judge.over(comparisonOf(this.#c), (page) => journal.doubted(page));
    this.#untagged = await untagged(journal);
    const blind = spec.compare === 'always' && !spec.createOnly;
    this.#looksThere = !blind && destination.capabilities.list !== undefined;
    for (const range of ranges) this.#checkpointer.add(range);
    try {
      await walk({
        source,
        destination: this.#looksThere ? destination : undefined,
        destinationOnly: false,
        prefix: spec.filters.prefix,
        ranges,
        signal: this.#session.signal,
        onRange: (range) => this.#checkpointer.add(range),
        onPage: (side, entries) => {
          if (side === 'source') this.#session.meter.listed += entries.length;
          else this.#checkpointer.settled.destinationListed += entries.length;
        },
        meet: (range, here, there) => this.#meet(range, here!, there),
      });
      this.listingDone = true;
    } catch (error) {
      this.#session.fail(error);
    }
    await Promise.all(this.#inFlight);
  }

  #meet(range: LiveRange, here: ObjectEntry, there: ObjectEntry | undefined): Meeting {
    // A directory with something in it is there by what is in it.
    if (here.directory && !here.directory.empty) return undefined;
    const wanted = this.#filter.passes(here);
    if (!wanted || here.irregular !== undefined || here.badName !== undefined)
      return this.#leaveOut(range, here, wanted);
    const verdict = !there ? 'different' : this.#c.spec.createOnly ? 'equal' : this.#verdict(range, here, there);
    if (typeof verdict === 'string') return this.#judged(range, here, there, verdict);
    return verdict.then((known) => this.#judged(range, here, there, known));
  }

  #judged(range: LiveRange, here: ObjectEntry, there: ObjectEntry | undefined, verdict: Verdict): Meeting {
    if (verdict !== 'equal' || this.#untagged?.has(here.key)) return this.#begin(range, here, there, verdict);
    const { tally } = range;
    count(tally, here, there !== undefined);
    skip(tally, here);
    this.#session.passed();
    return undefined;
  }

  /** What is not asked for, is no object, or has no key. */
  #leaveOut({ tally }: LiveRange, here: ObjectEntry, wanted: boolean): Meeting {
    const { key, irregular, badName } = here;
    count(tally, here, false);
    if (!wanted) tally.filtered++;
    else if (badName) this.#failed(tally, here, badNameError(here, badName, this.#c.source.info.name));
    else if (irregular !== undefined) {
      tally.irregular++;
      this.#c.emit({ type: 'irregular', key, reason: irregular });
      const evidence = { key, method: 'presence', result: 'unverified', source: irregular } as const;
      return this.#evidence?.add(evidence)?.then(() => undefined);
    }
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
    const gate = large ? this.#session.large : this.#slotsFor(here);
    const turn = this.#session.turn();
    if (turn === undefined && gate.tryEnter()) {
      this.#launch(open, here, there, verdict, gate);
      return next;
    }
    return (async () => {
      await turn;
      await gate.enter();
      this.#launch(open, here, there, verdict, gate);
      return next;
    })();
  }

  #slotsFor(here: ObjectEntry): Entrance {
    return this.#mover.passesHere(here) ? this.#session.slotsFor(here.size) : this.#session.gate;
  }

  #launch(open: OpenKey, here: ObjectEntry, there: ObjectEntry | undefined, verdict: Verdict, gate: Entrance): void {
    const work = this.#work(open, here, there, verdict, new Slot(gate)).finally(() => this.#inFlight.delete(work));
    this.#inFlight.add(work);
  }

  async #work(
    open: OpenKey,
    listed: ObjectEntry,
    there: ObjectEntry | undefined,
    verdict: Verdict,
    slot: Slot,
  ): Promise<void> {
    const { signal } = this.#session;
    try {
      if (listed.size === undefined || this.#filter.needsMore(listed)) await this.#learn(open, listed, there, slot);
      else if (verdict === 'unknown' && (await contentEqual(this.#c, listed.key, signal))) skip(open.tally, listed);
      else await this.#move(open.tally, listed, there, slot);
      this.#session.ended(undefined);
    } catch (thrown) {
      const error = toFerryError(thrown);
      // What was stopped, by the user or by another failure, stays open: it is begun again next time.
      if (signal.aborted) return;
      if (stopsTheRun(error)) {
        this.#session.fail(error);
        return;
      }
      this.#failed(open.tally, listed, error);
    } finally {
      slot.leave();
    }
    open.range.close(open);
  }

  /** Asks the source for what its listing does not tell, and judges again. */
  async #learn(open: OpenKey, { key }: ObjectEntry, there: ObjectEntry | undefined, slot: Slot): Promise<void> {
    const { source } = this.#c;
    const meta = await source.stat(key, this.#session.signal);
    if (!meta) throw new FerryError('not-found', { key, store: source.info.name, operation: 'stat' });
    const size = meta.size >= 0 ? meta.size : undefined;
    const here: ObjectEntry = { key, size, etag: meta.etag, modified: meta.modified };
    const { tally } = open;
    tally.listedBytes += size ?? 0;
    if (!this.#filter.passes(here)) {
      tally.filtered++;
      return;
    }
    const verdict = there && size !== undefined ? await this.#verdict(open.range, here, there) : 'different';
    if (this.#untagged?.has(key)) return await this.#move(tally, here, there, slot);
    if (verdict === 'equal') return skip(tally, here);
    if (verdict === 'unknown' && (await contentEqual(this.#c, key, this.#session.signal))) return skip(tally, here);
    await this.#move(tally, here, there, slot);
  }

  async #move(tally: Tally, here: ObjectEntry, there: ObjectEntry | undefined, slot: Slot): Promise<void> {
    const { meter, large } = this.#session;
    const inParts = this.#mover.isLarge(here);
    // Its parts take slots of their own; to hold one meanwhile could take the last.
    if (inParts) await slot.change(large);
    const watch = inParts ? meter.watch(here.key, here.size!) : undefined;
    try {
      const moved = await this.#mover.move(here, this.#creates(there), watch);
      if (moved) await this.moved(tally, here, moved);
      else skip(tally, here);
    } finally {
      if (inParts) meter.unwatch(here.key);
    }
  }

  #verdict(range: LiveRange, here: ObjectEntry, there: ObjectEntry): Verdict | Promise<Verdict> {
    return this.#judge!.verdict(range, here, there);
  }

  /** Only what was looked for and not found is created rather than replaced. */
  #creates(there: ObjectEntry | undefined): boolean {
    return this.#c.spec.createOnly || (this.#looksThere && there === undefined);
  }

  /** Books an object that was moved. */
  async moved(tally: Tally, here: ObjectEntry, { bytes, method, etag, losses }: Moved): Promise<void> {
    tally.copied++;
    tally.copiedBytes += bytes;
    if (here.size === undefined) tally.listedBytes += bytes;
    for (const kind of losses) this.losses.add(kind, here.key);
    await this.#evidence?.add({
      key: here.key,
      size: bytes,
      method,
      source: here.etag,
      destination: etag,
      result: 'equal',
    });
  }

  #failed(tally: Tally, here: ObjectEntry, error: FerryError): void {
    tally.failed++;
    this.#checkpointer.fail(failureRecord(here, error, this.#c.now(), 1));
    this.#c.emit({ type: 'failed', key: here.key, error });
    this.#session.ended(error);
  }
}

async function untagged(journal: TaskJournal): Promise<ReadonlySet<string> | undefined> {
  const keys = (await journal.uploads()).filter(({ owesTags }) => owesTags).map(({ key }) => key);
  return keys.length === 0 ? undefined : new Set(keys);
}

function count(tally: Tally, here: ObjectEntry, compared: boolean): void {
  tally.listed++;
  tally.listedBytes += here.size ?? 0;
  if (compared) tally.compared++;
}

function skip(tally: Tally, here: ObjectEntry): void {
  tally.skipped++;
  tally.skippedBytes += here.size ?? 0;
}

/** A place taken at a gate, given back once. */
class Slot {
  #gate: Entrance | undefined;

  constructor(gate: Entrance) {
    this.#gate = gate;
  }

  async change(to: Entrance): Promise<void> {
    if (this.#gate === to) return;
    this.leave();
    await to.enter();
    this.#gate = to;
  }

  leave(): void {
    this.#gate?.leave();
    this.#gate = undefined;
  }
}
