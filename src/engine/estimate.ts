/**
 * How long copying will take: a start, and whichever takes longer of the number of objects and their bytes.
 *
 * Both rates are measured at the source by reading a few small pieces and a few large ones; writing is supposed to be as
 * fast. Reads 32 MiB at most, for some 10 seconds at most.
 */
import { FerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import { formatBytes, KiB, MiB } from '../model/units.ts';
import type { EngineContext } from './engine.ts';
import { bandwidthAt } from './pace/timetable.ts';
import type { PlanSummary } from './progress.ts';

/** Probing the destination, the first requests and the books, milliseconds. */
const START = 1000;
const READERS = 16;
const SMALL_READS = 32;
const SMALL_PIECE = 64 * KiB;
const LARGE_PIECE = 4 * MiB;
const LARGE_READS = 32 * MiB;
/** Each of the two measurements ends after so long, milliseconds. */
const LONGEST = 5000;
/** Fewer bytes tell of waiting rather than of speed; then this speed is supposed, per second. */
const TELLING = 4 * MiB;
const SUPPOSED = 50 * MiB;

export interface Work {
  readonly objects: number;
  /** Of those whose size is known. */
  readonly bytes: number;
  /** Objects whose size is not known. */
  readonly unsized: number;
  /** Some of the objects at random, and the largest. */
  readonly sample: readonly ObjectEntry[];
  readonly largest: readonly ObjectEntry[];
}

export async function estimateTime(context: EngineContext, work: Work): Promise<PlanSummary['estimate']> {
  const { objects, unsized } = work;
  const unmeasured = { atLeast: false, unsized, bytesPerSecond: 0, objectsPerSecond: 0 };
  if (objects === 0) return { ...unmeasured, milliseconds: 0, basis: 'nothing to copy' };
  if (work.sample.every((entry) => entry.directory))
    return { ...unmeasured, milliseconds: START, basis: 'empty directories only' };
  const readers = Math.min(READERS, context.spec.limits.concurrency ?? READERS);
  const small = await readSmall(context, work.sample, readers);
  const large = await readLarge(context, work.largest, readers);
  if (small.latencies.length === 0) {
    return { ...unmeasured, basis: 'the source could not be read for a measurement' };
  }
  const notes = [
    `${small.latencies.length} ${small.latencies.length === 1 ? 'object' : 'objects'} and ${formatBytes(small.bytes + large.bytes)} read, ${readers} at once`,
    'writing supposed to be as fast',
  ];
  let bytesPerSecond = large.bytes / large.seconds;
  if (large.bytes < TELLING && bytesPerSecond < SUPPOSED) {
    bytesPerSecond = SUPPOSED;
    notes.push('nothing large to measure the speed by');
  }
  let objectsPerSecond = readers / median(small.latencies);
  const { limits } = context.spec;
  const bandwidth = bandwidthAt(limits.bandwidth, new Date(context.now()));
  if (bandwidth !== undefined && bandwidth < bytesPerSecond) {
    bytesPerSecond = bandwidth;
    notes.push('`bandwidth` as it is now');
  }
  if (limits.objectsPerSecond !== undefined && limits.objectsPerSecond < objectsPerSecond) {
    objectsPerSecond = limits.objectsPerSecond;
    notes.push('`rate_limit`');
  }
  const known = objects - unsized;
  if (unsized > 0 && known > 0) notes.push(`${unsized} objects of unknown size supposed to be like the others`);
  const bytes = known > 0 ? (work.bytes / known) * objects : 0;
  const milliseconds = START + 1000 * Math.max(objects / objectsPerSecond, bytes / bytesPerSecond);
  return { milliseconds, atLeast: known === 0, unsized, bytesPerSecond, objectsPerSecond, basis: notes.join('; ') };
}

/** Seconds each small read took. */
async function readSmall(
  context: EngineContext,
  entries: readonly ObjectEntry[],
  readers: number,
): Promise<{ latencies: number[]; bytes: number }> {
  const latencies: number[] = [];
  let bytes = 0;
  await each(context, entries.slice(0, SMALL_READS), readers, async (entry) => {
    const started = performance.now();
    bytes += await readSome(context, entry, SMALL_PIECE);
    latencies.push(Math.max(1e-6, (performance.now() - started) / 1000));
    return true;
  });
  return { latencies, bytes };
}

async function readLarge(
  context: EngineContext,
  entries: readonly ObjectEntry[],
  readers: number,
): Promise<{ bytes: number; seconds: number }> {
  const started = performance.now();
  let bytes = 0;
  let begun = 0;
  await each(context, entries, readers, async (entry) => {
    if (begun >= LARGE_READS) return false;
    begun += Math.min(entry.size ?? 0, LARGE_PIECE);
    bytes += await readSome(context, entry, LARGE_PIECE);
    return true;
  });
  return { bytes, seconds: Math.max(0.001, (performance.now() - started) / 1000) };
}

/** Until `use` says false or the time is over. An object that cannot be read tells nothing; its run will tell why. */
async function each(
  context: EngineContext,
  entries: readonly ObjectEntry[],
  readers: number,
  use: (entry: ObjectEntry) => Promise<boolean>,
): Promise<void> {
  const queue = entries.filter((entry) => !entry.directory);
  const end = performance.now() + LONGEST;
  const reader = async (): Promise<void> => {
    for (let entry = queue.shift(); entry && performance.now() < end; entry = queue.shift()) {
      try {
        if (!(await use(entry))) return;
      } catch (thrown) {
        if (context.signal.aborted) throw new FerryError('interrupted', { cause: thrown });
      }
    }
  };
  await Promise.all(Array.from({ length: readers }, reader));
}

/** Reads at most `most` bytes of the beginning; at most as long as a measurement lasts. */
async function readSome({ source, signal }: EngineContext, entry: ObjectEntry, most: number): Promise<number> {
  const part = source.capabilities.readRange && entry.size !== undefined && entry.size > most;
  const end = performance.now() + LONGEST;
  const { body } = await source.read(entry.key, part ? { length: most } : undefined, signal);
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes >= most || performance.now() > end) break;
  }
  body.cancel();
  return bytes;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
