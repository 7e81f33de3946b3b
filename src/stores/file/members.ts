/** What is in one directory, sorted as its keys are, in bounded memory. */
import fs, { type Dirent } from 'node:fs';
import { compareKeys } from '../../model/key.ts';
import { ExternalSorter, type SortRecord } from '../../store/external-sort.ts';
import { showBytes, type DiskEncoding } from './encoding.ts';
import type { Pace, Path } from './io.ts';
import { META_FOLDER, nameToComponent } from './names.ts';
import { badName, FOLLOWED, LINK } from './specials.ts';
import { parseTemp } from './temp.ts';
import { isInside, type Directory } from './tree.ts';
import { irregularType } from './version.ts';

/** How symbolic links are treated; see the option of the same name. */
export type LinkPolicy = 'skip' | 'follow' | 'keep';

/**
 * Which members are wanted, all relative to the directory. A member is its part of the key, with a `/` behind it for
 * directories, and what is special about it (`specials.ts`).
 */
export interface Bounds {
  /** Not before this one; the same is wanted only if `inclusive`. Directories this lies in are always wanted. */
  readonly from?: string | undefined;
  readonly inclusive?: boolean | undefined;
  /** Not after this one. */
  readonly through?: string | undefined;
  /** Only what begins with this, or directories such may be in. */
  readonly prefix?: string | undefined;
  /** No others. */
  readonly directoriesOnly?: boolean | undefined;
}

export interface MembersOptions {
  readonly encoding: DiskEncoding;
  readonly links: LinkPolicy;
  readonly root: string;
  readonly tmpdir: () => string;
  readonly pace: Pace;
  readonly budget: NameBudget;
  /** Told of temporary files of Ferry's that lie about. */
  readonly onTemp: (directory: Directory, name: string) => void;
}

/** How many names all open listings of a store keep in memory together. What goes beyond is sorted on disk. */
export class NameBudget {
  #left: number;
  /** One directory's share, at most. */
  readonly perDirectory: number;
  /** What each directory may keep, however many there are. */
  readonly least: number;

  constructor(total: number, perDirectory: number, least: number = SMALL) {
    this.#left = total;
    this.perDirectory = perDirectory;
    this.least = least;
  }

