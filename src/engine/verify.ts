/**
 * Compares both sides and says, object by object, how it is known that they are equal.
 *
 * `size` believes listings. `checksum` takes the checksums both sides tell and reads whatever they do not settle.
 * `full` reads every byte of both sides, trusts nobody's checksum, and compares the metadata that comes with the bytes.
 * The evidence goes to a sink as it comes; memory
 * does not grow with the number of objects.
 */
import { FerryError, toFerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { BadName, ObjectEntry } from '../model/object.ts';
import type { TaskJournal } from '../state/state-store.ts';
import type { ComposedStore } from '../store/compose.ts';
import { contentEtag, judgeContent, judgeDirectories, knownMd5 } from './compare.ts';
import { settleDirectories } from './directories.ts';
import type { EngineContext } from './engine.ts';
import type { Evidence, EvidenceSink } from './evidence.ts';
import { sampledDestination, sampledSource } from './etags.ts';
import { Extraneous } from './extraneous.ts';
import { stopsTheRun } from './failures.ts';
import { compileFilter, type Filter } from './filter.ts';
import { ordered, orderedDestination } from './list/ordered.ts';
import { Tally } from './list/tally.ts';
import { walkWhole } from './list/walk-whole.ts';
import type { Meeting } from './list/walk.ts';
import { linkDifference, metadataDifferences, type FieldDifference } from './metadata-differences.ts';
import type { Mover } from './move/mover.ts';
import { readMd5, readSha256 } from './move/read-back.ts';
import type { Difference, RunSummary } from './progress.ts';
import { dropUploads, repairer } from './repairing.ts';
import { Session, stopped } from './session.ts';
import { VolatileUploads } from './volatile-uploads.ts';

export type VerifyMode = 'size' | 'checksum' | 'full';

export interface VerifyContext extends EngineContext {
  readonly mode: VerifyMode;
  /** Copy what is missing or differs; what only the destination has is removed only where the task says so. */
  readonly repair: boolean;
  readonly evidence: EvidenceSink;
  /** Where a repair records its uploads, so that what a crash leaves of them is found; in memory where absent. */
  readonly journal?: TaskJournal | undefined;
}

/** Never rejects; a side that cannot be listed makes the outcome `failed`. */
export async function verifyTask(context: VerifyContext): Promise<RunSummary> {
  return await new Verification(context).run();
}

class Verification {
  readonly #c: VerifyContext;
  readonly #session: Session;
  readonly #tally = new Tally();
  readonly #filter: Filter;
  readonly #inFlight = new Set<Promise<void>>();
  #source: ComposedStore;
  #destination: ComposedStore;
  readonly #volatile = new VolatileUploads();
  #mover: Mover | undefined;
  /** Set where it is to be removed: at the end, if the whole picture makes sense. */
  #extraneous: Extraneous | undefined;
  #listingDone = false;
  #differences = 0;

  constructor(context: VerifyContext) {
    this.#c = context;
    this.#source = context.source;
    this.#destination = context.destination;
    this.#filter = compileFilter(context.spec.filters);
    this.#session = new Session(context, () => ({
      phase: 'verifying',
      counters: this.#tally,
      listingDone: this.#listingDone,
      ranges: { total: 0, done: 0, active: 0 },
    }));
  }

  async run(): Promise<RunSummary> {
    const { spec } = this.#c;
    using session = this.#session;
    let error: FerryError | undefined;
    await using disposables = new AsyncDisposableStack();
    try {
      if (spec.type === 'delete') {
        throw new FerryError('configuration', {
          message: 'a task of type `delete` has no two sides to compare',
          remedy: 'Its run tells what was removed; `ferry plan` tells what is still there to remove.',
        });
      }
      session.start();
      await this.#learnEtags();
      const source = await ordered(this.#source, this.#c, disposables);
      const target = await orderedDestination(this.#destination, this.#c, disposables);
      this.#source = source;
      if (this.#c.repair) this.#mover = await repairer(this.#c, source, session, this.#c.journal ?? this.#volatile);
      if (this.#c.repair && spec.deleteExtraneous) this.#extraneous = disposables.use(new Extraneous(this.#c));
      await walkWhole({
        source,
        destination: target,
        // A list of keys says nothing about what else the destination may hold.
        destinationOnly: spec.filters.keysFile === undefined,
        prefix: spec.filters.prefix,
        signal: session.signal,
        onPage: (side, entries) => {
          if (side === 'source') session.meter.listed += entries.length;
          else this.#tally.destinationListed += entries.length;
        },
        meet: (_range, here, there) => this.#meet(here, there),
      });
      this.#listingDone = true;
      if (this.#extraneous) await this.#removeExtraneous(this.#extraneous);
    } catch (thrown) {
      session.fail(thrown);
    }
    await Promise.all(this.#inFlight);
    if (this.#tally.copied + this.#tally.deleted > 0 && !session.signal.aborted) await this.#settleDirectories();
    await dropUploads(this.#c, this.#volatile);
    error = this.#c.signal.aborted ? stopped(this.#c.signal) : session.failure;
    session.tell();
    const summary: RunSummary = {
      task: this.#c.task,
      outcome: error
        ? error.code === 'interrupted'
          ? 'interrupted'
          : 'failed'
        : this.#differences > 0
          ? 'differences'
          : 'finished',
      counters: this.#tally,
      elapsed: session.meter.elapsed,
      bytesMoved: session.meter.bytes,
      losses: {},
      error: error?.code === 'interrupted' ? undefined : error,
    };
    this.#c.emit({ type: 'summary', summary });
    return summary;
  }

  /** Where checksums are compared; other modes look at no ETag. */
  async #learnEtags(): Promise<void> {
    if (this.#c.mode !== 'checksum') return;
    [this.#source, this.#destination] = await Promise.all([
      sampledSource(this.#source, this.#c),
      sampledDestination(this.#destination, this.#c),
    ]);
  }

  #meet(here: ObjectEntry | undefined, there: ObjectEntry | undefined): Meeting {
    const entry = here ?? there!;
    this.#extraneous?.meet(here, there, this.#filter.passes(entry));
    if (here?.directory && !here.directory.empty) return undefined;
    if (here) {
      this.#tally.listed++;
      this.#tally.listedBytes += here.size ?? 0;
    }
    if (!this.#filter.passes(entry)) {
      this.#tally.filtered++;
      return undefined;
    }
    if (here?.badName) return this.#unnamed(here, here.badName);
    if (here?.irregular !== undefined) {
      this.#tally.irregular++;
      this.#c.emit({ type: 'irregular', key: here.key, reason: here.irregular });
      return this.#note({ key: here.key, method: 'presence', result: 'unverified', source: here.irregular });
    }
    if (!here) return this.#onlyThere(there!);
    if (!there) return this.#start(() => this.#different(here, undefined, 'missing', 'presence'));
    this.#tally.compared++;
    return this.#decide(here, there);
  }

  /** There is something, and nobody can ask what. */
  #unnamed({ key }: ObjectEntry, { reason, remedy }: BadName): Meeting {
    this.#differences++;
    this.#tally.failed++;
    this.#c.emit({ type: 'difference', difference: { key, kind: 'unverified', detail: `${reason}. ${remedy}` } });
    return this.#note({ key, method: 'presence', result: 'unverified', source: reason });
  }

  #decide(here: ObjectEntry, there: ObjectEntry): Meeting {
    const directories = judgeDirectories(here, there);
    if (directories === 'equal') return this.#equal(here, 'presence');
    if (directories === 'different') return this.#start(() => this.#different(here, there, 'size', 'size'));
    const { mode } = this.#c;
    if (here.size !== undefined && there.size !== undefined) {
      if (here.size !== there.size) return this.#start(() => this.#different(here, there, 'size', 'size'));
      if (mode === 'size') return this.#equal(here, 'size', there);
      if (mode === 'checksum') {
        const verdict = judgeContent(this.#source.capabilities, this.#destination.capabilities, here, there);
        if (verdict === 'equal') return this.#equal(here, 'etag', there);
        // Objects encrypted with keys of their own have ETags that are none: only each object tells, no listing.
      }
    }
    return this.#start(() => (mode === 'full' ? this.#readBoth(here) : this.#settle(here)), here.size);
  }

  /** Asks both sides for more than a listing tells, and reads what that leaves open. */
  async #settle(here: ObjectEntry): Promise<void> {
    const { mode } = this.#c;
    const source = this.#source;
    const destination = this.#destination;
    const { signal, meter } = this.#session;
    const { key } = here;
    const [told, b] = await Promise.all([source.stat(key, signal), destination.stat(key, signal)]);
    if (!told) return this.#gone(key);
    if (!b) return await this.#different(here, undefined, 'missing', 'presence');
    // Where an HTTP origin tells no size, only the bytes do.
    const a = told.size < 0 ? { ...told, size: undefined } : told;
    if (a.size !== undefined && a.size !== b.size)
      return await this.#different(a.size === here.size ? here : { ...here, size: a.size }, b, 'size', 'size');
    if (mode === 'size' && a.size !== undefined) return await this.#equal({ ...here, size: a.size }, 'size', b);
    const link = linkDifference(told, b);
    if (link) return await this.#different({ key, ...a }, b, 'metadata', 'presence', [link]);
    const verdict = judgeContent(source.capabilities, destination.capabilities, a, b);
    const by = contentEtag(source.capabilities, a, 'hinted') !== undefined ? 'etag' : 'checksum';
    if (verdict === 'equal') return await this.#equal({ key, ...a }, by, b);
    if (verdict === 'different') return await this.#different({ key, ...a }, b, 'checksum', by);
    const [x, y] = await Promise.all([
      knownMd5(source.capabilities, a) ?? readMd5(source, key, signal, meter.addBytes),
      knownMd5(destination.capabilities, b) ?? readMd5(destination, key, signal, meter.addBytes),
    ]);
    const sides = [
      { key, size: a.size ?? b.size, etag: x },
      { size: b.size, etag: y },
    ] as const;
    if (x === y) await this.#equal(sides[0], 'md5-read', sides[1]);
    else await this.#different(sides[0], sides[1], 'checksum', 'md5-read');
  }

  /** What a listing named may be deleted since; what somebody named was to be there, and a run calls it a failure. */
  #gone(key: Key): Promise<undefined> | undefined {
    if (this.#c.spec.filters.keysFile !== undefined) {
      throw new FerryError('not-found', { key, store: this.#source.info.name, operation: 'stat' });
    }
    return this.#note({ key, method: 'presence', result: 'unverified', source: 'gone since it was listed' });
  }

  async #readBoth(here: ObjectEntry): Promise<void> {
    const { key } = here;
    const { destination, spec } = this.#c;
    const { signal, meter } = this.#session;
    const source = this.#source;
    const [x, y] = await Promise.all([
      readSha256(source, key, signal, meter.addBytes),
      readSha256(destination, key, signal, meter.addBytes),
    ]);
    const sides = [
      { ...here, size: x.size, etag: x.hex },
      { size: y.size, etag: y.hex },
    ] as const;
    if (x.hex !== y.hex) {
      return await this.#different(sides[0], sides[1], x.size === y.size ? 'checksum' : 'size', 'full-read');
    }
    const ends = { source, destination, fidelity: spec.fidelity, signal };
    const link = linkDifference(x.meta, y.meta);
    const fields = link ? [link] : await metadataDifferences(ends, key, x.meta, y.meta);
    if (fields.length === 0) await this.#equal(sides[0], 'full-read', sides[1]);
    else await this.#different(sides[0], sides[1], 'metadata', 'full-read', fields);
  }

  #equal(
    here: ObjectEntry,
    method: Evidence['method'],
    there?: { readonly etag?: string | undefined },
  ): Promise<undefined> | undefined {
    this.#tally.skipped++;
    this.#tally.skippedBytes += here.size ?? 0;
    this.#session.passed();
    return this.#note({
      key: here.key,
      size: here.size,
      method,
      source: here.etag,
      destination: there?.etag,
      result: 'equal',
    });
  }

  async #different(
    here: ObjectEntry,
    there: { readonly size?: number | undefined; readonly etag?: string | undefined } | undefined,
    kind: Difference['kind'],
    method: Evidence['method'],
    metadata: readonly FieldDifference[] = [],
  ): Promise<void> {
    const { key } = here;
    const [source, destination] =
      kind === 'metadata'
        ? [inWords(metadata, 'source'), inWords(metadata, 'destination')]
        : kind === 'size'
          ? [`${here.size} bytes`, there && `${there.size} bytes`]
          : [here.etag, there?.etag];
    const fields = kind === 'metadata' ? metadata.map(({ field }) => field) : undefined;
    let repaired: boolean | undefined;
    // Where nothing may be replaced only what is missing is repaired.
    if (this.#mover && (there === undefined || !this.#c.spec.createOnly)) {
      const moved = await this.#mover.move(await this.#fresh(here), there === undefined);
      repaired = true;
      this.#tally.copied++;
      this.#tally.copiedBytes += moved?.bytes ?? 0;
    } else this.#differences++;
    this.#c.emit({ type: 'difference', difference: { key, kind, fields, source, destination, repaired } });
    const result = repaired ? 'repaired' : kind === 'missing' ? 'missing' : 'different';
    await this.#note({ key, size: here.size, method, source, destination, result });
  }

  /** The entry as the source tells it now: the one at hand may carry a checksum that was computed here. */
  async #fresh({ key }: ObjectEntry): Promise<ObjectEntry> {
    const meta = await this.#source.stat(key, this.#session.signal);
    return { key, size: meta?.size, etag: meta?.etag, modified: meta?.modified };
  }

  /** What is to be removed is dealt with at the end. */
  #onlyThere(there: ObjectEntry): Meeting {
    if (there.directory || (this.#extraneous && !there.badName)) return undefined;
    return this.#start(() => this.#extra(there));
  }

  /** What the guard keeps stays a difference. */
  async #removeExtraneous(extraneous: Extraneous): Promise<void> {
    await Promise.all(this.#inFlight);
    this.#session.throwIfStopped();
    const { signal } = this.#session;
    let refusal: unknown;
    let mayGo = false;
    try {
      mayGo = extraneous.mayGo();
    } catch (thrown) {
      refusal = thrown;
    }
    if (!mayGo) {
      for await (const entry of extraneous.entries()) await this.#extra(entry);
      if (refusal !== undefined) throw refusal;
      return;
    }
    await extraneous.remove(signal, async (key, error) => {
      if (error) return await this.#unreadable(error.with({ key, operation: 'remove' }));
      this.#tally.deleted++;
      await this.#extra({ key }, true);
    });
  }

  /** What was repaired has changed the times of directories. */
  async #settleDirectories(): Promise<void> {
    const failures: FerryError[] = [];
    try {
      const ends = { spec: this.#c.spec, source: this.#source, destination: this.#destination };
      await settleDirectories({ ...ends, signal: this.#session.signal }, (key, error) => {
        if (error) failures.push(error.with({ key }));
      });
    } catch (thrown) {
      this.#session.fail(thrown);
    }
    for (const failure of failures) await this.#unreadable(failure);
  }

  async #extra({ key, size, etag }: ObjectEntry, repaired?: boolean): Promise<void> {
    if (!repaired) this.#differences++;
    const destination = size === undefined ? undefined : `${size} bytes`;
    this.#c.emit({ type: 'difference', difference: { key, kind: 'extra', destination, repaired } });
    const result = repaired ? 'repaired' : 'extra';
    await this.#note({ key, size, method: 'presence', destination: etag, result });
  }

  #start(work: () => Promise<void> | undefined, size?: number): Meeting {
    const gate = this.#session.slotsFor(size);
    const launch = (): undefined => {
      const running = this.#guard(work).finally(() => {
        gate.leave();
        this.#inFlight.delete(running);
      });
      this.#inFlight.add(running);
    };
    if (gate.tryEnter()) return launch();
    return gate.enter().then(launch);
  }

  async #guard(work: () => Promise<void> | undefined): Promise<void> {
    try {
      await work();
      this.#session.ended(undefined);
    } catch (thrown) {
      await this.#unreadable(toFerryError(thrown));
    }
  }

  /** An object that could not be compared is a difference: nothing unproven counts as equal. */
  async #unreadable(error: FerryError): Promise<void> {
    if (this.#session.signal.aborted) return;
    if (stopsTheRun(error)) return this.#session.fail(error);
    const key = error.key ?? '';
    this.#differences++;
    this.#tally.failed++;
    this.#session.ended(error);
    this.#c.emit({
      type: 'difference',
      difference: { key, kind: 'unreadable', detail: `${error.message}. ${error.remedy}` },
    });
    await this.#c.evidence.add({ key, method: 'presence', result: 'unreadable', source: error.message });
  }

  #note(evidence: Evidence): Promise<undefined> | undefined {
    return this.#c.evidence.add(evidence)?.then(() => undefined);
  }
}

function inWords(fields: readonly FieldDifference[], side: 'source' | 'destination'): string {
  return fields.map((each) => `${each.field}: ${each[side]}`).join('; ');
}
