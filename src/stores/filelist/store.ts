/** Files below a directory, those that a text file names, as a read-only Store. */
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectEntry, ObjectMeta } from '../../model/object.ts';
import { throwIfAborted } from '../../store/abort.ts';
import type { FileReach } from '../../store/file-reach.ts';
import { LineFile, type Line } from '../../store/line-file.ts';
import type { ListPage, ListRequest, ReadOptions, ReadResult, Store, StoreInfo } from '../../store/store.ts';

const MAX_PAGE = 1000;
/** Keys among which a double is noticed. One further away is moved again, which changes nothing. */
const RECENT = 10_000;

export class FileListStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly #files: Store;
  readonly #listPath: string;
  readonly #reach: FileReach | undefined;
  #list: Promise<LineFile> | undefined;
  /** Keys just listed, for whoever goes on from this cursor; another listing has its own doubles to find. */
  #recent: { readonly cursor: string; readonly keys: Set<Key> } | undefined;

  /** `files` is the tree the keys are read from; it is disposed of with this store. `reach`: where the list may be. */
  constructor(files: Store, listPath: string, reach?: FileReach) {
    this.#reach = reach;
    this.#files = files;
    this.#listPath = listPath;
    const { name, identity, place, view } = files.info;
    this.info = {
      type: 'filelist',
      name: `${name} by ${listPath}`,
      identity: `filelist:${listPath}:${identity}`,
      place,
      view,
    };
    this.capabilities = {
      ...files.capabilities,
      list: {
        order: 'unordered',
        maxPage: MAX_PAGE,
        size: false,
        modified: false,
        etag: false,
        clock: files.capabilities.list?.clock,
      },
      write: false,
      remove: false,
      writeIfAbsent: false,
      multipart: undefined,
    };
  }

  /** In the order of the file. The cursor is the offset of the next line, so a listing goes on exactly where it was. */
  async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    throwIfAborted(signal);
    const { cursor = '0', prefix = '' } = request;
    const limit = Math.max(1, Math.min(request.limit ?? MAX_PAGE, MAX_PAGE));
    const list = await (this.#list ??= LineFile.open(this.#listPath, 'list_path', this.#reach));
    if (cursor === '0') await this.#mustExist(signal);
    const keys = this.#recent?.cursor === cursor ? this.#recent.keys : new Set<Key>();
    const page = await list.read(parseCursor(cursor), limit);
    const entries: ObjectEntry[] = [];
    for (const line of page.lines) {
      const entry = entryOf(line);
      if (!entry.key.startsWith(prefix) || keys.has(entry.key)) continue;
      remember(keys, entry.key);
      entries.push(entry);
    }
    if (page.next === undefined) return { entries };
    this.#recent = { cursor: String(page.next), keys };
    return { entries, cursor: String(page.next) };
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#files.stat(key, signal);
  }

  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    return this.#files.read(key, options, signal);
  }

  async write(key: Key): Promise<never> {
    throw readOnly(key);
  }

  async remove(key: Key): Promise<never> {
    throw readOnly(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const list = await this.#list?.catch(() => undefined);
    await list?.[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
  }

  /** A root that is missing must not look like a thousand missing files. */
  async #mustExist(signal: AbortSignal | undefined): Promise<void> {
    await this.#files.list({ prefix: '\u0000', limit: 1 }, signal);
  }
}

function parseCursor(cursor: string): number {
  const offset = Number(cursor);
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new FerryError('bad-listing', { message: `${JSON.stringify(cursor)} is no position in the list` });
}

/** Lists made by `find .` begin each name with `./`, others with the `/` of the root. */
function entryOf(line: Line): ObjectEntry {
  if (line.problem !== undefined) {
    const reason = `in the list, at byte ${line.offset}: ${line.problem}`;
    return { key: line.text, badName: { reason, remedy: 'Correct this line of the list.' } };
  }
  const key = line.text.replace(/^(?:\.?\/+)+/, '');
  // The root itself, as `find .` names it.
  if (key === '') return { key: line.text, irregular: `in the list, at byte ${line.offset}: this names nothing` };
  return key.endsWith('/') ? { key, size: 0, directory: { empty: true } } : { key };
}

function remember(keys: Set<Key>, key: Key): void {
  keys.add(key);
  if (keys.size <= RECENT) return;
  for (const oldest of keys) {
    keys.delete(oldest);
    return;
  }
}

function readOnly(key: Key): FerryError {
  return new FerryError('unsupported', { key, message: 'a file list can only be read' });
}
