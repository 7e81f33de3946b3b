/** What a verification that repairs moves objects with. */
import type { Store } from '../store/store.ts';
import type { EngineContext } from './engine.ts';
import type { MoveContext } from './move/job.ts';
import { Mover } from './move/mover.ts';
import { override } from './override.ts';
import { Gate } from './pace/gate.ts';
import { probeDestination } from './probe.ts';
import type { Session } from './session.ts';
import type { VolatileUploads } from './volatile-uploads.ts';

/** Of objects under repair, all together. */
const PARTS_AT_ONCE = 8;

/** Rejects where the destination cannot be written to. */
export async function repairer(
  c: EngineContext,
  source: Store,
  { signal, meter, hashing, streams }: Session,
  uploads: MoveContext['uploads'],
): Promise<Mover> {
  const { spec, now, tmpdir } = c;
  const probed = await probeDestination(c.destination, signal);
  const capabilities = { ...c.destination.capabilities, ...probed.capabilities };
  const destination = override(c.destination, { capabilities });
  // Parts wait at a gate of their own: who repairs holds a slot of the other.
  const gate = new Gate(Math.min(PARTS_AT_ONCE, streams.limit), signal);
  return new Mover({
    spec,
    source,
    destination,
    uploads,
    gate,
    signal,
    now,
    tmpdir,
    hashing,
    retries: () => c.destination.stats.retries,
    onBytes: meter.addBytes,
  });
}

/** Nobody but this process knows of uploads that a repair without a journal began. */
export async function dropUploads({ destination }: EngineContext, uploads: VolatileUploads): Promise<void> {
  for (const ref of uploads.all()) {
    await destination.multipart?.abort(ref, AbortSignal.timeout(10_000)).catch(() => undefined);
  }
}
