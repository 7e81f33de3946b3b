import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { TargetPage, UrlList } from './url-list.ts';

/**
 * Every URL below one: a key is put behind it, each of its parts percent-encoded, before the query if there is one.
 * What ends in `/` is no object but a page about others. What URLs cannot say stays below, too: a key with a part `.` or `..` means no URL, since these would lead elsewhere
 * however they are encoded (https://url.spec.whatwg.org/#double-dot-path-segment).
 */
export class UrlsBelow implements UrlList {
  readonly #base: string;
  readonly #query: string;

  constructor(base: URL) {
    const path = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
    this.#base = base.origin + path;
    this.#query = base.search;
  }

  async find(key: Key): Promise<URL | undefined> {
    const parts = key.split('/');
    if (key === '' || key.endsWith('/') || parts.some((part) => part === '.' || part === '..')) return undefined;
    const url = new URL(this.#base + parts.map(encodeURIComponent).join('/') + this.#query);
    return url.href.startsWith(this.#base) ? url : undefined;
  }

  async page(): Promise<TargetPage> {
    throw new FerryError('unsupported', { message: 'nobody tells which URLs there are below one' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It holds nothing.
  }
}
