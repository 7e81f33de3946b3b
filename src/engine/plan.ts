/**
 * What a run would do, told before it does it. Reads listings, a sample of metadata and a sample of bytes; of lists that
 * tell names only it asks after the first 10,000. Writes nothing.
 */
import { FerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { Verdict } from './compare.ts';
import { refuseContradictions } from './contradictions.ts';
import { comparisonOf, Judge } from './doubts.ts';
import type { EngineContext } from './engine.ts';
import { sampledDestination, sampledSource } from './etags.ts';
import { estimateTime } from './estimate.ts';
import { fetchFallback } from './fetching.ts';
import { compileFilter } from './filter.ts';
import { foreseeFailure, foreseeLoss, ForesightBook, lookAtMetadata, statOrError } from './foresee.ts';
import { guardRefusal, Picture, UNCLEAR_REMEDY, whyUnclear } from './guard.ts';
import type { LiveRange } from './list/live-range.ts';
import { ordered, orderedDestination } from './list/ordered.ts';
import { walkWhole } from './list/walk-whole.ts';
import type { Meeting } from './list/walk.ts';
import { PathConflicts } from './path-conflicts.ts';
import type { PlanSummary } from './progress.ts';
import { Largest, Sample } from './sample.ts';

const EXAMPLES = 10;
/** Objects whose metadata is looked at, spread over the listing. */
const SAMPLED = 200;
/** Large objects the speed is measured by. */
const LARGEST = 64;
/** Names asked after one by one where a listing tells nothing else, and how many at once. */
const ASKED = 10_000;
const AT_ONCE = 32;

/** Rejects where a side cannot be listed. */
export async function planTask(context: EngineContext): Promise<PlanSummary> {
  await using disposables = new AsyncDisposableStack();
  const { spec, signal } = context;
  refuseContradictions(spec);
  const fallback = fetchFallback(spec, context.source, context.destination);
  if (fallback) context.emit({ type: 'notice', ...fallback });
  const [sampledHere, sampledThere] =
    spec.type === 'delete'
      ? [context.source, context.destination]
      : await Promise.all([sampledSource(context.source, context), sampledDestination(context.destination, context)]);
  const source = await ordered(sampledHere, context, disposables);
  const destination = await orderedDestination(sampledThere, context, disposables);
  const planner = await Planner.of({ ...context, source, destination });
  const removes = spec.type === 'delete';
  const { keys, list } = destination.capabilities;
  // What only the destination has may stand in the way. For a list of names the rest of a tree is not read.
  const inTheWay = keys.tree && source === context.source;
  await walkWhole({
    source,
    destination: removes || !list ? undefined : destination,
    destinationOnly: spec.deleteExtraneous || inTheWay,
    prefix: spec.filters.prefix,
    // In one row: a file and what would lie below it are met one after the other.
    maxListers: keys.tree ? 1 : undefined,
    signal,
    meet: (range, here, there) => planner.meet(range, here, there),
  });
  return await planner.finish();
}

/** A key that will be a file at the destination, or is one. */
interface File {
  readonly entry: ObjectEntry;
  readonly atDestination: boolean;
  /** The file it would lie below. */
  readonly below?: ObjectEntry | undefined;
  /** Set where a run would write it, once that is known. */
  action?: 'copy' | 'overwrite';
  /** The destination has something below it. */
  blocked?: boolean;
}

class Planner {
  readonly #c: EngineContext;
  readonly #judge: Judge;
  readonly #filter: ReturnType<typeof compileFilter>;
  readonly #sums = { listed: sum(), copy: sum(), overwrite: sum(), skip: sum(), remove: sum(), fail: sum() };
  readonly #examples = { copy: [] as string[], overwrite: [] as string[], remove: [] as string[] };
  readonly #losses = new ForesightBook();
  readonly #failures = new ForesightBook();
  readonly #sample: Sample;
  readonly #largest = new Largest(LARGEST);
  readonly #picture = new Picture();
  readonly #conflicts: PathConflicts<File> | undefined;
  #filtered = 0;
  #irregular = 0;
  #unsized = 0;
  #asked = 0;
  #toAsk: (() => Promise<void>)[] = [];

  private constructor(context: EngineContext, comparing: Judge) {
    const { spec, destination } = context;
    this.#c = context;
    this.#judge = comparing;
    this.#filter = compileFilter(spec.filters);
    this.#sample = new Sample(SAMPLED, context.random);
    if (destination.capabilities.keys.tree && spec.type !== 'delete') this.#conflicts = new PathConflicts();
  }

  static async of(context: EngineContext): Promise<Planner> {
    return new Planner(context, await Judge.over(comparisonOf(context), context.doubted));
  }

  meet(range: LiveRange, here: ObjectEntry | undefined, there: ObjectEntry | undefined): Meeting {
    const entry = here ?? there!;
    const wanted = this.#filter.passes(entry);
    this.#picture.meet(here, there, wanted);
    const above = this.#conflicts?.meet(entry.key);
    if (above && there && !above.atDestination) this.#block(above);
    if (!here) return this.#onlyThere(there!, wanted);
    if (here.directory && !here.directory.empty) return undefined;
    add(this.#sums.listed, here);
    if (!wanted) {
      this.#filtered++;
      if (there && !there.directory) this.#conflicts?.add(there.key, { entry: there, atDestination: true });
      return undefined;
    }
    if (here.irregular !== undefined) {
      this.#losses.add('irregular files', here.irregular, here.key);
      this.#irregular++;
      return undefined;
    }
    if (here.badName) return this.#fail('names', `${here.badName.reason}. ${here.badName.remedy}`, here);
    const file: File = { entry: here, atDestination: there !== undefined, below: there ? undefined : above?.entry };
    if (!here.directory) this.#conflicts?.add(here.key, file);
    return this.#knows(here) ? this.#decide(range, file, here, there) : this.#ask(range, file, here, there);
  }

  async finish(): Promise<PlanSummary> {
    await this.#askNow();
    const c = this.#c;
    const sample = this.#sample.entries;
    const { copy, overwrite } = this.#sums;
    const books = { losses: this.#losses, failures: this.#failures };
    if (c.spec.type !== 'delete') await lookAtMetadata(c, sample, books);
    if (c.spec.deleteExtraneous) this.#tellGuard();
    const estimate = await estimateTime(c, {
      objects: copy.objects + overwrite.objects,
      bytes: copy.bytes + overwrite.bytes,
      unsized: this.#unsized,
      sample,
      largest: this.#largest.entries,
    });
    return {
      ...this.#sums,
      filtered: this.#filtered,
      irregular: this.#irregular,
      failures: this.#failures.entries(),
      losses: this.#losses.entries(),
      examples: this.#examples,
      estimate,
    };
  }

  #onlyThere(there: ObjectEntry, wanted: boolean): undefined {
    if (there.directory) return;
    this.#conflicts?.add(there.key, { entry: there, atDestination: true });
    if (this.#c.spec.deleteExtraneous && wanted && !there.badName) this.#act('remove', there);
  }

  /** Whether all is known that a run decides by. */
  #knows(here: ObjectEntry): boolean {
    return !this.#filter.needsMore(here) && (here.size !== undefined || this.#c.spec.type === 'delete');
  }

  /** Beyond the first so many it is taken as it is. */
  #ask(range: LiveRange, file: File, here: ObjectEntry, there: ObjectEntry | undefined): Meeting {
    if (this.#asked++ >= ASKED) return this.#decide(range, file, here, there);
    this.#toAsk.push(async () => {
      const { key } = here;
      const meta = await statOrError(this.#c.source, key, this.#c.signal);
      if (!meta) this.#fail('missing', 'it was named, and is not at the source', here);
      else if (meta instanceof FerryError) this.#fail('reading', `${meta.message} [${meta.code}]`, here);
      else {
        const size = meta.size >= 0 ? meta.size : undefined;
        this.#sums.listed.bytes += size ?? 0;
        const known = { key, size, etag: meta.etag, modified: meta.modified };
        if (this.#filter.passes(known)) await this.#decide(range, file, known, there);
        else this.#filtered++;
      }
    });
    return this.#toAsk.length < AT_ONCE ? undefined : this.#askNow();
  }

  async #askNow(): Promise<undefined> {
    const batch = this.#toAsk;
    this.#toAsk = [];
    await Promise.all(batch.map((ask) => ask()));
  }

  #decide(range: LiveRange, file: File, here: ObjectEntry, there: ObjectEntry | undefined): Meeting {
    const { spec } = this.#c;
    if (spec.type === 'delete') return this.#act('remove', here);
    if (!there) return this.#decided(file, here, there, 'different');
    const verdict = spec.createOnly ? 'equal' : this.#judge.verdict(range, here, there);
    if (typeof verdict === 'string') return this.#decided(file, here, there, verdict);
    return verdict.then((known) => this.#decided(file, here, there, known));
  }

  #decided(file: File, here: ObjectEntry, there: ObjectEntry | undefined, verdict: Verdict): undefined {
    if (verdict === 'unknown')
      this.#losses.add('undecided', 'sizes are equal; a run reads both sides to decide', here.key);
    if (verdict === 'equal') return this.#act('skip', here);
    const failure = foreseeFailure(here, this.#c);
    if (failure) return this.#fail(failure.what, failure.reason, here);
    if (file.below) return this.#fail('path conflict', `it lies below ${JSON.stringify(file.below.key)}, a file`, here);
    if (file.blocked) return this.#fail('path conflict', BLOCKED, here);
    file.action = there ? 'overwrite' : 'copy';
    this.#act(file.action, here);
    this.#sample.offer(here);
    this.#largest.offer(here);
    if (here.size === undefined) this.#unsized++;
    foreseeLoss(this.#losses, here, this.#c);
    return undefined;
  }

  /** The destination has something below the name of a file that is to be written. */
  #block(file: File): void {
    if (file.blocked) return;
    file.blocked = true;
    if (file.action === undefined) return;
    take(this.#sums[file.action], file.entry);
    if (file.entry.size === undefined) this.#unsized--;
    this.#fail('path conflict', BLOCKED, file.entry);
  }

  #fail(what: string, reason: string, entry: ObjectEntry): undefined {
    this.#failures.add(what, reason, entry.key);
    add(this.#sums.fail, entry);
  }

  #act(action: 'copy' | 'overwrite' | 'skip' | 'remove', entry: ObjectEntry): undefined {
    add(this.#sums[action], entry);
    if (action !== 'skip' && this.#examples[action].length < EXAMPLES) this.#examples[action].push(entry.key);
  }

  /** What would keep a run from removing anything. */
  #tellGuard(): void {
    const { spec, emit } = this.#c;
    const refusal = guardRefusal(spec, this.#picture);
    if (refusal)
      emit({
        type: 'notice',
        message: `a run would stop before it deletes: ${refusal.message}`,
        remedy: refusal.remedy,
      });
    const unclear = whyUnclear(spec, this.#picture);
    if (!refusal && unclear !== undefined) emit({ type: 'notice', message: unclear, remedy: UNCLEAR_REMEDY });
  }
}

const BLOCKED = 'the destination has a directory of this name, with something in it';

interface Sum {
  objects: number;
  bytes: number;
}

function sum(): Sum {
  return { objects: 0, bytes: 0 };
}

function add(to: Sum, { size }: ObjectEntry): void {
  to.objects++;
  to.bytes += size ?? 0;
}

function take(from: Sum, { size }: ObjectEntry): void {
  from.objects--;
  from.bytes -= size ?? 0;
}
