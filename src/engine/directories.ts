/**
 * Gives directories that hold something their mode, owner and time, from one tree to another.
 *
 * Such a directory is made by what is put into it, and everything put into it or removed changes its time. So this comes
 * last, after every move and removal: the source is listed once more (directories alone, where nothing narrows the
 * task), and each directory on the way to a wanted key is compared, and set where it differs. Those below come before
 * the one they are in, whose mode may shut the way to them. A directory the destination does not have is not made.
 *
 * Memory: the names of the directories from the root down, one page, and `TOGETHER` directories. Costs two looks at each
 * directory where nothing differs.
 */
import { toFerryError, type FerryError } from '../model/errors.ts';
import type { Key } from '../model/key.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { Store, WriteOptions } from '../store/store.ts';
import type { EngineContext } from './engine.ts';
import { compileFilter } from './filter.ts';
import { outfit } from './move/metadata.ts';

type Context = Pick<EngineContext, 'spec'> & {
  readonly source: Store;
  readonly destination: Store;
  readonly signal: AbortSignal;
};

/** So many are looked at before those that differ are set, in their order. */
const TOGETHER = 64;
const PAGE = 1000;
/** What an owner needs to make something in a directory. */
const OWNERS = 0o300;

/**
 * `ended` is told of each directory that was set or could not be. Rejects where the source cannot be listed or the
 * signal aborts.
 */
export async function settleDirectories(
  c: Context,
  ended: (key: Key, error: FerryError | undefined) => void,
): Promise<void> {
  if (!keepsDirectories(c)) return;
  let batch: Key[] = [];
  const flush = async (): Promise<void> => {
    await settle(c, batch, ended);
    batch = [];
  };
  for await (const key of directoriesBelowFirst(c)) {
    batch.push(key);
    if (batch.length === TOGETHER) await flush();
  }
  await flush();
}

/**
 * Where a directory on the way to `key` keeps its owner from making something in it, it is opened to him until
 * `settleDirectories` gives it its mode again; false where that is not what is missing, or nobody would.
 */
export async function openTheWay(c: Context, key: Key): Promise<boolean> {
  if (!keepsDirectories(c)) return false;
  for (let end = key.lastIndexOf('/', key.length - 2); end > 0; end = key.lastIndexOf('/', end - 1)) {
    const directory = key.slice(0, end + 1);
    const mode = (await c.destination.stat(directory, c.signal))?.posix?.mode;
    if (mode === undefined) continue;
    if ((mode & OWNERS) === OWNERS) return false;
    await c.destination.write(directory, new Uint8Array(), { meta: { posix: { mode: mode | OWNERS } } }, c.signal);
    return true;
  }
  return false;
}

/** Both sides have directories with attributes, and the task wants some of these. */
function keepsDirectories({ spec, source, destination }: Context): boolean {
  const { metadata, modified } = spec.fidelity;
  return (
    (metadata === 'keep' || modified) &&
    destination.capabilities.metadata.posix &&
    [source, destination].every(({ capabilities }) => capabilities.keys.directories === 'directories')
  );
}

/** Every directory on the way to a key the task wants, the deeper ones before those they are in. */
async function* directoriesBelowFirst(c: Context): AsyncGenerator<Key> {
  const { filters } = c.spec;
  const filter = compileFilter(filters);
  const within: Key[] = [];
  for await (const entry of listed(c)) {
    if (entry.irregular !== undefined || entry.badName || !filter.passes(entry)) continue;
    while (within.length > 0 && !entry.key.startsWith(within.at(-1)!)) yield within.pop()!;
    const known = within.at(-1)?.length ?? 0;
    for (let slash = entry.key.indexOf('/', known); slash >= 0; slash = entry.key.indexOf('/', slash + 1)) {
      within.push(entry.key.slice(0, slash + 1));
    }
  }
  while (within.length > 0) yield within.pop()!;
}

/** What stands for the directories wanted: these themselves, or what is in them where only some of that is wanted. */
async function* listed({ spec, source, signal }: Context): AsyncGenerator<ObjectEntry> {
  const { prefix, keysFile, ...narrowing } = spec.filters;
  const narrowed =
    keysFile !== undefined ||
    Object.values(narrowing).some((value) => (Array.isArray(value) ? value.length > 0 : value !== undefined));
  for (let after: Key | undefined; ;) {
    const page = await source.list({ prefix, after, limit: PAGE, directoriesOnly: !narrowed }, signal);
    for (const entry of page.entries) {
      // A directory is told by what passes a filter in it, unless it is empty and moved as such.
      if (!narrowed || !entry.directory || entry.directory.empty) yield entry;
    }
    if (page.next === undefined) return;
    after = page.next;
  }
}

async function settle(
  c: Context,
  keys: readonly Key[],
  ended: (key: Key, error: FerryError | undefined) => void,
): Promise<void> {
  const found = await Promise.allSettled(keys.map((key) => wanted(c, key)));
  for (const [i, key] of keys.entries()) {
    c.signal.throwIfAborted();
    const each = found[i]!;
    try {
      if (each.status === 'rejected') throw each.reason;
      if (!each.value) continue;
      await c.destination.write(key, new Uint8Array(), each.value, c.signal);
      ended(key, undefined);
    } catch (thrown) {
      c.signal.throwIfAborted();
      ended(key, toFerryError(thrown));
    }
  }
}

/** What the directory is to be given; undefined where it has that, or is gone on either side. */
async function wanted({ spec, source, destination, signal }: Context, key: Key): Promise<WriteOptions | undefined> {
  const here = await source.stat(key, signal);
  const there = here && (await destination.stat(key, signal));
  if (!here || !there) return undefined;
  const { options } = outfit(here, undefined, { ...spec.fidelity, onLoss: 'report' }, destination.capabilities);
  const { posix, modified } = options.meta ?? {};
  const same =
    (modified === undefined || modified === there.modified) &&
    (['mode', 'uid', 'gid'] as const).every(
      (name) => posix?.[name] === undefined || posix[name] === there.posix?.[name],
    );
  return same ? undefined : { meta: { posix, modified } };
}
