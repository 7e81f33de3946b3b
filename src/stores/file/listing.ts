/** Pages of a tree. */
import fs from 'node:fs';
import type { Key } from '../../model/key.ts';
import type { ListPage, ListRequest } from '../../store/store.ts';
import { errno } from './errors.ts';
import type { DiskEncoding } from './encoding.ts';
import type { Pace } from './io.ts';
import { NameBudget, type LinkPolicy, type MembersOptions } from './members.ts';
import { isLitter, markOfProcess, parseTemp } from './temp.ts';
import type { Directory, Tree } from './tree.ts';
import { Walker } from './walk.ts';

export const MAX_PAGE = 1000;
/** Walks kept open for the next page of each. */
const MAX_WALKERS = 64;
/** Names kept in memory by all of them together (some 30 MB), and of one directory. */
const MAX_NAMES = 200_000;
const MAX_DIRECTORY_NAMES = 50_000;

export interface ListingOptions {
  readonly tree: Tree;
  readonly root: string;
  readonly encoding: DiskEncoding;
  readonly links: LinkPolicy;
  readonly tmpdir: () => string;
  readonly pace: Pace;
  readonly written: boolean;
}

/**
 * A page depends on nothing but its request. Where the page before was asked for here too, its walk goes on, so that
 * directories are not read again; if one of them changed meanwhile, the walk starts anew after the key given. Only what
 * is made in a directory of more than 4,096 entries after the listing began to read it may be left to the next listing.
 */
export class Listing implements AsyncDisposable {
  readonly #options: ListingOptions;
  readonly #members: MembersOptions;
  /** By the request each can answer next, least recently used first. */
  readonly #walkers = new Map<string, Walker>();
  readonly #mark = markOfProcess();

  constructor(options: ListingOptions) {
    this.#options = options;
    this.#members = {
      encoding: options.encoding,
      links: options.links,
      root: options.root,
      tmpdir: options.tmpdir,
      pace: options.pace,
      budget: new NameBudget(MAX_NAMES, MAX_DIRECTORY_NAMES),
      onTemp: (directory, name) => this.#clean(directory, name),
    };
  }

  async page(request: ListRequest, signal: AbortSignal | undefined): Promise<ListPage> {
    if (this.#options.written && !fs.existsSync(this.#options.root)) return { entries: [] };
    const limit = Math.max(1, Math.min(request.limit ?? MAX_PAGE, MAX_PAGE));
    const walker = (await this.#resume(request)) ?? new Walker(this.#options.tree, this.#members, request);
    try {
      const entries = await walker.next(limit, signal);
      const next = entries.at(-1)?.key;
      if (walker.done || next === undefined) {
        await walker[Symbol.asyncDispose]();
        return { entries };
      }
      await this.#keep(walker, request, next);
      return { entries, next };
    } catch (thrown) {
      await walker[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const walker of this.#walkers.values()) await walker[Symbol.asyncDispose]();
    this.#walkers.clear();
  }

  async #resume(request: ListRequest): Promise<Walker | undefined> {
    const id = idOf(request, request.after);
    const walker = this.#walkers.get(id);
    if (!walker) return undefined;
    this.#walkers.delete(id);
    if (await walker.fresh()) return walker;
    await walker[Symbol.asyncDispose]();
    return undefined;
  }

  async #keep(walker: Walker, request: ListRequest, next: Key): Promise<void> {
    const id = idOf(request, next);
    const other = this.#walkers.get(id);
    this.#walkers.set(id, walker);
    await other?.[Symbol.asyncDispose]();
    if (this.#walkers.size <= MAX_WALKERS) return;
    const [oldest, idle] = this.#walkers.entries().next().value!;
    this.#walkers.delete(oldest);
    await idle[Symbol.asyncDispose]();
  }

  /** Removes what a dead run left, in destinations only: nothing is ever changed in a source. */
  #clean(directory: Directory, name: string): void {
    const temp = parseTemp(name);
    if (!temp || !this.#options.written) return;
    const path = directory.at(name);
    try {
      if (isLitter(temp, this.#mark, Date.now() - fs.lstatSync(path).mtimeMs)) fs.unlinkSync(path);
    } catch (thrown) {
      if (errno(thrown) === undefined) throw thrown; // Else it stays: litter is no reason for a listing to fail.
    }
  }
}

function idOf(request: ListRequest, after: Key | undefined): string {
  return JSON.stringify([
    request.prefix ?? '',
    request.through ?? null,
    request.directoriesOnly ?? false,
    after ?? null,
  ]);
}
