/** What comes before the first object of a run: the stores are measured, and made to list in order. */
import type { JournaledContext } from './engine.ts';
import { ETAG_FACT, etagFact, sampledSource } from './etags.ts';
import { fetchFallback } from './fetching.ts';
import { ordered, orderedDestination } from './list/ordered.ts';
import { discardUpload } from './move/uploads.ts';
import { override } from './override.ts';
import { probeDestination, scratchKey, type Probed } from './probe.ts';

/**
 * The context with its stores as they are in truth. Rejects where the destination cannot be written to. What is made on disk is removed by `disposables`.
 */
export async function prepare(c: JournaledContext, disposables: AsyncDisposableStack): Promise<JournaledContext> {
  const { spec } = c;
  if (spec.type === 'delete') return { ...c, source: await ordered(c.source, c, disposables) };
  const fallback = fetchFallback(spec, c.source, c.destination);
  if (fallback) c.emit({ type: 'notice', ...fallback });
  // Nobody writes scratch keys into a bucket that clients use.
  const measured = c.custody === undefined ? measure(c) : { capabilities: {} };
  const [{ capabilities }, sampled] = await Promise.all([measured, sampledSource(c.source, c)]);
  const known = override(c.destination, { capabilities: { ...c.destination.capabilities, ...capabilities } });
  const source = await ordered(sampled, c, disposables);
  return { ...c, source, destination: await orderedDestination(known, c, disposables) };
}

/** Probes the destination, and writes down what those should know who only read there. */
async function measure({ destination, journal, signal, now, emit }: JournaledContext): Promise<Probed> {
  const key = await rememberedKey(journal);
  // Of a probe that was killed.
  await discardUpload({ uploads: journal, destination, signal }, key);
  const probed = await probeDestination(destination, signal, {
    key,
    record: { uploads: journal, now, retries: () => destination.stats.retries },
  });
  for (const surprise of probed.surprises) {
    emit({ type: 'notice', message: `${destination.info.name} ${surprise}; Ferry does without` });
  }
  if (destination.capabilities.etag === 'unknown') {
    await journal.setFact(ETAG_FACT, etagFact(destination, probed.capabilities.etag));
  }
  return probed;
}

/** One scratch key for all runs of the task: what a killed one left behind is overwritten, and removed. */
async function rememberedKey(journal: JournaledContext['journal']): Promise<string> {
  const known = await journal.getFact('scratch-key');
  if (typeof known === 'string') return known;
  const key = scratchKey();
  await journal.setFact('scratch-key', key);
  return key;
}
