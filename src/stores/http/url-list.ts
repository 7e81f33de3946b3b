/** The URLs of an `http` endpoint, and which of them a key means. */
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { keyProblem, urlKey } from '../../store/url-key.ts';
import { ExternalSorter } from '../../store/external-sort.ts';
import { temporaryFailure } from '../../store/temporary-failure.ts';
import type { Line, LineFile } from '../../store/line-file.ts';
import type { HttpSettings } from './options.ts';

export interface Target {
  readonly key: Key;
  readonly url: URL;
}

export interface BadLine {
  /** To show. */
  readonly key: string;
  readonly problem: string;
}

export interface TargetPage {
  readonly targets: readonly (Target | BadLine)[];
  /** Position of the next page; absent at the end. */
  readonly next?: number | undefined;
}

export interface UrlList extends AsyncDisposable {
  page(position: number, limit: number): Promise<TargetPage>;
  find(key: Key): Promise<URL | undefined>;
}

type NamingOptions = Pick<HttpSettings, 'baseUrl' | 'keys'>;

/** Lists up to this size are kept as a map in memory, bytes; larger ones as a sorted index on disk. */
const IN_MEMORY = 4 * 1024 * 1024;
const LINES = 1000;

/** URLs given one by one. Two of one key are refused. */
export class InlineUrls implements UrlList {
  readonly #targets: readonly (Target | BadLine)[];
  readonly #byKey = new Map<Key, URL>();

  constructor(urls: readonly string[], options: NamingOptions) {
    const lines = urls.map((text, index) => parse({ offset: index, text }, options.baseUrl));
    const hosts = new Set(lines.flatMap((line) => ('url' in line ? [line.url.host] : [])));
    const withHost = options.keys === 'host' || (options.keys === 'auto' && hosts.size > 1);
    this.#targets = lines.map((line) => name(line, withHost));
    for (const target of this.#targets) {
      if ('problem' in target)
        throw new FerryError('configuration', { message: `\`urls\`: ${target.key}: ${target.problem}` });
      const other = this.#byKey.get(target.key);
      if (other) {
        const message = `\`urls\`: ${shown(other)} and ${shown(target.url)} would both be ${JSON.stringify(target.key)}`;
        throw new FerryError('configuration', { message, remedy: 'Give one of them a key of its own after the URL.' });
      }
      this.#byKey.set(target.key, target.url);
    }
  }

  async page(position: number, limit: number): Promise<TargetPage> {
    const end = position + limit;
    return { targets: this.#targets.slice(position, end), next: end < this.#targets.length ? end : undefined };
  }

  async find(key: Key): Promise<URL | undefined> {
    return this.#byKey.get(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#byKey.clear();
  }
}

/**
 * URLs in a file. A key is looked up in an index made when it is first needed: one pass over the list, then 16 bytes a
 * line on disk, found by bisection.
 */
export class ListedUrls implements UrlList {
  readonly #options: NamingOptions;
  readonly #file: LineFile;
  readonly #tmpdir: () => string;
  #withHost: Promise<boolean> | undefined;
  #index: Promise<Index> | undefined;

  constructor(file: LineFile, options: NamingOptions, tmpdir: () => string) {
    this.#file = file;
    this.#options = options;
    this.#tmpdir = tmpdir;
  }

