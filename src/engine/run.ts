/**
 * Runs a task: a pass over the source, another try for what failed, the removals asked for, and the books.
 */
import { FerryError, toFerryError } from '../model/errors.ts';
import type { ObjectMeta } from '../model/object.ts';
import { redactText } from '../observe/redact.ts';
import type { FailureRecord, RangeRecord } from '../state/state-store.ts';
import type { Store } from '../store/store.ts';
import { Checkpointer } from './checkpointer.ts';
import type { JournaledContext } from './engine.ts';
import type { EvidenceSink } from './evidence.ts';
import { failurePages, forgetAhead, recount } from './failure-book.ts';
import { badNameError, failureRecord, isBadName, mayPass, stopsTheRun } from './failures.ts';
import { LiveRange } from './list/live-range.ts';
import { contentEqual } from './content.ts';
import { settleDirectories } from './directories.ts';
import { refuseContradictions } from './contradictions.ts';
import { Tally } from './list/tally.ts';
import { discard, Intended } from './leftovers.ts';
import { Losses } from './losses.ts';
import { copiesParts } from './move/layout.ts';
import { Mover } from './move/mover.ts';
import { Moving } from './moving.ts';
import type { Progress, RunSummary } from './progress.ts';
import { removeExtraneous, removeListed } from './removing.ts';
import { Gate } from './pace/gate.ts';
import { prepare } from './prepare.ts';
import { Session, stopped } from './session.ts';

const EVERYTHING: RangeRecord = { after: null, through: null, position: null, done: false };
/** Rounds of another try for what failed in a way that may pass. */
const ROUNDS = 2;
const RETRIED_AT_ONCE = 8;

/**
 * Runs or resumes a pass until nothing is left, the signal aborts, or a failure that would meet every object stops it.
 * Never rejects: what went wrong is in the summary, and what is certain is in the journal.
 */
export async function runTask(context: JournaledContext, evidence?: EvidenceSink): Promise<RunSummary> {
  return await new Run(context, evidence).whole();
}

/** Tries the recorded failures again, all or those `wanted`, and nothing else. */
export async function retryFailures(
  context: JournaledContext,
  evidence?: EvidenceSink,
  wanted: (failure: FailureRecord) => boolean = () => true,
): Promise<RunSummary> {
  return await new Run(context, evidence).failuresOnly(wanted);
}

class Run {
  readonly #c: JournaledContext;
  readonly #evidence: EvidenceSink | undefined;
  readonly #losses: Losses;
  readonly #session: Session;
  #phase: Progress['phase'] = 'preparing';
  #resumed = false;
  #checkpointer: Checkpointer | undefined;
  #moving: Moving | undefined;
  #intended: Intended | undefined;