  /** Most names one more directory may keep. */
  get share(): number {
    return Math.max(this.least, Math.min(this.perDirectory, this.#left));
  }

  take(count: number): void {
    this.#left -= count;
  }

  give(count: number): void {
    this.#left += count;
  }
}

const SKIPPED_LINK = 'it is a symbolic link (`symlinks: skip`)';

/** Directories up to this many names are read again when they change during a listing. */
export const SMALL = 4096;
/** Memory for sorting a large directory, bytes: more would block longer each time it is written out (30 ms). */
const SORT_MEMORY = 4 * 1024 * 1024;
/** Names between looks at the clock. */
const SLICE = 1024;

/** Members in key order. Dispose it. */
export class Members implements AsyncDisposable {
  /** Whether the directory holds anything, wanted or not. */
  readonly empty: boolean;
  /** Whether it was small enough to be read again cheaply. */
  readonly small: boolean;
  #names: string[];
  #special: Map<string, string>;
  #at = 0;
  readonly #sorter: ExternalSorter | undefined;
  readonly #batches: AsyncGenerator<readonly SortRecord[]> | undefined;
  readonly #budget: NameBudget;
  readonly #taken: number;

  static async read(
    directory: Directory,
    ancestors: readonly Buffer[],
    bounds: Bounds,
    options: MembersOptions,
  ): Promise<Members> {
    const reader = new Reader(directory, ancestors, bounds, options);
    try {
      await reader.run();
      return new Members(reader, options.budget);
    } catch (thrown) {
      await reader.sorter?.[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  private constructor(reader: Reader, budget: NameBudget) {
    this.empty = !reader.any;
    this.small = reader.seen <= SMALL;
    this.#sorter = reader.sorter;
    this.#batches = reader.sorter?.sorted();
    this.#names = reader.names;
    this.#special = reader.special;
    this.#budget = budget;
    this.#taken = reader.names.length;
    budget.take(this.#taken);
    // Without surrogates the order of UTF-16 units is that of UTF-8 bytes, and the engine's own comparison is quicker.
    if (reader.surrogates) this.#names.sort(compareKeys);
    else this.#names.sort();
  }

  /** Makes `current` the next member; false at the end. */
  async ready(): Promise<boolean> {
    if (this.#at < this.#names.length) return true;
    if (!this.#batches) return false;
    const { value, done } = await this.#batches.next();
    if (done) return false;
    this.#at = 0;
    this.#names = value.map((record) => record.key);
    this.#special = new Map(value.filter((record) => record.payload !== '').map((r) => [r.key, r.payload]));
    return true;
  }

  /** The member it stands at; only after `ready` was true. */
  get current(): string {
    return this.#names[this.#at]!;
  }

  special(member: string): string {
    return this.#special.get(member) ?? '';
  }

  skip(): void {
    this.#at++;
  }

  /** Takes members that are no directories, at most `limit`, without waiting. */
  takeFiles(limit: number): readonly string[] {
    const from = this.#at;
    const end = Math.min(this.#names.length, from + limit);
    while (this.#at < end && !this.#names[this.#at]!.endsWith('/')) this.#at++;
    return this.#names.slice(from, this.#at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#budget.give(this.#taken);
    this.#names = [];
    await this.#batches?.return(undefined);
    await this.#sorter?.[Symbol.asyncDispose]();
  }
}

/** Reads one directory; only what is wanted is kept. */
class Reader {
  any = false;
  seen = 0;
  surrogates = false;
  names: string[] = [];
  special = new Map<string, string>();
  sorter: ExternalSorter | undefined;
  readonly #directory: Directory;
  readonly #ancestors: readonly Buffer[];
  readonly #bounds: Bounds;
  readonly #options: MembersOptions;
  readonly #share: number;

  constructor(directory: Directory, ancestors: readonly Buffer[], bounds: Bounds, options: MembersOptions) {
    this.#directory = directory;
    this.#ancestors = ancestors;
    this.#bounds = bounds;
    this.#options = options;
    this.#share = options.budget.share;
  }

  async run(): Promise<void> {
    const { pace } = this.#options;
    const handle = openAsBytes(this.#directory.path);
    try {
      for (let started = performance.now(); ;) {
        const entry = handle.readSync();
        if (!entry) break;
        this.#add(entry);
        if (++this.seen % SLICE !== 0) continue;
        pace.blocked(performance.now() - started);
        if (pace.due) await pace.breathe();
        started = performance.now();
      }
    } finally {
      handle.closeSync();
    }
  }

  #add(entry: Dirent<Buffer>): void {
    const { encoding, links, onTemp } = this.#options;
    const name = encoding.decode(entry.name);
    if (name === undefined) return this.#unnamed(showBytes(entry.name), entry, 'encoding');
    const component = nameToComponent(name);
    if (component === undefined) {
      if (parseTemp(name)) return onTemp(this.#directory, name);
      if (name === META_FOLDER && this.#ancestors.length === 0) return;
      return this.#unnamed(name, entry, 'escape');
    }
    if (entry.isFile()) this.#keep(component, '');
    else if (entry.isDirectory()) this.#keep(`${component}/`, '');
    else if (!entry.isSymbolicLink()) this.#irregular(component, `it is ${irregularType(entry)}`);
    else if (links === 'keep') this.#keep(component, LINK);
    else if (links === 'follow') this.#addFollowed(component, name);
    else this.#irregular(component, SKIPPED_LINK);
  }

  /** No key stands for it. What would not be moved under any name is irregular all the same. */
  #unnamed(shown: string, entry: Dirent<Buffer>, why: 'encoding' | 'escape'): void {
    if (entry.isFile() || entry.isDirectory()) this.#keep(shown, badName(why, entry.isDirectory()));
    else if (!entry.isSymbolicLink()) this.#irregular(shown, `it is ${irregularType(entry)}`);
    else if (this.#options.links === 'skip') this.#irregular(shown, SKIPPED_LINK);
    else this.#keep(shown, badName(why, false));
  }

  #addFollowed(component: string, name: string): void {
    const link = this.#directory.at(name);
    let real: Buffer;
    let target: fs.Stats;
    try {
      real = fs.realpathSync.native(link, 'buffer');
      target = fs.statSync(link);
    } catch {
      return this.#irregular(component, 'it is a symbolic link that leads nowhere or in a circle');
    }
    if (!isInside(real, this.#options.root))
      return this.#irregular(component, 'it is a symbolic link that leads out of the tree');
    if (target.isFile()) return this.#keep(component, FOLLOWED);
    if (!target.isDirectory()) return this.#irregular(component, `it is a symbolic link to ${irregularType(target)}`);
    const circle = real.equals(this.#directory.where) || this.#ancestors.some((above) => above.equals(real));
    if (circle) return this.#irregular(component, 'it is a symbolic link to a directory it is in');
    this.#keep(`${component}/`, '');
  }

  #irregular(member: string, reason: string): void {
    this.#keep(member, reason);
  }

  #keep(member: string, special: string): void {
    this.any = true;
    if (!isWanted(member, this.#bounds)) return;
    if (this.sorter) {
      this.sorter.add(member, special);
      return;
    }
    this.names.push(member);
    if (special !== '') this.special.set(member, special);
    this.surrogates ||= SURROGATE.test(member);
    if (this.names.length > this.#share) this.#spill();
  }

  #spill(): void {
    this.sorter = new ExternalSorter({ tmpdir: this.#options.tmpdir, memoryBytes: SORT_MEMORY });
    for (const name of this.names) this.sorter.add(name, this.special.get(name) ?? '');
    this.names = [];
    this.special = new Map();
  }
}

/** An open directory whose names come as bytes: as text, those that are no UTF-8 could not be told from one another. */
interface ByteDirectory {
  readSync(): Dirent<Buffer> | null;
  closeSync(): void;
}

function openAsBytes(path: Path): ByteDirectory {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the types of Node do not know this documented encoding
  const options = { encoding: 'buffer', bufferSize: SLICE } as unknown as fs.OpenDirOptions;
  // oxlint-disable-next-line no-unsafe-type-assertion -- nor what it gives
  return fs.opendirSync(path, options) as unknown as ByteDirectory;
}

const SURROGATE = /[\ud800-\udfff]/;

export function isWanted(member: string, bounds: Bounds): boolean {
  const { from, inclusive, through, prefix } = bounds;
  const directory = member.endsWith('/');
  if (bounds.directoriesOnly && !directory) return false;
  if (prefix !== undefined && !member.startsWith(prefix) && !(directory && prefix.startsWith(member))) return false;
  if (through !== undefined && compareKeys(member, through) > 0) return false;
  if (from === undefined) return true;
  const order = compareKeys(member, from);
  return order > 0 || (order === 0 && (inclusive === true || directory)) || (directory && from.startsWith(member));
}
