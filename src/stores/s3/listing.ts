/** Pages of keys: ListObjectsV2, or ListObjects where a service has nothing newer. */
import { FerryError } from '../../model/errors.ts';
import { compareKeys, type Key } from '../../model/key.ts';
import type { ObjectEntry } from '../../model/object.ts';
import type { ListPage, ListRequest } from '../../store/store.ts';
import { uriEncode } from '../../wire/sigv4/encode.ts';
import { parseListing, type ListedObject, type Listing } from '../../wire/xml/listing.ts';
import type { KeySpace } from './keys.ts';
import type { S3Requester, S3Request } from './requests.ts';

export const MAX_PAGE = 1000;

/** 1,000 keys of 1,024 bytes, each byte percent-encoded and escaped, with room for owners. */
const MAX_LISTING = 16 * 1024 * 1024;

export interface ListerOptions {
  readonly version: 1 | 2;
  /** `encoding-type=url`. */
  readonly encoding: boolean;
  /** `unordered` goes by the service's own positions. */
  readonly order: 'utf8' | 'unordered';
}

/** Where a page begins: after a full key, or at a position the service gave. */
interface Position {
  readonly after?: string | undefined;
  readonly token?: string | undefined;
}

/**
 * Lists one bucket below one prefix.
 *
 * Ordered listings go by `start-after` (version 1: `marker`) and the last key alone, never by a continuation token: a
 * page can be asked for at any time, by any process. Tokens are followed only over pages without keys, and where the
 * order is not that of keys.
 */
export class Lister {
  readonly #requester: S3Requester;
  readonly #keys: KeySpace;
  readonly #options: ListerOptions;

  constructor(requester: S3Requester, keys: KeySpace, options: ListerOptions) {
    this.#requester = requester;
    this.#keys = keys;
    this.#options = options;
  }

  async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    const ordered = this.#options.order === 'utf8';
    let position: Position = ordered ? this.#after(request.after) : { token: request.cursor };
    for (;;) {
      const listing = await this.#page(request, position, signal);
      const { contents } = listing;
      if (ordered) this.#expectProgress(position, listing);
      const entries = request.delimiter === undefined ? this.#entries(contents) : this.#grouped(listing);
      if (!listing.isTruncated) return ordered ? trimmed(entries, request.through, undefined) : { entries };

      const next = this.#next(listing, position);
      if (entries.length > 0) {
        if (!ordered) return { entries, cursor: next.token };
        return trimmed(entries, request.through, endOf(entries.at(-1)!));
      }
      position = next;
    }
  }

  #after(after: Key | undefined): Position {
    return after === undefined || after === '' ? {} : { after: this.#keys.full(after) };
  }

  async #page(request: ListRequest, position: Position, signal: AbortSignal | undefined): Promise<Listing> {
    const asked: S3Request = {
      method: 'GET',
      operation: 'list',
      path: '',
      query: this.#query(request, position),
      headers: [],
    };
    const response = await this.#requester.send(asked, signal);
    const bytes = await response.body.bytes(MAX_LISTING);
    try {
      return parseListing(bytes);
    } catch (error) {
      throw this.#requester.refusedInBody(asked, response, bytes) ?? error;
    }
  }

  /** Parameters in order of name, as they are signed. */
  #query(request: ListRequest, position: Position): string {
    const limit = Math.min(request.limit ?? MAX_PAGE, MAX_PAGE);
    const prefix = uriEncode(this.#keys.full(request.prefix ?? ''), false);
    const encoding = this.#options.encoding ? 'encoding-type=url&' : '';
    const delimiter = request.delimiter === undefined ? '' : `delimiter=${uriEncode(request.delimiter, false)}&`;
    if (this.#options.version === 1) {
      const marker = position.after ?? position.token;
      const from = marker === undefined ? '' : `marker=${uriEncode(marker, false)}&`;
      return `${delimiter}${encoding}${from}max-keys=${limit}&prefix=${prefix}`;
    }
    const token = position.token === undefined ? '' : `continuation-token=${uriEncode(position.token, false)}&`;
    const from = position.after === undefined ? '' : `&start-after=${uriEncode(position.after, false)}`;
    return `${token}${delimiter}${encoding}list-type=2&max-keys=${limit}&prefix=${prefix}${from}`;
  }

  /** A service that does not know the parameter a page begins with answers the first page for ever. */
  #expectProgress(position: Position, { contents, commonPrefixes }: Listing): void {
    const group = commonPrefixes[0];
    const first = [contents[0]?.key, group === undefined ? undefined : lastBelow(group)].find(
      (key) => key !== undefined && compareKeys(key, position.after ?? '') <= 0,
    );
    if (position.after === undefined || first === undefined) return;
    const { version } = this.#options;
    throw new FerryError('bad-listing', {
      message: `a page that was to begin after "${position.after}" begins with "${first}"`,
      operation: 'list',
      remedy:
        `Set \`enable_list_objects_v2: ${version === 2 ? 'false' : 'true'}\` if this service knows only the other ` +
        'version, or `list_order: unordered` if it does not list in key order.',
    });
  }

  #entries(contents: readonly ListedObject[]): readonly ObjectEntry[] {
    if (this.#keys.prefix === '') return contents;
    const entries: ObjectEntry[] = [];
    for (const object of contents) {
      const key = this.#keys.relative(object.key);
      if (key !== undefined) entries.push({ ...object, key });
    }
    return entries;
  }

  /** Objects and common prefixes, which come apart, in the order of their keys. */
  #grouped({ contents, commonPrefixes }: Listing): readonly ObjectEntry[] {
    const groups = commonPrefixes.map((key) => ({ key, directory: { empty: false } }));
    const entries: ObjectEntry[] = [];
    for (const entry of [...contents, ...groups].sort((a, b) => compareKeys(a.key, b.key))) {
      const key = this.#keys.relative(entry.key);
      if (key !== undefined) entries.push({ ...entry, key });
    }
    return entries;
  }

  #next(listing: Listing, position: Position): Position {
    const last = [listing.contents.at(-1)?.key, listing.commonPrefixes.at(-1)]
      .filter((key) => key !== undefined)
      .sort(compareKeys)
      .at(-1);
    if (this.#options.order === 'utf8' && last !== undefined) return { after: last };
    const token = this.#options.version === 2 ? listing.nextContinuationToken : (last ?? listing.nextMarker);
    if (token === undefined || token === '' || token === position.token) {
      throw new FerryError('bad-listing', {
        message: 'the listing says there is more, but not from where on',
        operation: 'list',
      });
    }
    return { token };
  }
}

/** From where on to list after an entry: what is below a common prefix has been told of. */
function endOf({ key, directory }: ObjectEntry): Key {
  return directory === undefined ? key : lastBelow(key);
}

/** Greater than nearly every key that begins with `prefix`. */
function lastBelow(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}

/** Entries up to `through`; what was cut off is not wanted, so nothing follows either. */
function trimmed(entries: readonly ObjectEntry[], through: Key | undefined, next: Key | undefined): ListPage {
  if (through === undefined || entries.length === 0 || compareKeys(entries.at(-1)!.key, through) <= 0) {
    return next === undefined || next === through ? { entries } : { entries, next };
  }
  let end = entries.length - 1;
  while (end > 0 && compareKeys(entries[end - 1]!.key, through) > 0) end--;
  return { entries: entries.slice(0, end) };
}
