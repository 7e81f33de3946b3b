/** Whole objects: stat, read, write, remove, copy, tags. Read and write of small objects are the hot path. */
import type { Body } from '../../model/body.ts';
import { FerryError, isFerryError, toFerryError, type ErrorDetails } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type {
  PartLayout,
  ReadOptions,
  ReadResult,
  RemoveFailure,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import type { HttpResponse } from '../../wire/http/client.ts';
import { bareETag } from '../../wire/etag.ts';
import {
  deleteDocument,
  fitsXml,
  parseDeleteResult,
  parseTagging,
  parseWritten,
  taggingDocument,
} from './documents.ts';
import { toError } from './errors.ts';
import type { KeySpace } from './keys.ts';
import { readChecksums, readMeta, writeMeta, type FileAttributes } from './metadata.ts';
import { base64OfHex, contentMd5 } from './payload.ts';
import { refusal, type CreateOnly, type Preset } from './providers/preset.ts';
import { S3ReadBody } from './read-body.ts';
import type { S3Request, S3Requester } from './requests.ts';

/** Documents of small answers: a result, a tag set, a thousand failures. */
const MAX_DOCUMENT = 2 * 1024 * 1024;

export class Objects {
  readonly #requester: S3Requester;
  readonly #keys: KeySpace;
  readonly #preset: Preset;
  readonly #storageClass: string | undefined;
  readonly #attributes: FileAttributes;
  readonly #readHeaders: readonly string[];

  constructor(
    requester: S3Requester,
    keys: KeySpace,
    preset: Preset,
    storageClass: string | undefined,
    attributes: FileAttributes,
  ) {
    this.#requester = requester;
    this.#keys = keys;
    this.#preset = preset;
    this.#storageClass = storageClass;
    this.#attributes = attributes;
    this.#readHeaders = readHeaders(preset);
  }

  async stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    const request = this.#request('HEAD', 'stat', key, this.#readHeaders.slice());
    let response: HttpResponse;
    try {
      response = await this.#requester.send(request, signal);
    } catch (error) {
      if (isFerryError(error, 'not-found')) return undefined;
      throw error;
    }
    await response.body.discard();
    const size = wholeNumber(response.headers.get('content-length'));
    if (size === undefined) throw this.#requester.badResponse(request, 'an answer to HEAD without Content-Length');
    return readMeta(response.headers, size, this.#preset, this.#attributes);
  }

  /** Asks for the first part alone; a service that does not know the parameter answers as if it were not there. */
  async partLayout(key: Key, ifMatch: string | undefined, signal?: AbortSignal): Promise<PartLayout | undefined> {
    const headers = ifMatch === undefined ? [] : ['if-match', `"${ifMatch}"`];
    const request = { ...this.#request('HEAD', 'partLayout', key, headers), query: 'partNumber=1' };
    let response: HttpResponse;
    try {
      response = await this.#requester.send(request, signal);
    } catch (error) {
      if (isFerryError(error, 'unsupported')) return undefined;
      throw error;
    }
    await response.body.discard();
    const count = wholeNumber(response.headers.get('x-amz-mp-parts-count'));
    const first = wholeNumber(response.headers.get('content-length'));
    const etag = response.headers.get('etag');
    if (ifMatch !== undefined && (etag === undefined || bareETag(etag) !== ifMatch)) {
      throw new FerryError('changed', { operation: 'partLayout', key });
    }
    return response.status === 206 && count !== undefined && first !== undefined ? { count, first } : undefined;
  }

  async read(key: Key, options: ReadOptions | undefined, signal?: AbortSignal): Promise<ReadResult> {
    const headers = this.#readHeaders.slice();
    const offset = options?.offset ?? 0;
    const length = options?.length;
    const ranged = offset > 0 || length !== undefined;
    if (ranged) headers.push('range', `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`);
    const ifMatch = options?.ifMatch;
    if (ifMatch !== undefined) headers.push('if-match', `"${ifMatch}"`);

    const request = this.#request('GET', 'read', key, headers);
    const response = await this.#requester.send(request, signal);
    try {
      const whole = wholeSize(response, options);
      const meta = readMeta(response.headers, whole, this.#preset, this.#attributes);
      if (meta.etag === undefined) throw bad('an answer without ETag is no object');
      if (ifMatch !== undefined && meta.etag !== ifMatch) {
        throw new FerryError('changed', { message: `its ETag is ${meta.etag}, not ${ifMatch}` });
      }
      return { meta, body: new S3ReadBody(response.body, response.body.length!) };
    } catch (error) {
      response.body.cancel();
      throw isFerryError(error) ? error.with({ operation: 'read', key }) : error;
    }
  }

  async write(key: Key, body: Body, options: WriteOptions = {}, signal?: AbortSignal): Promise<WriteResult> {
    expectTaken(key, this.#keys, this.#preset, 'write');
    const headers: string[] = [];
    addIntegrity(headers, options, this.#preset, { operation: 'write', key });
    this.#addConditions(headers, options, this.#preset.createOnly, 'write', key);
    writeMeta(headers, options, this.#storageClass, this.#preset);
    const request: S3Request = {
      method: 'PUT',
      operation: 'write',
      key,
      path: this.#keys.path(key),
      query: '',
      headers,
      body,
      ifAbsent: options.ifAbsent,
      once: true,
    };
    const response = await this.#requester.send(request, signal);
    await response.body.discard();
    return written(response);
  }

  async remove(key: Key, signal?: AbortSignal): Promise<void> {
    const request = { ...this.#request('DELETE', 'remove', key, []), once: true };
    try {
      const response = await this.#requester.send(request, signal);
      await response.body.discard();
    } catch (error) {
      if (!isFerryError(error, 'not-found')) throw error;
    }
  }

  async removeMany(keys: readonly Key[], signal?: AbortSignal): Promise<readonly RemoveFailure[]> {
    const together = keys.filter(fitsXml);
    const failures = together.length === 0 ? [] : await this.#removeTogether(together, signal);
    // XML 1.0 has no way to name these.
    for (const key of keys) {
      if (fitsXml(key)) continue;
      try {
        await this.remove(key, signal);
      } catch (error) {
        failures.push({ key, error: toFerryError(error) });
      }
    }
    return failures;
  }

  /** `source` is `/bucket/key`, encoded. `ifMatch` is the caller's to ensure where the service ignores it. */
  async copy(
    source: string,
    ifMatch: string | undefined,
    to: Key,
    options: WriteOptions,
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    expectTaken(to, this.#keys, this.#preset, 'copy');
    const headers = ['x-amz-copy-source', source];
    if (ifMatch !== undefined) headers.push('x-amz-copy-source-if-match', `"${ifMatch}"`);
    this.#addConditions(headers, options, this.#preset.copyCreateOnly, 'copy', to);
    headers.push('x-amz-metadata-directive', options.meta === undefined ? 'COPY' : 'REPLACE');
    if (options.tags !== undefined) headers.push('x-amz-tagging-directive', 'REPLACE');
    writeMeta(headers, options, this.#storageClass, this.#preset);
    const request: S3Request = {
      ...this.#request('PUT', 'copy', to, headers),
      ifAbsent: options.ifAbsent,
      once: true,
    };
    const response = await this.#requester.send(request, signal);
    const { etag, checksums } = await this.document(request, response, (bytes) =>
      parseWritten(bytes, 'CopyObjectResult'),
    );
    return { etag, checksums, versionId: versionOf(response) };
  }

  async tags(key: Key, signal?: AbortSignal): Promise<Tags> {
    const request: S3Request = { ...this.#request('GET', 'tags', key, []), query: 'tagging=' };
    const response = await this.#requester.send(request, signal);
    return this.document(request, response, parseTagging);
  }

  async setTags(key: Key, tags: Tags, signal?: AbortSignal): Promise<void> {
    const body = taggingDocument(tags);
    const headers = ['content-md5', contentMd5(body), 'content-type', 'application/xml'];
    const request = { ...this.#request('PUT', 'setTags', key, headers), once: true };
    const response = await this.#requester.send({ ...request, query: 'tagging=', body, document: true }, signal);
    await response.body.discard();
  }

  /** Reads a small document; one that says 200 and holds a refusal rejects as that. */
  async document<T>(request: S3Request, response: HttpResponse, parse: (bytes: Uint8Array) => T): Promise<T> {
    const bytes = await response.body.bytes(MAX_DOCUMENT);
    try {
      return parse(bytes);
    } catch (error) {
      const refused = this.#requester.refusedInBody(request, response, bytes);
      throw (
        refused ??
        this.#requester.badResponse(request, `an answer that cannot be read: ${toFerryError(error).message}`, error)
      );
    }
  }

  #request(method: S3Request['method'], operation: string, key: Key, headers: string[]): S3Request {
    return { method, operation, key, path: this.#keys.path(key), query: '', headers };
  }

  async #removeTogether(keys: readonly Key[], signal: AbortSignal | undefined): Promise<RemoveFailure[]> {
    const body = deleteDocument(keys.map((key) => this.#keys.full(key)));
    const request: S3Request = {
      method: 'POST',
      operation: 'remove',
      path: '',
      query: 'delete=',
      headers: ['content-md5', contentMd5(body), 'content-type', 'application/xml'],
      body,
      document: true,
      once: true,
    };
    const response = await this.#requester.send(request, signal);
    const failures: RemoveFailure[] = [];
    const asked = new Set(keys);
    for (const { fullKey, code, message } of await this.document(request, response, parseDeleteResult)) {
      const key = this.#keys.relative(fullKey);
      if (key === undefined || !asked.has(key)) {
        throw this.#requester.badResponse(
          request,
          `a refusal to remove ${JSON.stringify(fullKey)}, which was not asked for`,
        );
      }
      const { store, bucket } = this.#requester;
      const error = toError({ status: 500, code, message }, { operation: 'remove', store, bucket, key, skew: 0 });
      if (error.code !== 'not-found') failures.push({ key, error });
    }
    return failures;
  }

  #addConditions(
    headers: string[],
    options: WriteOptions,
    createOnly: CreateOnly | undefined,
    operation: string,
    key: Key,
  ): void {
    if (options.ifAbsent) {
      if (createOnly === undefined) throw cannot('write only where nothing is', { operation, key }, this.#preset);
      headers.push(createOnly.header, createOnly.value);
    }
    if (options.ifMatch !== undefined) {
      const form = operation === 'write' ? this.#preset.writeIfMatch : undefined;
      if (form === undefined) throw cannot('replace only one version', { operation, key }, this.#preset);
      headers.push('if-match', form === 'quoted' ? `"${options.ifMatch}"` : options.ifMatch);
    }
  }
}

/** A key the service does not take is not sent: some would store it under another name. */
export function expectTaken(key: Key, keys: KeySpace, preset: Preset, operation: string): void {
  const reason = refusal(keys.prefix || key, preset);
  if (reason !== undefined) throw new FerryError('bad-key', { message: reason, operation, key });
}

/** Content-MD5 and `x-amz-checksum-…` of a write or a part. */
export function addIntegrity(
  headers: string[],
  options: Pick<WriteOptions, 'md5' | 'checksum'>,
  preset: Preset,
  details: ErrorDetails,
): void {
  if (options.md5 !== undefined) headers.push('content-md5', base64OfHex(options.md5));
  const checksum = options.checksum;
  if (checksum === undefined) return;
  if (!preset.checksums.includes(checksum.algorithm)) {
    throw cannot(`verify ${checksum.algorithm} checksums`, details, preset);
  }
  headers.push(`x-amz-checksum-${checksum.algorithm}`, base64OfHex(checksum.hex));
}

export function cannot(what: string, details: ErrorDetails, preset: Preset): FerryError {
  return new FerryError('unsupported', { ...details, message: `${preset.title} cannot ${what}` });
}

export function written(response: HttpResponse): WriteResult {
  const etag = response.headers.get('etag');
  return {
    etag: etag === undefined ? undefined : bareETag(etag),
    versionId: versionOf(response),
    checksums: readChecksums(response.headers),
  };
}

function versionOf(response: HttpResponse): string | undefined {
  const version = response.headers.get('x-amz-version-id');
  return version === 'null' ? undefined : version;
}

function readHeaders(preset: Preset): readonly string[] {
  const headers: string[] = [];
  if (preset.acceptEncoding !== undefined) headers.push('accept-encoding', preset.acceptEncoding);
  if (preset.checksums.length > 0) headers.push('x-amz-checksum-mode', 'ENABLED');
  return headers;
}

/** Size of the whole object, after checking that exactly the bytes asked for will come. */
function wholeSize(response: HttpResponse, options: ReadOptions = {}): number {
  const { offset = 0, length, atMost = false } = options;
  const coming = response.body.length;
  if (coming === undefined) throw bad('an answer without Content-Length');
  if (response.status === 200) {
    if (offset === 0 && (length === undefined || coming === length || (atMost && coming < length))) return coming;
    // A range that begins at 0 and reaches past the end may be answered so.
    if (offset === 0 && coming < length!) throw wrongLength(`asked for ${length} bytes, got ${coming}`);
    throw bad('the whole object where a range was asked for');
  }
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(response.headers.get('content-range') ?? '');
  if (response.status !== 206 || range === null) throw bad(`status ${response.status} without a usable Content-Range`);
  const [first, last, total] = [Number(range[1]), Number(range[2]), Number(range[3])];
  const rest = total - offset;
  const wanted = length === undefined || (atMost && length > rest) ? rest : length;
  if (first !== offset || last - first + 1 !== coming || coming !== wanted) {
    throw wrongLength(`asked for ${wanted} bytes from ${offset}, got ${range[0]}`);
  }
  return total;
}

function bad(message: string): FerryError {
  return new FerryError('bad-response', { message });
}

function wrongLength(message: string): FerryError {
  return new FerryError('wrong-length', { message });
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