  constructor(context: JournaledContext, evidence: EvidenceSink | undefined) {
    this.#c = context;
    this.#evidence = evidence;
    this.#losses = new Losses((kind, key, reason) => {
      const why = reason === undefined ? '' : `: ${reason}`;
      context.emit({
        type: 'notice',
        message: `the destination cannot keep ${kind.replace('-', ' ')}, first ${JSON.stringify(key)}${why}`,
        remedy: 'The summary counts them; `ferry plan` tells before a run.',
      });
    });
    this.#session = new Session(context, () => ({
      phase: this.#phase,
      counters: this.#checkpointer?.counters() ?? new Tally(),
      listingDone: this.#listingDone,
      ranges: this.#checkpointer?.ranges ?? { total: 0, done: 0, active: 0 },
    }));
  }

  whole(): Promise<RunSummary> {
    return this.#guarded(false, async (c) => {
      const known = await c.journal.ranges();
      const resumed = this.#resumed;
      if (!resumed) await c.journal.beginPass([EVERYTHING], c.now());
      const settled = resumed ? Tally.from(c.journal.task.counters) : new Tally();
      const open = (resumed ? known : [EVERYTHING]).filter((range) => !range.done);
      const checkpointer = this.#books(c, settled, known.length - (resumed ? open.length : 0));
      await this.#settleIntended(c);
      if (resumed) await forgetAhead(c.journal, checkpointer, open);
      if (c.spec.type === 'delete') await this.#removing(c, checkpointer, open);
      else await this.#moveAll(c, checkpointer, open);
      await this.#finish(c, checkpointer);
    });
  }

  failuresOnly(wanted: (failure: FailureRecord) => boolean): Promise<RunSummary> {
    return this.#guarded(true, async (c) => {
      this.#phase = 'retrying';
      const checkpointer = this.#books(c, Tally.from(c.journal.task.counters), 0);
      await this.#settleIntended(c);
      const mover = this.#mover(c);
      this.#bookkeeper(c, checkpointer, mover);
      // What a source has no more needs no copy; a source that is not there at all is another matter.
      await c.source.list({ limit: 1 }, this.#session.signal);
      await this.#retry(c, mover, checkpointer, wanted);
      const whole = (await c.journal.ranges()).length === 0;
      if (whole && c.spec.type !== 'delete') await this.#settleDirectories(c, checkpointer);
      await recount(c.journal, checkpointer);
      await checkpointer.stop();
      this.#session.throwIfStopped();
      if (!whole) {
        c.emit({
          type: 'notice',
          message: 'the pass is not finished',
          remedy: `\`ferry run ${c.task}\` goes on with it.`,
        });
      } else if (checkpointer.settled.failed === 0 && c.journal.task.state === 'failed')
        await c.journal.endPass('finished', c.now());
    });
  }

  async #moveAll(c: JournaledContext, checkpointer: Checkpointer, open: readonly RangeRecord[]): Promise<void> {
    const mover = this.#mover(c);
    this.#phase = 'moving';
    const moving = this.#bookkeeper(c, checkpointer, mover);
    await moving.run(open.map((record) => LiveRange.from(record, checkpointer.settled)));
    await checkpointer.write();
    this.#session.throwIfStopped();

    this.#phase = 'retrying';
    for (let round = 0; round < ROUNDS && checkpointer.settled.failed > 0; round++) {
      await this.#retry(c, mover, checkpointer, ({ code }) => mayPass(code));
    }
    if (c.spec.deleteExtraneous) {
      this.#phase = 'deleting';
      // An unordered destination was sorted before anything was copied; it is listed anew.
      await removeExtraneous(c, this.#c.destination, this.#session, checkpointer, this.#evidence);
      this.#session.throwIfStopped();
    }
    this.#phase = 'finishing';
    await this.#settleDirectories(c, checkpointer);
  }

  async #settleDirectories(c: JournaledContext, checkpointer: Checkpointer): Promise<void> {
    const { settled } = checkpointer;
    const recorded = settled.failed > 0;
    await settleDirectories({ ...c, signal: this.#session.signal }, (key, error) => {
      if (error === undefined) {
        if (recorded) checkpointer.resolve(key);
      } else if (stopsTheRun(error)) this.#session.fail(error);
      else {
        settled.failed++;
        checkpointer.fail(failureRecord({ key }, error, c.now(), 1));
        c.emit({ type: 'failed', key, error });
      }
    });
    this.#session.throwIfStopped();
  }

  async #removing(c: JournaledContext, checkpointer: Checkpointer, open: readonly RangeRecord[]): Promise<void> {
    this.#phase = 'deleting';
    await removeListed(
      c,
      this.#session,
      checkpointer,
      open.map((record) => LiveRange.from(record, checkpointer.settled)),
    );
    this.#session.throwIfStopped();
  }

  async #finish(c: JournaledContext, checkpointer: Checkpointer): Promise<void> {
    this.#phase = 'finishing';
    await recount(c.journal, checkpointer);
    await checkpointer.stop();
    this.#session.throwIfStopped();
    // An object that failed resumes its parts when it is tried again; other leftovers are nobody's.
    const nobodys = new Set((await c.journal.uploads()).map(({ key }) => key));
    for await (const page of failurePages(c.journal)) for (const { key } of page) nobodys.delete(key);
    for (const key of nobodys) await this.#discard(c, key);
    await this.#settleIntended(c);
    // The next pass builds on this one, but for what failed: that stays in doubt.
    await c.journal.endPass(checkpointer.settled.failed > 0 ? 'failed' : 'finished', c.now());
    this.#phase = 'done';
  }

  /** A leftover that cannot be taken away is no reason to call a whole pass failed. */
  async #discard(c: JournaledContext, key: string): Promise<void> {
    try {
      await discard({ ...c, signal: this.#session.signal }, key);
    } catch (thrown) {
      this.#session.throwIfStopped();
      const { message } = toFerryError(thrown);
      c.emit({
        type: 'notice',
        message: `an unfinished upload of ${JSON.stringify(key)} could not be aborted: ${message}`,
        remedy: 'Its parts take room at the destination until they are removed there.',
      });
    }
  }

  async #settleIntended(c: JournaledContext): Promise<void> {
    this.#intended ??= new Intended({ ...c, signal: this.#session.signal });
    const { left } = await this.#intended.settle();
    for (const { message, remedy } of left) c.emit({ type: 'notice', message, remedy });
  }

  /** Moves what is recorded as failed once more. */
  async #retry(
    c: JournaledContext,
    mover: Mover,
    checkpointer: Checkpointer,
    wanted: (failure: FailureRecord) => boolean,
  ): Promise<void> {
    const slots = new Gate(RETRIED_AT_ONCE, this.#session.signal);
    for await (const page of failurePages(c.journal)) {
      const chosen = page.filter(wanted);
      await Promise.allSettled(
        chosen.map(async (failure) => {
          await slots.enter();
          await this.#retryOne(c, mover, checkpointer, failure).finally(() => slots.leave());
        }),
      );
      await checkpointer.write();
      this.#session.throwIfStopped();
    }
  }

  async #retryOne(c: JournaledContext, mover: Mover, { settled }: Checkpointer, failure: FailureRecord): Promise<void> {
    const { signal } = this.#session;
    const { key } = failure;
    try {
      if (isBadName(failure)) await this.#refuseBadName(c.source, key);
      else await this.#doAgain(c, mover, settled, failure);
      settled.failed--;
      settled.retried++;
      this.#checkpointer!.resolve(key);
      this.#session.ended(undefined);
    } catch (thrown) {
      const error = toFerryError(thrown);
      if (signal.aborted) return;
      if (stopsTheRun(error)) this.#session.fail(error);
      this.#checkpointer!.fail(failureRecord({ key, size: failure.size }, error, c.now(), failure.attempts + 1));
      this.#session.ended(error);
    }
  }

  async #doAgain(c: JournaledContext, mover: Mover, settled: Tally, failure: FailureRecord): Promise<void> {
    const { key } = failure;
    const { signal } = this.#session;
    const removes = c.spec.type === 'delete' || (failure.operation === 'remove' && c.spec.deleteExtraneous);
    const meta = c.spec.type === 'delete' ? undefined : await c.source.stat(key, signal);
    if (meta) await this.#moveAgain(c, mover, settled, failure, meta);
    else if (removes) {
      await c.destination.remove(key, signal);
      settled.deleted++;
    } else if (failure.code === 'not-found' || c.spec.filters.keysFile !== undefined) {
      // Somebody named it, and it is not there. What a listing named and has no more, however, needs no copy.
      throw new FerryError('not-found', { key, store: c.source.info.name, operation: 'stat' });
    }
  }

  /** Nobody can ask after a name that no key stands for; the listing tells whether it is there still. */
  async #refuseBadName(source: Store, key: string): Promise<void> {
    const { entries } = await source.list({ prefix: key, limit: 1 }, this.#session.signal);
    const [entry] = entries;
    if (entry?.key === key && entry.badName) throw badNameError(entry, entry.badName, source.info.name);
  }

  /** As a pass would: what is there now decides, and what somebody else put there stays where it must. */
  async #moveAgain(
    c: JournaledContext,
    mover: Mover,
    settled: Tally,
    failure: FailureRecord,
    meta: ObjectMeta,
  ): Promise<void> {
    const { key } = failure;
    const { signal } = this.#session;
    const there = await c.destination.stat(key, signal);
    // One of ours that lacks its tags only is no reason to stop before it.
    const ours = failure.code !== 'already-exists' && (await c.journal.upload(key))?.upload.owesTags === true;
    if (there && !ours && (c.spec.createOnly || failure.code === 'already-exists')) {
      if (await contentEqual(c, key, signal)) return;
      throw new FerryError('already-exists', { key, store: c.destination.info.name, operation: 'write' });
    }
    const entry = { key, size: meta.size >= 0 ? meta.size : undefined, etag: meta.etag, modified: meta.modified };
    const moved = await mover.move(entry, there === undefined || c.spec.createOnly);
    if (moved) await this.#moving!.moved(settled, entry, moved);
  }

  #mover(c: JournaledContext): Mover {
    return new Mover({
      spec: c.spec,
      source: c.source,
      destination: c.destination,
      uploads: c.journal,
      gate: copiesParts(c) ? this.#session.gate : this.#session.streaming,
      signal: this.#session.signal,
      now: c.now,
      tmpdir: c.tmpdir,
      hashing: this.#session.hashing,
      retries: () => this.#c.destination.stats.retries,
      onBytes: this.#session.meter.addBytes,
      custody: c.custody,
    });
  }

  #bookkeeper(c: JournaledContext, checkpointer: Checkpointer, mover: Mover): Moving {
    this.#moving = new Moving(c, this.#session, checkpointer, mover, this.#losses, this.#evidence);
    return this.#moving;
  }

  #books(c: JournaledContext, settled: Tally, rangesDone: number): Checkpointer {
    this.#checkpointer = new Checkpointer(c.journal, c.destination, settled, rangesDone, (error) =>
      this.#session.fail(error),
    );
    this.#checkpointer.start();
    return this.#checkpointer;
  }

  /** Told before a store is asked anything: the first answer may take long. */
  async #started(retry: boolean): Promise<void> {
    const { task, journal, source, destination, emit } = this.#c;
    this.#resumed = retry || (await journal.ranges()).length > 0;
    emit({
      type: 'started',
      task,
      resumed: this.#resumed,
      pass: journal.task.passes + 1,
      source: source.info.name,
      destination: destination.info.name,
    });
  }

  get #listingDone(): boolean {
    switch (this.#phase) {
      case 'preparing':
        return false;
      case 'moving':
        return this.#moving?.listingDone ?? false;
      case 'deleting':
        // A task that only deletes lists while it does.
        return this.#c.spec.type !== 'delete';
      case 'retrying':
      case 'verifying':
      case 'finishing':
      case 'done':
        return true;
    }
  }

  /** Prepares the stores, runs `work`, and turns whatever happens into a summary. */
  async #guarded(retry: boolean, work: (prepared: JournaledContext) => Promise<void>): Promise<RunSummary> {
    const { journal } = this.#c;
    using session = this.#session;
    let error: FerryError | undefined;
    await using disposables = new AsyncDisposableStack();
    try {
      refuseContradictions(this.#c.spec);
      await this.#started(retry);
      session.start();
      await work(await prepare(this.#c, disposables));
    } catch (thrown) {
      error = this.#c.signal.aborted ? stopped(this.#c.signal) : (session.failure ?? toFerryError(thrown));
      await this.#saveAfter(error);
    }
    session.tell();
    // What was stopped tells what is saved, which is what the next run goes on from.
    const saved = this.#checkpointer || this.#resumed ? journal.task.counters : new Tally();
    const counters = error ? saved : this.#checkpointer!.counters();
    const summary: RunSummary = {
      task: this.#c.task,
      outcome:
        error === undefined
          ? counters.failed > 0
            ? 'finished-with-failures'
            : 'finished'
          : error.code === 'interrupted'
            ? 'interrupted'
            : 'failed',
      counters,
      elapsed: session.meter.elapsed,
      bytesMoved: session.meter.bytes,
      losses: this.#losses.counts(),
      error: error?.code === 'interrupted' ? undefined : error,
    };
    this.#c.emit({ type: 'summary', summary });
    return summary;
  }

  async #saveAfter(error: FerryError): Promise<void> {
    const { journal, now } = this.#c;
    const told = { code: error.code, message: redactText(error.message) };
    try {
      await this.#checkpointer?.stop(true);
      if (error.code === 'interrupted') await journal.interrupt('interrupted', now());
      else await journal.interrupt('failed', now(), told);
    } catch (thrown) {
      // The journal itself is what failed; the first error is told, and the last checkpoint stands.
      this.#c.emit({ type: 'notice', message: `the state could not be saved: ${toFerryError(thrown).message}` });
    }
  }
}
