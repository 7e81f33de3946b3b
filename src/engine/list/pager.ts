/**
 * Reads one side of a range page by page, one page ahead.
 *
 * Memory: two pages.
 */
import { FerryError } from '../../model/errors.ts';
import { compareKeys, keyBytes, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { ListPage, Store } from '../../store/store.ts';

const NONE: readonly ObjectEntry[] = [];

export class Pager {
  page: readonly ObjectEntry[] = NONE;
  /** Next entry of `page`. */
  index = 0;
  /** The key the page was asked for after: nothing lies between it and the page's first entry. */
  from: Key | undefined;
  /** The store has no key behind this page. */
  last = false;
  readonly #store: Store;
  readonly #prefix: string | undefined;
  readonly #signal: AbortSignal;
  readonly #limit: number;
  #after: Key | undefined;
  #ended = false;
  #ahead: Promise<ListPage> | undefined;

  constructor(store: Store, prefix: string | undefined, after: Key | undefined, signal: AbortSignal) {
    this.#store = store;
    this.#prefix = prefix;
    this.#after = after;
    this.#signal = signal;
    this.#limit = Math.min(1000, store.capabilities.list?.maxPage ?? 1000);
  }

  get current(): ObjectEntry | undefined {
    return this.page[this.index];
  }

  /** True where no entry is left to ask for. */
  get ended(): boolean {
    return this.#ended && this.index >= this.page.length;
  }

  /**
   * Takes the next page that has entries; false at the end. No page is asked for behind `through`. `skipTo`: entries
   * before it are not wanted, so the listing may jump.
   */
  async fill(through: Key | undefined, skipTo?: Key): Promise<boolean> {
    while (!this.#ended) {
      const jump = skipTo === undefined ? undefined : justBefore(skipTo, this.#store.capabilities.keys.maxBytes);
      if (jump !== undefined && (this.#after === undefined || compareKeys(jump, this.#after) > 0)) {
        this.#ahead?.catch(() => undefined);
        this.#ahead = undefined;
        this.#after = jump;
      }
      this.from = this.#after;
      const page = await (this.#ahead ?? this.#ask());
      this.#ahead = undefined;
      if (page.cursor !== undefined) {
        throw new FerryError('bad-listing', {
          message: 'a listing without an order was taken for one in order',
          operation: 'list',
        });
      }
      this.page = page.entries;
      this.index = 0;
      this.last = page.next === undefined;
      if (page.next === undefined) this.#ended = true;
      else {
        if (this.#after !== undefined && compareKeys(page.next, this.#after) <= 0) {
          throw new FerryError('bad-listing', {
            message: 'the listing does not advance',
            operation: 'list',
            key: page.next,
          });
        }
        this.#after = page.next;
        if (through !== undefined && compareKeys(page.next, through) >= 0) this.#ended = true;
        else this.#ahead = this.#ask();
      }
      if (page.entries.length > 0) return true;
    }
    this.page = NONE;
    this.index = 0;
    return false;
  }

  /** Forgets a page that was asked for ahead. */
  close(): void {
    this.#ahead?.catch(() => undefined);
    this.#ahead = undefined;
    this.#ended = true;
  }

  #ask(): Promise<ListPage> {
    // `through` stays here: a page that ends although no key is left would tell less (see `gap` in walk.ts).
    const request = this.#store.list({ prefix: this.#prefix, after: this.#after, limit: this.#limit }, this.#signal);
    // A page asked for ahead may fail before anybody awaits it; the failure is met in `fill`.
    request.catch(() => undefined);
    return request;
  }
}

/** A key of at most `longest` bytes, smaller than `key` with hardly anything in between; undefined where there is none. */
function justBefore(key: Key, longest: number): Key | undefined {
  const last = key.codePointAt(key.length - 1)!;
  // A low surrogate or the first code points have no simple predecessor; then nothing is skipped.
  if (last <= 0x20 || (last >= 0xdc00 && last <= 0xe000)) return undefined;
  const before = key.slice(0, -1) + String.fromCodePoint(last - 1) + '\u{10FFFF}';
  // Services refuse to begin after what is too long to be a key.
  return keyBytes(before) > longest ? undefined : before;
}

/** Number of leading entries whose key is not greater than `through`. */
export function countThrough(entries: readonly ObjectEntry[], through: Key | undefined): number {
  if (through === undefined || entries.length === 0) return entries.length;
  if (compareKeys(entries[entries.length - 1]!.key, through) <= 0) return entries.length;
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(entries[middle]!.key, through) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