  async page(position: number, limit: number): Promise<TargetPage> {
    const { lines, next } = await this.#file.read(position, limit);
    const withHost = await (this.#withHost ??= this.#needsHost());
    return { targets: lines.map((line) => name(parse(line, this.#options.baseUrl), withHost)), next };
  }

  async find(key: Key): Promise<URL | undefined> {
    const index = await (this.#index ??= this.#makeIndex());
    for (const offset of await index.find(key)) {
      const { targets } = await this.page(offset, 1);
      const [target] = targets;
      if (target && 'url' in target && target.key === key) return target.url;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const index = await this.#index?.catch(() => undefined);
    await index?.[Symbol.asyncDispose]();
    await this.#file[Symbol.asyncDispose]();
  }

  /** Whether there are several hosts; reads no further than to the second one. */
  async #needsHost(): Promise<boolean> {
    if (this.#options.keys !== 'auto') return this.#options.keys === 'host';
    let host: string | undefined;
    for (let position: number | undefined = 0; position !== undefined;) {
      const page: Awaited<ReturnType<LineFile['read']>> = await this.#file.read(position, LINES);
      for (const line of page.lines) {
        const parsed = parse(line, this.#options.baseUrl);
        if (!('url' in parsed)) continue;
        if (host !== undefined && host !== parsed.url.host) return true;
        host = parsed.url.host;
      }
      position = page.next;
    }
    return false;
  }

  async #makeIndex(): Promise<Index> {
    const withHost = await (this.#withHost ??= this.#needsHost());
    const small = (await this.#file.size()) <= IN_MEMORY;
    const index = small ? new MemoryIndex() : await DiskIndex.make(this.#tmpdir());
    for (let position: number | undefined = 0; position !== undefined;) {
      const page: Awaited<ReturnType<LineFile['read']>> = await this.#file.read(position, LINES);
      for (const line of page.lines) {
        const target = name(parse(line, this.#options.baseUrl), withHost);
        if ('url' in target) index.add(target.key, line.offset);
      }
      position = page.next;
    }
    await index.seal();
    return index;
  }
}

/** From keys to offsets of lines that may have them. */
interface Index extends AsyncDisposable {
  add(key: Key, offset: number): void;
  seal(): Promise<void>;
  find(key: Key): Promise<readonly number[]>;
}

class MemoryIndex implements Index {
  readonly #offsets = new Map<Key, number>();

  add(key: Key, offset: number): void {
    if (!this.#offsets.has(key)) this.#offsets.set(key, offset);
  }

  async seal(): Promise<void> {
    // It is complete as it is.
  }

  async find(key: Key): Promise<readonly number[]> {
    const offset = this.#offsets.get(key);
    return offset === undefined ? [] : [offset];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#offsets.clear();
  }
}

/** Records of 16 bytes in the order of the hash: half of the key's MD5, offset of the line. */
class DiskIndex implements Index {
  readonly #folder: string;
  readonly #sorter: ExternalSorter;
  #file: FileHandle | undefined;
  #count = 0;

  static async make(tmpdir: string): Promise<DiskIndex> {
    return new DiskIndex(await mkdtemp(path.join(tmpdir, 'urls-')));
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.#sorter = new ExternalSorter({ tmpdir: () => folder });
  }

  add(key: Key, offset: number): void {
    this.#sorter.add(hashOf(key), offset.toString(16).padStart(16, '0'));
    this.#count++;
  }

  async seal(): Promise<void> {
    try {
      this.#file = await open(path.join(this.#folder, 'index'), 'w+', 0o600);
      for await (const batch of this.#sorter.sorted())
        await this.#file.appendFile(Buffer.from(batch.map(({ key, payload }) => key + payload).join(''), 'hex'));
    } catch (thrown) {
      throw temporaryFailure(thrown, this.#folder);
    }
    await this.#sorter[Symbol.asyncDispose]();
  }

  async find(key: Key): Promise<readonly number[]> {
    const hash = hashOf(key);
    let low = 0;
    for (let high = this.#count; low < high;) {
      const middle = (low + high) >>> 1;
      if ((await this.#record(middle)).hash < hash) low = middle + 1;
      else high = middle;
    }
    const offsets: number[] = [];
    for (let at = low; at < this.#count; at++) {
      const record = await this.#record(at);
      if (record.hash !== hash) break;
      offsets.push(record.offset);
    }
    return offsets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #record(index: number): Promise<{ hash: string; offset: number }> {
    const bytes = Buffer.allocUnsafe(16);
    await this.#file!.read(bytes, 0, 16, index * 16);
    return { hash: bytes.toString('hex', 0, 8), offset: Number(bytes.readBigUInt64BE(8)) };
  }
}

function hashOf(key: Key): string {
  return createHash('md5').update(key).digest('hex').slice(0, 16);
}

interface Parsed {
  readonly url: URL;
  /** Given with the URL. */
  readonly key: Key | undefined;
}

function parse(line: Line, base: URL | undefined): Parsed | BadLine {
  if (line.problem !== undefined) return { key: line.text, problem: line.problem };
  const text = line.text.trimStart();
  const tab = text.indexOf('\t');
  const cut = tab >= 0 ? tab : text.search(/\s/);
  const href = (cut < 0 ? text : text.slice(0, cut)).trim();
  const key = cut < 0 ? undefined : text.slice(cut + 1).trim();
  if (!URL.canParse(href, base?.href))
    return { key: href, problem: 'it is no URL (`base_url` is needed for relative ones)' };
  const url = new URL(href, base?.href);
  url.hash = '';
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { key: shown(url), problem: 'it is no http or https URL' };
  if (url.username !== '' || url.password !== '')
    return { key: shown(url), problem: 'credentials belong into `username` and `password`, not into a URL' };
  return { url, key: key === '' ? undefined : key };
}

function name(parsed: Parsed | BadLine, withHost: boolean): Target | BadLine {
  if ('problem' in parsed) return parsed;
  const { url } = parsed;
  const key = parsed.key ?? urlKey(url, withHost);
  const problem = keyProblem(key);
  return problem === undefined ? { key, url } : { key: shown(url), problem };
}

/** Without query and credentials, which may be secret. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
