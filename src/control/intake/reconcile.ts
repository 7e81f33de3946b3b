/** Finds what events missed: both sides are compared, and what differs is copied or, where deletes count, removed. */
import type { EngineContext } from '../../engine/engine.ts';
import { ordered, orderedDestination } from '../../engine/list/ordered.ts';
import { walkWhole } from '../../engine/list/walk-whole.ts';
import { FerryError } from '../../model/errors.ts';
import type { EventBook, EventSourceRecord, NewEvent } from '../../state/control/event-book.ts';
import type { BulkRunner } from '../jobs/runner.ts';
import type { OpenPair } from './stores.ts';

export interface ReconcileContext {
  readonly book: EventBook;
  readonly runner: BulkRunner;
  readonly open: OpenPair;
  readonly now: () => number;
  readonly tmpdir: () => string;
  readonly stopping: AbortSignal;
  /** The look for deletes went forward; the task before tells of itself. */
  readonly moved: () => void;
}

/** Behind what events bring. */
const PRIORITY = 3;
const BATCH = 500;

/** Rejects with why it could not be done. */
export async function reconcile(c: ReconcileContext, source: EventSourceRecord): Promise<void> {
  const definition = {
    type: 'copy',
    source: { store: source.source },
    destination: { store: source.destination },
    ...(source.prefix === '' ? {} : { filters: { prefix: source.prefix } }),
  };
  // A task is never another one under its old name.
  const name = `events-${source.name}${source.version === 1 ? '' : `.${source.version}`}`;
  const task = { name, definition, priority: PRIORITY, what: 'run' } as const;
  const end = await c.runner.run(task, { started: () => undefined, progress: () => undefined });
  if (end.error) throw new FerryError('unavailable', { message: end.error.message });
  if (end.outcome === 'interrupted') throw new FerryError('interrupted');
  if (source.deletes === 'apply') await findDeletes(c, source);
}

/**
 * What only the destination has becomes an event: it is removed one by one, each after another look at the source. A
 * source that has nothing at all looks like a broken one: nothing is removed by it.
 */
async function findDeletes(
  { book, open, now, tmpdir, stopping, moved }: ReconcileContext,
  record: EventSourceRecord,
): Promise<void> {
  await using pair = await open(record);
  await using disposables = new AsyncDisposableStack();
  const context: Pick<EngineContext, 'spec' | 'tmpdir' | 'signal' | 'emit'> = {
    spec: pair.spec,
    tmpdir,
    signal: stopping,
    emit: () => undefined,
  };
  const first = await pair.source.list({ prefix: record.prefix, limit: 1 }, stopping);
  if (first.entries.length === 0) return;
  let found: NewEvent[] = [];
  const flush = async (): Promise<undefined> => {
    const batch = found;
    found = [];
    if (batch.length > 0) await book.add(record.name, batch, now());
    return undefined;
  };
  await walkWhole({
    source: await ordered(pair.source, context, disposables),
    destination: await orderedDestination(pair.destination, context, disposables),
    destinationOnly: true,
    prefix: record.prefix === '' ? undefined : record.prefix,
    signal: stopping,
    meet: (_range, here, there) => {
      moved();
      if (here !== undefined || there === undefined || there.directory || there.badName || there.irregular)
        return undefined;
      found.push({ key: there.key, change: 'removed', sequencer: '' });
      return found.length < BATCH ? undefined : flush();
    },
  });
  await flush();
}
