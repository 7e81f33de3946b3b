/**
 * What a run would do, told before it does it. Reads listings, a sample of metadata and a sample of bytes; writes nothing.
 */
import { FerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import { MiB } from '../model/units.ts';
import { judge, type Comparison } from './compare.ts';
import type { EngineContext } from './engine.ts';
import { compileFilter } from './filter.ts';
import { LiveRange } from './list/live-range.ts';
import { ordered, orderedDestination } from './list/ordered.ts';
import { refuseContradictions } from './contradictions.ts';
import { Tally } from './list/tally.ts';
import { walk } from './list/walk.ts';
import { outfit } from './move/metadata.ts';
import { foreseeLoss, ForesightBook } from './foresee.ts';
import type { PlanSummary } from './progress.ts';

const EXAMPLES = 10;
/** Objects whose metadata is looked at, spread over the listing. */
const SAMPLED = 200;
/** Bytes read at most to measure the source's speed. */
const READ_SAMPLE = 32 * MiB;

interface Sum {
  objects: number;
  bytes: number;
}

/** Rejects where a side cannot be listed. */
export async function planTask(context: EngineContext): Promise<PlanSummary> {
  await using disposables = new AsyncDisposableStack();
  const { spec, signal } = context;
  refuseContradictions(spec);
  const source = await ordered(context.source, context, disposables);
  const destination = await orderedDestination(context.destination, context, disposables);
  const comparison: Comparison = {
    method: spec.compare,
    source: source.capabilities,
    destination: destination.capabilities,
    baseline: context.baseline,
  };
  const filter = compileFilter(spec.filters);
  const sums = { listed: sum(), copy: sum(), overwrite: sum(), skip: sum(), remove: sum(), fail: sum() };
  const examples = { copy: [] as string[], overwrite: [] as string[], remove: [] as string[] };
  const losses = new ForesightBook();
  const failures = new ForesightBook();
  const sample = new Sample(SAMPLED, context.random);
  let filtered = 0;
  let irregular = 0;

  const act = (action: 'copy' | 'overwrite' | 'skip' | 'remove', entry: ObjectEntry): undefined => {
    add(sums[action], entry);
    if (action !== 'skip' && examples[action].length < EXAMPLES) examples[action].push(entry.key);
    if (action === 'copy' || action === 'overwrite') {
      sample.offer(entry);
      foreseeLoss(losses, entry, { ...context, source });
    }
    return undefined;
  };

  await walk({
    source,
    destination: spec.type === 'delete' || !destination.capabilities.list ? undefined : destination,
    destinationOnly: spec.deleteExtraneous,
    prefix: spec.filters.prefix,
    ranges: [new LiveRange(undefined, undefined, undefined, new Tally())],
    signal,
    onRange: () => undefined,
    onPage: () => undefined,
    meet: (_range, here, there) => {
      if (!here) return there!.directory || !filter.passes(there!) ? undefined : act('remove', there!);
      if (here.directory && !here.directory.empty) return undefined;
      add(sums.listed, here);
      if (!filter.passes(here)) {
        filtered++;
        return undefined;
      }
      if (here.irregular !== undefined) {
        losses.add('irregular files', here.irregular, here.key);
        irregular++;
        return undefined;
      }
      if (here.badName) {
        failures.add('names', `${here.badName.reason}. ${here.badName.remedy}`, here.key);
        add(sums.fail, here);
        return undefined;
      }
      if (spec.type === 'delete') return act('remove', here);
      if (!there) return act('copy', here);
      const verdict = spec.createOnly ? 'equal' : judge(comparison, here, there);
      if (verdict === 'unknown') losses.add('undecided', 'sizes are equal; a run reads both sides to decide', here.key);
      return act(verdict === 'equal' ? 'skip' : 'overwrite', here);
    },
  });

  if (spec.type !== 'delete') await lookAtMetadata({ ...context, source }, sample.entries, losses);
  const estimate = await estimateTime({ ...context, source }, sample.entries, sums);
  return { ...sums, filtered, irregular, failures: failures.entries(), losses: losses.entries(), examples, estimate };
}

function sum(): Sum {
  return { objects: 0, bytes: 0 };
}

function add(to: Sum, entry: ObjectEntry): void {
  to.objects++;
  to.bytes += entry.size ?? 0;
}

/** So many of a stream, each with the same chance. */
class Sample {
  readonly entries: ObjectEntry[] = [];
  readonly #size: number;
  readonly #random: () => number;
  #seen = 0;

  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  offer(entry: ObjectEntry): void {
    this.#seen++;
    if (this.entries.length < this.#size) this.entries.push(entry);
    else {
      const at = Math.floor(this.#random() * this.#seen);
      if (at < this.#size) this.entries[at] = entry;
    }
  }
}

async function lookAtMetadata(
  context: EngineContext,
  entries: readonly ObjectEntry[],
  losses: ForesightBook,
): Promise<void> {
  const { source, destination, spec, signal } = context;
  const capabilities = { ...destination.capabilities };
  const report = { ...spec.fidelity, onLoss: 'report' as const };
  let looked = 0;
  const found = new Map<string, string[]>();
  for (let i = 0; i < entries.length; i += 16) {
    const metas = await Promise.all(entries.slice(i, i + 16).map((entry) => source.stat(entry.key, signal)));
    for (const [at, meta] of metas.entries()) {
      if (!meta) continue;
      looked++;
      const tags = meta.tagCount ? { tag: '' } : undefined;
      for (const kind of outfit(meta, tags, report, capabilities).losses) {
        const keys = found.get(kind) ?? [];
        keys.push(entries[i + at]!.key);
        found.set(kind, keys);
      }
    }
  }
  for (const [kind, keys] of found) {
    losses.sampled(kind.replace('-', ' '), `of ${looked} objects looked at; the destination cannot keep it`, keys);
  }
}

/** Reads some of the sample and supposes that writing is as fast. */
async function estimateTime(
  context: EngineContext,
  entries: readonly ObjectEntry[],
  sums: { copy: Sum; overwrite: Sum; remove: Sum },
): Promise<PlanSummary['estimate']> {
  const { source, signal } = context;
  const objects = sums.copy.objects + sums.overwrite.objects;
  const bytes = sums.copy.bytes + sums.overwrite.bytes;
  if (objects === 0) return { milliseconds: 0, bytesPerSecond: 0, objectsPerSecond: 0, basis: 'nothing to copy' };
  const started = performance.now();
  let read = 0;
  let count = 0;
  const queue = entries.slice(0, 64);
  const worker = async (): Promise<void> => {
    for (let entry = queue.shift(); entry && read < READ_SAMPLE; entry = queue.shift()) {
      const length = Math.min(entry.size ?? MiB, 4 * MiB);
      if (length === 0 || entry.directory) continue;
      const { body } = await source.read(entry.key, { length }, signal);
      for await (const chunk of body) read += chunk.byteLength;
      count++;
    }
  };
  try {
    await Promise.all(Array.from({ length: 16 }, worker));
  } catch (thrown) {
    if (signal.aborted) throw new FerryError('interrupted', { cause: thrown });
    return {
      milliseconds: Number.NaN,
      bytesPerSecond: 0,
      objectsPerSecond: 0,
      basis: 'the source could not be read for a measurement',
    };
  }
  const seconds = Math.max(0.001, (performance.now() - started) / 1000);
  const bytesPerSecond = read / seconds;
  const objectsPerSecond = count / seconds;
  const milliseconds =
    1000 * Math.max(bytesPerSecond > 0 ? bytes / bytesPerSecond : 0, count > 0 ? objects / objectsPerSecond : 0);
  return {
    milliseconds,
    bytesPerSecond,
    objectsPerSecond,
    basis: `${count} objects read, 16 at once; writing supposed to be as fast`,
  };
}
