/**
 * Any store as one that lists in key order.
 *
 * A store that does not (a file list, URLs, a hierarchical namespace), or a list of keys to take, is listed once to the
 * end, sorted on disk, and then paged from there by bisecting the sorted file. Doubles are dropped.
 *
 * Memory: what `ExternalSorter` needs, then one block. Disk: about 150 bytes a key, removed at the end of the run.
 */
import { randomUUID } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { FerryError } from '../../model/errors.ts';
import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import { ExternalSorter } from '../../store/external-sort.ts';
import { temporaryFailure } from '../../store/temporary-failure.ts';
import { LineFile, type LinePage } from '../../store/line-file.ts';
import type { ListPage, ListRequest, Store } from '../../store/store.ts';
import type { EngineContext } from '../engine.ts';
import { override } from '../override.ts';

const BLOCK = 64 * 1024;
const PAGE = 1000;
const BAD_LINE = 'Correct this line of the list of keys.';

/** `store` itself where it lists in order and no keys file narrows it. What is made is removed by `disposables`. */
export async function ordered<S extends Store>(
  store: S,
  context: Pick<EngineContext, 'spec' | 'tmpdir' | 'signal' | 'emit'>,
  disposables: AsyncDisposableStack,
): Promise<S> {
  const { keysFile } = context.spec.filters;
  if (keysFile === undefined && store.capabilities.list?.order === 'utf8') return store;
  context.emit({ type: 'notice', message: `${store.info.name} is listed to the end and sorted first` });
  const path = join(context.tmpdir(), `sorted-${randomUUID()}`);
  disposables.defer(() => rm(path, { force: true }));
  await using sorter = new ExternalSorter({ tmpdir: context.tmpdir });
  const entries = keysFile === undefined ? listed(store, context.signal) : keysIn(keysFile);
  for await (const entry of entries) {
    const { key, ...rest } = entry;
    sorter.add(key, JSON.stringify(rest));
  }
  await writeSorted(sorter, path).catch((thrown: unknown) => {
    throw temporaryFailure(thrown, context.tmpdir());
  });
  const file = disposables.use(await open(path, 'r'));
  const sorted = new SortedFile(file, (await file.stat()).size);
  const list = {
    order: 'utf8',
    maxPage: PAGE,
    size: false,
    modified: false,
    etag: false,
    ...store.capabilities.list,
  } as const;
  return override(store, {
    capabilities: { ...store.capabilities, list: { ...list, order: 'utf8' } },
    list: (request) => sorted.page(request),
  });
}

/** The same for a destination: a list of keys does not narrow it, and one without a listing stays so. */
export async function orderedDestination<S extends Store>(
  store: S,
  context: Pick<EngineContext, 'spec' | 'tmpdir' | 'signal' | 'emit'>,
  disposables: AsyncDisposableStack,
): Promise<S> {
  if (!store.capabilities.list) return store;
  const filters = { ...context.spec.filters, keysFile: undefined };
  return await ordered(store, { ...context, spec: { ...context.spec, filters } }, disposables);
}

