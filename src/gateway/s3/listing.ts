import { FerryError } from '../../model/errors.ts';
import { compareKeys } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { Store } from '../../store/store.ts';

export interface ListingRequest {
  readonly prefix: string;
  /** Keys that hold it after the prefix are shown as one common prefix. */
  readonly delimiter?: string | undefined;
  /** Only what comes after this key or common prefix. */
  readonly after?: string | undefined;
  /** Entries wanted, at least 1. */
  readonly limit: number;
}

export type Listed = { readonly object: ObjectEntry } | { readonly prefix: string };

export interface Listing {
  readonly entries: readonly Listed[];
  /** There is more after the last entry. */
  readonly truncated: boolean;
}

/** Where a page of the store showed too little, the next is asked for at least so many: it may show too little, too. */
const REST = 100;

/**
 * A page of a bucket as S3 lists it: objects and common prefixes, in order. Empty directories of file trees are objects
 * whose key ends in `/`; directories that hold something are only prefixes.
 *
 * Pages of the store are read until there is enough; what is below a common prefix is passed over, at the cost of a page
 * for each, unless the store itself lists by `/`.
 */
export async function listing(store: Store, request: ListingRequest, signal?: AbortSignal): Promise<Listing> {
  if (store.capabilities.list?.order !== 'utf8')
    throw new FerryError('unsupported', { message: 'The store behind does not list in order' });
  const { prefix, delimiter, limit } = request;
  // What is below a common prefix need not even be passed over where the store can leave it out.
  const grouped = delimiter === '/' && store.capabilities.list.delimiter === true;
  const entries: Listed[] = [];
  let after = request.after;
  /** The common prefix whose keys are being passed over. */
  let passing = request.after !== undefined && isCommon(request.after, prefix, delimiter) ? request.after : undefined;
  if (passing !== undefined) after = beyond(passing);
  for (;;) {
    // One more than are shown tells whether there is more; where that is more than a page, the store tells.
    const missing = limit - entries.length + 1;
    const wanted = Math.min(entries.length === 0 ? missing : Math.max(missing, REST), store.capabilities.list.maxPage);
    const full = wanted < missing;
    const page = await store.list({ prefix, after, limit: wanted, ...(grouped && { delimiter }) }, signal);
    for (const entry of page.entries) {
      if (passing !== undefined && entry.key.startsWith(passing)) continue;
      passing = undefined;
      const common =
        delimiter === undefined || delimiter === '' ? undefined : commonPrefix(entry.key, prefix, delimiter);
      if (common === undefined && !isObject(entry)) continue;
      // What a key after which the listing begins is a part of was shown before.
      if (common !== undefined && request.after !== undefined && compareKeys(common, request.after) <= 0) {
        passing = common;
        continue;
      }
      if (entries.length === limit) return { entries, truncated: true };
      if (common === undefined) entries.push({ object: entry });
      else {
        entries.push({ prefix: common });
        passing = common;
      }
    }
    if (page.next === undefined) return { entries, truncated: false };
    if (full && entries.length === limit && (grouped || passing === undefined)) return { entries, truncated: true };
    after = passing === undefined ? page.next : beyond(passing, page.next);
  }
}

function isObject({ directory, irregular, badName }: ObjectEntry): boolean {
  return irregular === undefined && badName === undefined && (directory === undefined || directory.empty);
}

export function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Whether the text is one of the common prefixes a page may end with. */
export function isCommon(text: string, prefix: string, delimiter: string | undefined): boolean {
  if (delimiter === undefined || delimiter === '' || !text.startsWith(prefix)) return false;
  return commonPrefix(text, prefix, delimiter) === text;
}

/** After nearly every key that begins with `prefix`; at least after `key`. */
export function beyond(prefix: string, key = ''): string {
  const last = `${prefix}\u{10FFFF}`;
  return compareKeys(last, key) > 0 ? last : key;
}
