/** Objects that are known by their URLs, as a read-only Store. */
import { NO_METADATA, type Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { throwIfAborted } from '../../store/abort.ts';
import type { ListPage, ListRequest, ReadOptions, ReadResult, Store, StoreInfo } from '../../store/store.ts';
import type { HttpClient, HttpResponse, Origin } from '../../wire/http/client.ts';
import { answerError, contentLength, contentRange, metaOf, strongETag, unsatisfiedTotal } from './answers.ts';
import { AnswerSlice, WholeAnswer } from './body.ts';
import type { HttpSettings } from './options.ts';
import { redirectTarget, type RedirectTarget } from './redirects.ts';
import type { UrlList } from './url-list.ts';

const MAX_PAGE = 1000;
/** Hosts whose settings are kept at hand. */
const MAX_ORIGINS = 1000;

export interface HttpStoreOptions {
  readonly name: string;
  readonly identity: string;
  readonly settings: HttpSettings;
  readonly client: HttpClient;
  /** Its URLs are known beforehand. */
  readonly lists: boolean;
  readonly now: () => number;
}

export class HttpStore implements Store {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  readonly #urls: () => Promise<UrlList>;
  readonly #options: HttpStoreOptions;
  readonly #origins = new Map<string, Origin>();
  #opened: Promise<UrlList> | undefined;

  /** `urls` is called when the list is first needed, and what it gives is disposed of with this store. */
  constructor(urls: () => Promise<UrlList>, options: HttpStoreOptions) {
    const { name, identity, settings } = options;
    this.info = { type: 'http', name, identity, view: settings.keys === 'auto' ? undefined : settings.keys };
    this.capabilities = capabilitiesOf(settings, options.lists);
    this.#urls = urls;
    this.#options = options;
  }

  /** In the order given. Sizes, times and ETags are not known before `stat`. */
  async list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    throwIfAborted(signal);
    const limit = Math.max(1, Math.min(request.limit ?? MAX_PAGE, MAX_PAGE));
    const position = Number(request.cursor ?? 0);
    if (!Number.isSafeInteger(position) || position < 0)
      throw new FerryError('bad-listing', { message: `${JSON.stringify(request.cursor)} is no position in the list` });
    const { targets, next } = await (await this.#list()).page(position, limit);
    const entries = targets
      .filter((target) => target.key.startsWith(request.prefix ?? ''))
      .map((target) =>
        'problem' in target
          ? { key: target.key, badName: { reason: target.problem, remedy: 'Correct this line of the list.' } }
          : { key: target.key },
      );
    return { entries, cursor: next === undefined ? undefined : String(next) };
  }

  /** By HEAD; by GET of the first byte where that is refused or does not tell the size. */
  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    throwIfAborted(signal);
    const url = await (await this.#list()).find(key);
    if (!url) return undefined;
    const response = await this.#send('HEAD', url, [], signal);
    await response.body.discard();
    if (response.status === 200) {
      const size = contentLength(response.headers);
      if (size !== undefined) return metaOf(response.headers, size);
    } else if (isGone(response.status)) return undefined;
    else if (!HEAD_REFUSED.has(response.status)) throw this.#error(response, key, 'stat');
    return await this.#statByGet(key, url, signal);
  }

  async read(key: Key, options: ReadOptions = {}, signal?: AbortSignal): Promise<ReadResult> {
    throwIfAborted(signal);
    const url = await (await this.#list()).find(key);
    if (!url)
      throw new FerryError('not-found', {
        key,
        operation: 'read',
        message: `no URL is given for ${JSON.stringify(key)}`,
      });
    const { offset = 0, length, ifMatch } = options;
    const headers: string[] = [];
    if (ifMatch !== undefined) headers.push('If-Match', `"${ifMatch}"`);
    const ranged = offset > 0 || length !== undefined;
    if (ranged)
      headers.push('Range', `bytes=${offset}-${length === undefined ? '' : offset + Math.max(1, length) - 1}`);
    const response = await this.#send('GET', url, headers, signal, options.headers);
    try {
      if (response.status !== 200 && !(ranged && response.status === 206)) throw this.#error(response, key, 'read');
      // Not every server heeds If-Match.
      if (ifMatch !== undefined && strongETag(response.headers) !== ifMatch)
        throw new FerryError('changed', { key, operation: 'read' });
      return response.status === 206 ? partial(response, key, options) : whole(response, key, options);
    } catch (thrown) {
      response.body.cancel();
      throw thrown;
    }
  }

  async presign(key: Key): Promise<string> {
    const url = await (await this.#list()).find(key);
    if (!url) throw new FerryError('not-found', { key, operation: 'presign' });
    if (!this.capabilities.presign) throw new FerryError('unsupported', { key, message: 'the URL needs credentials' });
    return url.href;
  }

  async write(key: Key): Promise<never> {
    throw readOnly(key);
  }

  async remove(key: Key): Promise<never> {
    throw readOnly(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const list = await this.#opened?.catch(() => undefined);
    await list?.[Symbol.asyncDispose]();
  }

  #list(): Promise<UrlList> {
    return (this.#opened ??= this.#urls());
  }

  async #statByGet(key: Key, url: URL, signal: AbortSignal | undefined): Promise<ObjectMeta | undefined> {
    const response = await this.#send('GET', url, ['Range', 'bytes=0-0'], signal);
    const { status, headers, body } = response;
    if (status === 206) {
      await body.discard();
      return metaOf(headers, contentRange(headers)?.total);
    }
    body.cancel();
    if (status === 200) return metaOf(headers, contentLength(headers));
    if (status === 416 && unsatisfiedTotal(headers) === 0) return metaOf(headers, 0);
    if (isGone(status)) return undefined;
    throw this.#error(response, key, 'stat');
  }

  /** Sends a request and follows redirects. `asked`: headers that, as those of the options, stay with the host listed. */
  async #send(
    method: string,
    listed: URL,
    headers: readonly string[],
    signal: AbortSignal | undefined,
    asked: readonly string[] = [],
  ): Promise<HttpResponse> {
    const { settings, client } = this.#options;
    let to: RedirectTarget = { url: listed };
    for (let redirects = 0; ; redirects++) {
      const { url } = to;
      const own = url.origin === listed.origin ? [...settings.headers, ...asked] : [];
      const all = ['Accept', '*/*', 'Accept-Encoding', 'identity', ...own, ...headers];
      const request = { method, target: url.pathname + url.search, headers: all };
      const response = await client.request(this.#origin(to), request, signal);
      if (!REDIRECTS.has(response.status)) return response;
      await response.body.discard();
      if (redirects >= settings.redirects)
        throw new FerryError('bad-response', {
          message: `${redirects + 1} redirects are more than \`follow_redirects\` allows`,
          retryable: 'never',
          status: response.status,
        });
      to = await redirectTarget(url, response.headers.get('location'), listed, settings.allowPrivate);
    }
  }

  #origin({ url, address }: RedirectTarget): Origin {
    const id = address === undefined ? url.origin : `${url.origin} ${address}`;
    const known = this.#origins.get(id);
    if (known) return known;
    const secure = url.protocol === 'https:';
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
    const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
    const origin = { ...this.#options.settings.connection, secure, host, port, address };
    if (this.#origins.size >= MAX_ORIGINS) this.#origins.clear();
    this.#origins.set(id, origin);
    return origin;
  }

  #error(response: HttpResponse, key: Key, operation: string): FerryError {
    return answerError(response, key, operation, this.#options.now());
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** HEAD is not implemented, or, where a URL is signed, signed for GET only. */
const HEAD_REFUSED: ReadonlySet<number> = new Set([400, 403, 405, 501]);

function isGone(status: number): boolean {
  return status === 404 || status === 410;
}

function partial(response: HttpResponse, key: Key, options: ReadOptions): ReadResult {
  const { offset = 0, length, atMost = false } = options;
  const { headers, body } = response;
  const range = contentRange(headers);
  if (!range || range.from !== offset || range.to < range.from)
    throw new FerryError('bad-response', { key, operation: 'read', message: 'the server answered another range' });
  const got = range.to - range.from + 1;
  const rest = range.total === undefined ? got : range.total - offset;
  const wanted = length === undefined || (atMost && length > rest) ? rest : length;
  // Asked for nothing, a range still asks for one byte: HTTP has no empty ones.
  if (got !== Math.max(1, wanted) || (body.length !== undefined && body.length !== got))
    throw new FerryError('wrong-length', {
      key,
      operation: 'read',
      message: `${wanted} bytes are wanted, ${got} come`,
    });
  return { meta: metaOf(headers, range.total), body: new AnswerSlice(body, 0, wanted, wanted === 0) };
}

/** All of the object came: what is wanted, or more where the server knows no ranges. */
function whole(response: HttpResponse, key: Key, options: ReadOptions): ReadResult {
  const { offset = 0, length, atMost = false } = options;
  const { headers, body } = response;
  const meta = metaOf(headers, body.length);
  if (offset === 0 && (length === undefined || length === body.length)) return { meta, body: new WholeAnswer(body) };
  if (body.length === undefined && length === undefined)
    throw new FerryError('unsupported', {
      key,
      operation: 'read',
      message: 'the server tells no size and knows no ranges',
    });
  const rest = body.length === undefined ? undefined : Math.max(0, body.length - offset);
  const size = length === undefined || (atMost && rest !== undefined && length > rest) ? rest! : length;
  if (body.length !== undefined && (offset + size > body.length || offset >= body.length))
    throw new FerryError('wrong-length', { key, operation: 'read', message: `the object has ${body.length} bytes` });
  return { meta, body: new AnswerSlice(body, offset, size, true) };
}

function capabilitiesOf(settings: HttpSettings, lists: boolean): Capabilities {
  return {
    list: lists ? { order: 'unordered', maxPage: MAX_PAGE, size: false, modified: false, etag: false } : undefined,
    read: true,
    readRange: true,
    readIfMatch: true,
    readHeaders: true,
    write: false,
    remove: false,
    writeIfAbsent: false,
    writeIfMatch: false,
    maxWrite: 0,
    verifiesMd5: false,
    verifiesChecksums: [],
    etag: 'opaque',
    multipart: undefined,
    keys: { maxBytes: 1024, tree: false, directories: 'none' },
    metadata: { ...NO_METADATA, system: true },
    copy: undefined,
    fetch: false,
    // A URL that is enough by itself can be given to a destination that fetches.
    presign: settings.headers.length === 0,
  };
}

function readOnly(key: Key): FerryError {
  return new FerryError('unsupported', { key, message: 'URLs can only be read' });
}
