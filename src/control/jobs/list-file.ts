/** The list of a job on its way to the disk: checked URL by URL, one a line, never held. */
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FerryError } from '../../model/errors.ts';
import { ExternalSorter } from '../../store/external-sort.ts';
import { temporaryFailure } from '../../store/temporary-failure.ts';
import { keyProblem, urlKey } from '../../store/url-key.ts';
import { KiB, MiB } from '../../model/units.ts';

export interface ListLimits {
  /** URLs of one list. */
  readonly files: number;
  /** Bytes of a URL. */
  readonly url: number;
}

/** A URL that cannot be taken; the message says why. */
export class BadUrl extends Error {
  override readonly name = 'BadUrl';
  /** Counts from 0. */
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

const BUFFER = 256 * KiB;
/** For finding keys that two URLs would share. */
const SORTING = 4 * MiB;

export class ListFile implements AsyncDisposable {
  readonly #limits: ListLimits;
  readonly #file: FileHandle;
  readonly #path: string;
  #lines: string[] = [];
  #bytes = 0;
  #files = 0;
  readonly #hrefs: ExternalSorter;

  /** A new file, for this user only. */
  static async create(path: string, limits: ListLimits): Promise<ListFile> {
    return new ListFile(path, await open(path, 'wx', 0o600), limits);
  }

  private constructor(path: string, file: FileHandle, limits: ListLimits) {
    this.#path = path;
    this.#file = file;
    this.#limits = limits;
    this.#hrefs = new ExternalSorter({ tmpdir: () => dirname(path), memoryBytes: SORTING });
  }

  /** Throws `BadUrl`. A promise asks to wait before the next is added. */
  add(text: string): Promise<void> | undefined {
    const index = this.#files++;
    if (index >= this.#limits.files) throw new BadUrl(index, `is one more than the ${this.#limits.files} URLs allowed`);
    const href = hrefOf(text, index, this.#limits.url);
    this.#hrefs.add(href, String(index));
    this.#lines.push(href, '\n');
    this.#bytes += href.length + 1;
    return this.#bytes < BUFFER ? undefined : this.#write();
  }

  /**
   * Everything is on the disk when this resolves. Rejects with `BadUrl` where there is no URL, or two URLs would have
   * the same key. A URL that is named twice is one object.
   */
  async finish(keys: 'path' | 'host'): Promise<{ readonly files: number; readonly objects: number }> {
    await this.#write();
    if (this.#files === 0) throw new BadUrl(0, 'is missing: the list is empty');
    const objects = await this.#distinct(keys);
    await this.#file.sync();
    await syncFolder(dirname(this.#path));
    return { files: this.#files, objects };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hrefs[Symbol.asyncDispose]();
    await this.#file.close();
  }

  async #distinct(keys: 'path' | 'host'): Promise<number> {
    await using byKey = new ExternalSorter({ tmpdir: () => dirname(this.#path), memoryBytes: SORTING });
    let before = '';
    for await (const batch of this.#hrefs.sorted())
      for (const { key: href, payload } of batch) {
        if (href !== before) byKey.add(urlKey(new URL(href), keys === 'host'), payload);
        before = href;
      }
    let objects = 0;
    let last: { readonly key: string; readonly payload: string } | undefined;
    for await (const batch of byKey.sorted())
      for (const record of batch) {
        if (record.key === last?.key) {
          const index = Math.max(Number(record.payload), Number(last.payload));
          const other = Math.min(Number(record.payload), Number(last.payload));
          throw new BadUrl(index, `would be ${JSON.stringify(record.key)} as URL ${other} is, and is another one`);
        }
        objects++;
        last = record;
      }
    return objects;
  }

  async #write(): Promise<void> {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#bytes = 0;
    try {
      await this.#file.writeFile(text);
    } catch (thrown) {
      throw temporaryFailure(thrown, dirname(this.#path));
    }
  }
}

function hrefOf(text: string, index: number, longest: number): string {
  if (Buffer.byteLength(text) > longest) throw new BadUrl(index, `is longer than ${longest} bytes`);
  if (!URL.canParse(text)) throw new BadUrl(index, 'is no URL');
  const url = new URL(text);
  url.hash = '';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new BadUrl(index, 'is no http or https URL');
  if (url.username !== '' || url.password !== '') throw new BadUrl(index, 'has credentials in it');
  const problem = keyProblem(urlKey(url, false));
  if (problem !== undefined) throw new BadUrl(index, problem.replace('; give a key after the URL', ''));
  return url.href;
}

/** So that the file is found after a power cut. */
async function syncFolder(folder: string): Promise<void> {
  for (const each of [folder, dirname(folder)]) {
    await using handle = await open(each, 'r');
    await handle.sync();
  }
}

/** The lines of a text file as they come, at most `longest` bytes each and `most` in all; throws `too-large` past that. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  { longest, most }: { readonly longest: number; readonly most: number },
): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.byteLength;
    if (total > most) throw new FerryError('too-large', { message: `the list is larger than ${most} bytes` });
    const bytes = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      const line = bytes.toString('utf8', from, end).trim();
      from = end + 1;
      if (line !== '') yield line;
    }
    rest = Buffer.from(bytes.subarray(from));
    if (rest.length > longest) throw new FerryError('too-large', { message: `a line has more than ${longest} bytes` });
  }
  const line = rest.toString('utf8').trim();
  if (line !== '') yield line;
}

/** Where the list of a job is, in the folder of all jobs. */
export function listFile(folder: string, job: string): string {
  return join(folder, job, 'list');
}
