/** Removing objects: what a `delete` task lists, and what the source of a copy does not have. */
import { toFerryError, type FerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { ObjectEntry } from '../model/object.ts';
import { ExternalSorter } from '../store/external-sort.ts';
import type { RemoveFailure, Store } from '../store/store.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { EngineContext, JournaledContext } from './engine.ts';
import type { EvidenceSink } from './evidence.ts';
import { badNameError, failureRecord, stopsTheRun } from './failures.ts';
import { compileFilter } from './filter.ts';
import { guardRefusal, Picture, UNCLEAR_REMEDY, whyUnclear } from './guard.ts';
import { LiveRange, type OpenKey } from './list/live-range.ts';
import { orderedDestination } from './list/ordered.ts';
import { Tally } from './list/tally.ts';
import { walk } from './list/walk.ts';
import type { Session } from './session.ts';

const BATCH = 1000;
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
  const extra = disposables.use(new ExternalSorter({ tmpdir: c.tmpdir }));
  const picture = await findExtraneous(c, await orderedDestination(destination, c, disposables), session, extra);
  const refusal = guardRefusal(c.spec, picture);
  if (refusal) throw refusal.with({ store: c.destination.info.name });
  const unclear = whyUnclear(c.spec, picture);
  if (unclear !== undefined) return c.emit({ type: 'notice', message: unclear, remedy: UNCLEAR_REMEDY });
  const batch = new Batch(c.destination, session.signal, async (key, error) => {
    if (error) {
      if (stopsTheRun(error)) throw error;
      settled.failed++;
      checkpointer.fail(failureRecord({ key }, error.with({ operation: 'remove' }), c.now(), 1));
      c.emit({ type: 'failed', key, error });
      return;
    }
    settled.deleted++;
    await evidence?.add({ key, method: 'presence', result: 'extra' });
  });
  for await (const records of extra.sorted()) for (const { key } of records) await batch.add(key);
  await batch.flush();
}

async function findExtraneous(
  c: EngineContext,
  destination: Store,
  session: Session,
  found: ExternalSorter,
): Promise<Picture> {
  const filter = compileFilter(c.spec.filters);
  const picture = new Picture();
  let unremovable = 0;
  const noteUnremovable = (key: Key, reason: string): void => {
    if (++unremovable > 1) return;
    c.emit({
      type: 'notice',
      message: `some of what only the destination has cannot be removed, first ${JSON.stringify(key)}: ${reason}`,
      remedy: 'Remove it by hand; `ferry verify` names all of it.',
    });
  };
  await walk({
    source: c.source,
    destination,
    destinationOnly: true,
    prefix: c.spec.filters.prefix,
    ranges: [new LiveRange(undefined, undefined, undefined, new Tally())],
    signal: session.signal,
    onRange: () => undefined,
    onPage: () => undefined,
    meet: (_range, here, there) => {
      const wanted = filter.passes(here ?? there!);
      picture.meet(here, there, wanted);
      if (here || !there || there.directory || !wanted) return undefined;
      if (there.badName) noteUnremovable(there.key, there.badName.reason);
      else found.add(there.key, '');
      return undefined;
    },
  });
  return picture;
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
  const batch = new Batch(c.destination, session.signal, async (key, error) => {
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

/** Collects keys and removes a thousand at once. Memory: two batches. */
class Batch {
  readonly #store: Store;
  readonly #signal: AbortSignal;
  readonly #ended: (key: Key, error: FerryError | undefined) => Promise<void>;
  #keys: Key[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(store: Store, signal: AbortSignal, ended: (key: Key, error: FerryError | undefined) => Promise<void>) {
    this.#store = store;
    this.#signal = signal;
    this.#ended = ended;
  }

  add(key: Key): Promise<undefined> | undefined {
    this.#keys.push(key);
    return this.#keys.length < BATCH ? undefined : this.flush();
  }

  async flush(): Promise<undefined> {
    const keys = this.#keys;
    this.#keys = [];
    const before = this.#last;
    this.#last = (async () => {
      await before;
      await this.#remove(keys);
    })();
    await this.#last;
    return undefined;
  }

  async #remove(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    const failed = await this.#removeAtOnce(keys);
    if (failed) {
      const failures = new Map(failed.map(({ key, error }) => [key, error]));
      for (const key of keys) {
        const error = failures.get(key);
        await this.#ended(key, error && toFerryError(error));
      }
      return;
    }
    const store = this.#store;
    const signal = this.#signal;
    for (let i = 0; i < keys.length; i += 32) {
      await Promise.all(
        keys.slice(i, i + 32).map((key) =>
          store.remove(key, signal).then(
            () => this.#ended(key, undefined),
            (error: unknown) => this.#ended(key, toFerryError(error)),
          ),
        ),
      );
    }
  }

  /** Undefined where the store cannot, or refused all for one of them: then each is tried alone. */
  async #removeAtOnce(keys: readonly Key[]): Promise<readonly RemoveFailure[] | undefined> {
    try {
      return await this.#store.removeMany?.(keys, this.#signal);
    } catch (thrown) {
      if (this.#signal.aborted || stopsTheRun(toFerryError(thrown))) throw thrown;
      return undefined;
    }
  }
}