async function* listed(store: Store, signal: AbortSignal): AsyncGenerator<ObjectEntry> {
  let cursor: string | undefined;
  do {
    const page = await store.list({ cursor }, signal);
    if (page.cursor !== undefined && page.cursor === cursor) {
      throw new FerryError('bad-listing', { store: store.info.name, message: 'the listing does not advance' });
    }
    yield* page.entries;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

async function* keysIn(path: string): AsyncGenerator<ObjectEntry> {
  await using file = await LineFile.open(path, 'keys_file');
  for (let at: number | undefined = 0; at !== undefined;) {
    const page: LinePage = await file.read(at, PAGE);
    for (const { offset, text, problem } of page.lines) {
      if (problem === undefined) yield { key: text };
      else yield { key: text, badName: { reason: `in ${path}, at byte ${offset}: ${problem}`, remedy: BAD_LINE } };
    }
    at = page.next;
  }
}

async function writeSorted(sorter: ExternalSorter, path: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  let last: Key | undefined;
  for await (const batch of sorter.sorted()) {
    let text = '';
    for (const { key, payload } of batch) {
      if (key === last) continue;
      last = key;
      text += `${JSON.stringify(key)}\t${payload}\n`;
    }
    await file.appendFile(text);
  }
}

/** Lines `"key"\t{…}` in key order; JSON escapes tabs and newlines, so lines are lines. */
class SortedFile {
  readonly #file: FileHandle;
  readonly #size: number;
  /** Where the page after a key begins, for the pages handed out last. */
  readonly #offsets = new Map<Key, number>();

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async page(request: ListRequest): Promise<ListPage> {
    const { prefix = '', after, through } = request;
    const limit = Math.min(request.limit ?? PAGE, PAGE);
    const from = after === undefined || compareKeys(prefix, after) > 0 ? prefix : after;
    let offset = (after === undefined ? undefined : this.#offsets.get(after)) ?? (await this.#seek(from));
    const entries: ObjectEntry[] = [];
    let ended = false;
    while (entries.length < limit && !ended) {
      const lines = await this.#lines(offset);
      if (lines.length === 0) break;
      for (const line of lines) {
        const entry = parse(line.text);
        const beyond = through !== undefined && compareKeys(entry.key, through) > 0;
        const outside = prefix !== '' && !entry.key.startsWith(prefix) && compareKeys(entry.key, prefix) > 0;
        if (beyond || outside) {
          ended = true;
          break;
        }
        if (entries.length === limit) break;
        offset = line.end;
        const wanted = entry.key.startsWith(prefix) && (after === undefined || compareKeys(entry.key, after) > 0);
        if (wanted) entries.push(entry);
      }
    }
    if (entries.length < limit || ended) return { entries };
    const next = entries.at(-1)!.key;
    this.#offsets.set(next, offset);
    if (this.#offsets.size > 256) this.#offsets.delete(this.#offsets.keys().next().value!);
    return { entries, next };
  }

  /** Offset of a line start at or before the first key not smaller than `key`. */
  async #seek(key: Key): Promise<number> {
    let low = 0;
    let high = this.#size;
    while (high - low > BLOCK) {
      const middle = Math.floor((low + high) / 2);
      const start = await this.#lineAfter(middle);
      const [line] = start < high ? await this.#lines(start) : [];
      if (!line || compareKeys(parse(line.text).key, key) >= 0) high = middle;
      else low = start;
    }
    return low;
  }

  /** Start of the first line that begins behind `offset`. */
  async #lineAfter(offset: number): Promise<number> {
    const buffer = Buffer.allocUnsafe(BLOCK);
    for (let at = offset; at < this.#size;) {
      const { bytesRead } = await this.#file.read(buffer, 0, BLOCK, at);
      if (bytesRead === 0) break;
      const newline = buffer.subarray(0, bytesRead).indexOf(0x0a);
      if (newline >= 0) return at + newline + 1;
      at += bytesRead;
    }
    return this.#size;
  }

  /** The whole lines of the block that begins at `offset`, at least one where there is one. */
  async #lines(offset: number): Promise<{ text: string; end: number }[]> {
    for (let size = BLOCK; offset < this.#size; size *= 2) {
      const buffer = Buffer.allocUnsafe(Math.min(size, this.#size - offset));
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, offset);
      const block = buffer.subarray(0, bytesRead);
      const lines = [];
      let start = 0;
      for (let newline = block.indexOf(0x0a); newline >= 0; newline = block.indexOf(0x0a, start)) {
        lines.push({ text: block.toString('utf8', start, newline), end: offset + newline + 1 });
        start = newline + 1;
      }
      if (lines.length > 0 || bytesRead === 0) return lines;
    }
    return [];
  }
}

function parse(line: string): ObjectEntry {
  const tab = line.indexOf('\t');
  const key: string = JSON.parse(line.slice(0, tab));
  const rest: Omit<ObjectEntry, 'key'> = JSON.parse(line.slice(tab + 1));
  return { key, ...rest };
}
