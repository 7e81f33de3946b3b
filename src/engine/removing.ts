/** Removing objects: what a `delete` task lists, and what the source of a copy does not have. */
import type { FerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { Store } from '../store/store.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { EngineContext, JournaledContext } from './engine.ts';
import type { EvidenceSink } from './evidence.ts';
import { Extraneous } from './extraneous.ts';
import { badNameError, failureRecord, stopsTheRun } from './failures.ts';
import { compileFilter } from './filter.ts';
import type { LiveRange, OpenKey } from './list/live-range.ts';
import { orderedDestination } from './list/ordered.ts';
import type { Tally } from './list/tally.ts';
import { walkWhole } from './list/walk-whole.ts';
import { walk } from './list/walk.ts';
import { RemovalBatch } from './removal-batch.ts';
import type { Session } from './session.ts';

/**
 * Lists both sides anew, keeps the keys that only the destination has in a file, and removes them if the whole picture
 * makes sense. Only called after a pass without gaps.
 *
 * Rejects with `guard` where it looks like the result of a broken source rather than of deletions.
 */
export async function removeExtraneous(
  c: EngineContext,
  destination: Store,
  session: Session,
  checkpointer: Checkpointer,
  evidence: EvidenceSink | undefined,
): Promise<void> {
  const { settled } = checkpointer;
  await using disposables = new AsyncDisposableStack();
  const extraneous = disposables.use(new Extraneous(c));
  await findExtraneous(c, await orderedDestination(destination, c, disposables), session, extraneous);
  if (!extraneous.mayGo()) return;
  // Of a removal that was cut off.
  const recorded = settled.failed > 0;
  await extraneous.remove(session.signal, async (key, error) => {
    if (error) {
      if (stopsTheRun(error)) throw error;
      settled.failed++;
      checkpointer.fail(failureRecord({ key }, error.with({ operation: 'remove' }), c.now(), 1));
      c.emit({ type: 'failed', key, error });
      return;
    }
    settled.deleted++;
    if (recorded) checkpointer.resolve(key);
    await evidence?.add({ key, method: 'presence', result: 'extra' });
  });
}

async function findExtraneous(
  c: EngineContext,
  destination: Store,
  session: Session,
  extraneous: Extraneous,
): Promise<void> {
  const filter = compileFilter(c.spec.filters);
  await walkWhole({
    source: c.source,
    destination,
    destinationOnly: true,
    prefix: c.spec.filters.prefix,
    signal: session.signal,
    meet: (_range, here, there) => {
      extraneous.meet(here, there, filter.passes(here ?? there!));
      return undefined;
    },
  });
}

/** `type: delete`: removes at the destination every key the source lists. */
export async function removeListed(
  c: JournaledContext,
  session: Session,
  checkpointer: Checkpointer,
  ranges: readonly LiveRange[],
): Promise<void> {
  const filter = compileFilter(c.spec.filters);
  const opened = new Map<Key, { open: OpenKey; entry: ObjectEntry }>();
  const batch = new RemovalBatch(c.destination, session.signal, async (key, error) => {
    const { open, entry } = opened.get(key)!;
    opened.delete(key);
    if (error) {
      if (stopsTheRun(error)) throw error;
      fail(open.tally, entry, error.with({ operation: 'remove' }));
    } else {
      open.tally.deleted++;
      session.ended(undefined);
    }
    open.range.close(open);
  });
  for (const range of ranges) checkpointer.add(range);
  await walk({
    source: c.source,
    destination: undefined,
    destinationOnly: false,
    prefix: c.spec.filters.prefix,
    ranges,
    signal: session.signal,
    onRange: (range) => checkpointer.add(range),
    onPage: () => undefined,
    meet: (range, here) => {
      const entry = here!;
      if (entry.directory && !entry.directory.empty) return undefined;
      return filter.needsMore(entry) ? judgeMore(range, entry) : judge(range, entry);
    },
  });

  function fail(tally: Tally, entry: ObjectEntry, error: FerryError): void {
    tally.failed++;
    checkpointer.fail(failureRecord(entry, error, c.now(), 1));
    c.emit({ type: 'failed', key: entry.key, error });
    session.ended(error);
  }

  function judge(range: LiveRange, entry: ObjectEntry): Promise<undefined> | undefined {
    range.tally.listed++;
    range.tally.listedBytes += entry.size ?? 0;
    if (!filter.passes(entry) || entry.directory) {
      range.tally.filtered++;
      return undefined;
    }
    if (entry.irregular !== undefined) {
      range.tally.irregular++;
      c.emit({ type: 'irregular', key: entry.key, reason: entry.irregular });
      return undefined;
    }
    if (entry.badName) {
      fail(range.tally, entry, badNameError(entry, entry.badName, c.source.info.name));
      return undefined;
    }
    opened.set(entry.key, { open: range.open(entry.key), entry });
    return batch.add(entry.key);
  }

  async function judgeMore(range: LiveRange, { key }: ObjectEntry): Promise<undefined> {
    const meta = await c.source.stat(key, session.signal);
    // What is not there any more cannot be judged: it is left alone.
    return meta ? await judge(range, { key, size: meta.size, etag: meta.etag, modified: meta.modified }) : undefined;
  }
  await batch.flush();
}
