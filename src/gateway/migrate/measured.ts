import { override } from '../../engine/override.ts';
import { probeDestination } from '../../engine/probe.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import type { MovingBucket } from '../../state/moving-bucket.ts';
import type { ComposedStore } from '../../store/compose.ts';
import { readFact, writeFact } from './facts.ts';

/**
 * The new side as it is in truth. It is measured by writing before anybody reads it, and that is remembered. Rejects where it
 * cannot be written to. Where it could not be measured in time, it is taken not to refuse to replace.
 */
export async function measured(
  store: ComposedStore,
  bucket: MovingBucket,
  signal: AbortSignal,
): Promise<ComposedStore> {
  const { identity } = store.info;
  let fact = await readFact(bucket, 'measured');
  if (fact?.identity !== identity) {
    const { phase } = await bucket.record();
    const unread = phase === 'created' || phase === 'tracking' || phase === 'rolled-back';
    fact = unread ? { identity, capabilities: (await probeDestination(store, signal)).capabilities } : undefined;
    if (fact !== undefined) await writeFact(bucket, 'measured', fact);
  }
  const known = fact?.capabilities ?? { writeIfAbsent: false };
  return withCapabilities(store, { ...store.capabilities, ...known });
}

function withCapabilities(store: ComposedStore, capabilities: Capabilities): ComposedStore {
  return override<ComposedStore>(store, {
    capabilities,
    within: (layer) => withCapabilities(store.within(layer), capabilities),
    once: () => withCapabilities(store.once(), capabilities),
  });
}
