/**
 * What ETags are worth where nobody tells (`Capabilities.etag` is `unknown`).
 *
 * A few small objects are read, and their MD5s compared with their ETags; nothing is written. Costs a page of the
 * listing and up to three reads. What a run has measured by writing (`probe.ts`) is remembered for those who only read.
 */
import { FerryError, toFerryError } from '../model/errors.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { ObjectEntry } from '../model/object.ts';
import { MiB } from '../model/units.ts';
import type { Store } from '../store/store.ts';
import { contentEtag } from './compare.ts';
import { md5Hex } from '../wire/checksum/hasher.ts';
import type { EngineContext } from './engine.ts';
import { override } from './override.ts';

const SAMPLED = 3;
const LARGEST = 16 * MiB;
const PAGE = 1000;

/** The fact under which a run remembers what it measured at the destination. */
export const ETAG_FACT = 'destination-etag';

/** What `ETAG_FACT` holds for this store. */
export function etagFact(store: Store, etag: Capabilities['etag']): unknown {
  return { identity: store.info.identity, etag };
}

export interface EtagSample {
  readonly etag: 'sampled' | 'opaque' | 'unknown';
  /** Objects read whose ETag was the MD5 of their bytes. */
  readonly agreed: number;
}

/** Tries ETags that look like MD5s on objects that have them. One that is none makes all of them `opaque`. */
export async function sampleEtags(store: Store, prefix: string | undefined, signal: AbortSignal): Promise<EtagSample> {
  if (!store.capabilities.list?.etag) return { etag: 'unknown', agreed: 0 };
  const { entries } = await store.list({ limit: PAGE, ...(prefix === undefined ? {} : { prefix }) }, signal);
  const candidates = entries.filter((entry) => isCandidate(store, entry)).sort((a, b) => a.size! - b.size!);
  const verdicts = await Promise.all(
    candidates.slice(0, SAMPLED).map(({ key }) => holdsMd5(store, key, signal).catch(unreadable(signal))),
  );
  const agreed = verdicts.filter((verdict) => verdict === true).length;
  const etag = verdicts.includes(false) ? 'opaque' : agreed > 0 ? 'sampled' : 'unknown';
  return { etag, agreed };
}

/** A store with what a sample of its ETags says; itself where that is nothing, or was known before. */
export async function withSampledEtags<S extends Store>(
  store: S,
  { spec, signal }: Pick<EngineContext, 'spec' | 'signal'>,
): Promise<S> {
  if (store.capabilities.etag !== 'unknown') return store;
  const { etag } = await sampleEtags(store, spec.filters.prefix, signal);
  return withEtag(store, etag);
}

/** The source so; of one that is given by names nothing else is listed. */
export async function sampledSource<S extends Store>(
  source: S,
  context: Pick<EngineContext, 'spec' | 'signal'>,
): Promise<S> {
  return context.spec.filters.keysFile === undefined ? await withSampledEtags(source, context) : source;
}

/** A destination nothing is written to: what a run measured there stands unless a sample contradicts it now. */
export async function sampledDestination<S extends Store>(
  destination: S,
  context: Pick<EngineContext, 'spec' | 'signal' | 'recall'>,
): Promise<S> {
  if (destination.capabilities.etag !== 'unknown') return destination;
  const sampled = await withSampledEtags(destination, context);
  const measured = await context.recall?.(ETAG_FACT);
  const confirmed = JSON.stringify(measured) === JSON.stringify(etagFact(destination, 'md5'));
  return confirmed && sampled.capabilities.etag !== 'opaque' ? withEtag(destination, 'md5') : sampled;
}

export function withEtag<S extends Store>(store: S, etag: Capabilities['etag']): S {
  return store.capabilities.etag === etag ? store : override(store, { capabilities: { ...store.capabilities, etag } });
}

/** An empty object proves little: every service knows that MD5 by heart. */
function isCandidate({ capabilities }: Store, entry: ObjectEntry): boolean {
  const { size = 0 } = entry;
  return size > 0 && size <= LARGEST && contentEtag(capabilities, entry, 'hinted')?.length === 32;
}

/** Undefined where the ETag is of another form by now. */
async function holdsMd5(store: Store, key: string, signal: AbortSignal): Promise<boolean | undefined> {
  const { meta, body } = await store.read(key, undefined, signal);
  const etag = contentEtag(store.capabilities, meta, 'hinted');
  if (etag?.length !== 32 || meta.size > LARGEST) {
    body.cancel();
    return undefined;
  }
  return md5Hex(await body.bytes(LARGEST)) === etag;
}

/** What cannot be read proves nothing; whoever needs it will say so. */
function unreadable(signal: AbortSignal): (thrown: unknown) => undefined {
  return (thrown) => {
    if (signal.aborted) throw thrown instanceof FerryError ? thrown : toFerryError(thrown);
  };
}
