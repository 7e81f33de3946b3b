/** Uploads in parts. */
import type { Body } from '../../model/body.ts';
import { isFerryError, type FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type {
  CompleteOptions,
  CopySource,
  ListedUpload,
  Multipart,
  Part,
  PartOptions,
  PartResult,
  StoredPart,
  UploadInProgress,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { uriEncode } from '../../wire/sigv4/encode.ts';
import { completeDocument, parseUploadId, parseWritten } from './documents.ts';
import { isEmptyUpload, listParts, listUploads, uploadsOf, type InProgressParts } from './in-progress.ts';
import type { KeySpace } from './keys.ts';
import { writeMeta } from './metadata.ts';
import { addIntegrity, cannot, expectTaken, written, type Objects } from './objects.ts';
import type { Preset } from './providers/preset.ts';
import type { S3Request, S3Requester } from './requests.ts';

/** How a copy source is named in a header; rejects where it cannot be one. */
export type CopySourceHeader = (from: CopySource, signal: AbortSignal | undefined) => Promise<CopySourceParts>;

export interface CopySourceParts {
  /** `/bucket/key`, encoded. */
  readonly source: string;
  readonly fullKey: string;
  /** To be sent, where the service honours it. */
  readonly ifMatch: string | undefined;
}

export class S3Multipart implements Multipart {
  readonly #requester: S3Requester;
  readonly #keys: KeySpace;
  readonly #preset: Preset;
  readonly #storageClass: string | undefined;
  readonly #objects: Objects;
  readonly #sourceOf: CopySourceHeader;
  /** Absent where the service does not offer it. */
  declare readonly copyPart?: Required<Multipart>['copyPart'];

  constructor(
    requester: S3Requester,
    keys: KeySpace,
    preset: Preset,
    storageClass: string | undefined,
    objects: Objects,
    sourceOf: CopySourceHeader,
  ) {
    this.#requester = requester;
    this.#keys = keys;
    this.#preset = preset;
    this.#storageClass = storageClass;
    this.#objects = objects;
    this.#sourceOf = sourceOf;
    if (preset.copyPart) this.copyPart = this.#copyPart.bind(this);
  }

  /**
   * Checksums of parts have to be announced here, by a `checksum` of the same algorithm (its value is not used); MD5s
   * need no announcement.
   */
  async begin(key: Key, options: WriteOptions = {}, signal?: AbortSignal): Promise<string> {
    expectTaken(key, this.#keys, this.#preset, 'begin');
    const headers: string[] = [];
    writeMeta(headers, options, this.#storageClass, this.#preset);
    if (options.checksum !== undefined) {
      headers.push('x-amz-checksum-algorithm', options.checksum.algorithm.toUpperCase());
    }
    // Whoever begins an upload wants to know of every attempt that may have begun one.
    const request = { ...this.#request('POST', 'begin', key, 'uploads=', headers), once: true };
    const response = await this.#requester.send(request, signal);
    return this.#objects.document(request, response, parseUploadId);
  }

  async put(
    upload: UploadRef,
    part: number,
    body: Body,
    options: PartOptions = {},
    signal?: AbortSignal,
  ): Promise<PartResult> {
    const headers: string[] = [];
    addIntegrity(headers, options, this.#preset, { operation: 'put', key: upload.key });
    const request: S3Request = { ...this.#request('PUT', 'put', upload.key, partQuery(upload, part), headers), body };
    const response = await this.#requester.send(request, signal);
    await response.body.discard();
    const { etag, checksums } = written(response);
    if (etag === undefined) throw this.#requester.badResponse(request, 'a part was stored without an ETag');
    const algorithm = options.checksum?.algorithm;
    if (algorithm === undefined || checksums?.[algorithm] !== undefined) return { etag, checksums };
    return { etag, checksums: { ...checksums, [algorithm]: options.checksum!.hex } };
  }

  async complete(
    upload: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions = {},
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    const { key } = upload;
    const headers = ['content-type', 'application/xml'];
    if (options.ifAbsent) {
      const createOnly = this.#preset.completeCreateOnly;
      if (createOnly === undefined)
        throw cannot('complete only where nothing is', { operation: 'complete', key }, this.#preset);
      headers.push(createOnly.header, createOnly.value);
    }
    if (options.ifMatch !== undefined) {
      if (this.#preset.completeIfMatch !== true)
        throw cannot('complete in place of one version', { operation: 'complete', key }, this.#preset);
      headers.push('if-match', `"${options.ifMatch}"`);
    }
    const request: S3Request = {
      ...this.#request('POST', 'complete', key, uploadQuery(upload), headers),
      body: completeDocument(parts),
      document: true,
      ifAbsent: options.ifAbsent,
      once: true,
    };
    try {
      const response = await this.#requester.send(request, signal);
      const result = await this.#objects.document(request, response, (bytes) =>
        parseWritten(bytes, 'CompleteMultipartUploadResult'),
      );
      const { etag, ...rest } = written(response);
      return { ...rest, ...result, etag: result.etag ?? etag };
    } catch (error) {
      throw isFerryError(error, 'unavailable') ? await this.#whyUnavailable(upload, error, signal) : error;
    }
  }

  async abort(upload: UploadRef, signal?: AbortSignal): Promise<void> {
    try {
      const request = this.#request('DELETE', 'abort', upload.key, uploadQuery(upload), []);
      const response = await this.#requester.send(request, signal);
      await response.body.discard();
    } catch (error) {
      if (!isFerryError(error, 'not-found')) throw error;
    }
  }

  inProgress(key: Key, signal?: AbortSignal): Promise<readonly UploadInProgress[]> {
    return uploadsOf(this.#parts, key, signal);
  }

  isEmpty(upload: UploadRef, signal?: AbortSignal): Promise<boolean> {
    return isEmptyUpload(this.#parts, upload, signal);
  }

  parts(upload: UploadRef, after: number, limit: number, signal?: AbortSignal): Promise<readonly StoredPart[]> {
    return listParts(this.#parts, upload, after, limit, signal);
  }

  list(
    prefix: string,
    after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ListedUpload[]> {
    return listUploads(this.#parts, prefix, after, limit, signal);
  }

  /** Ceph answers 500 where the upload is gone; that would be tried again in vain. */
  async #whyUnavailable(
    upload: UploadRef,
    unavailable: FerryError,
    signal: AbortSignal | undefined,
  ): Promise<FerryError> {
    const query = `max-parts=1&${uploadQuery(upload)}`;
    try {
      const response = await this.#requester.send(this.#request('GET', 'complete', upload.key, query, []), signal);
      await response.body.discard();
    } catch (error) {
      if (isFerryError(error, 'not-found')) return error.with({ cause: unavailable });
    }
    return unavailable;
  }

  async #copyPart(
    upload: UploadRef,
    part: number,
    from: CopySource,
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<PartResult> {
    const { source, ifMatch, fullKey } = await this.#sourceOf(from, signal);
    if (containsAny(fullKey, this.#preset.noCopyPartOf)) {
      throw cannot('copy a part of this key', { operation: 'copyPart', key: from.key }, this.#preset);
    }
    const headers = ['x-amz-copy-source', source, 'x-amz-copy-source-range', `bytes=${offset}-${offset + length - 1}`];
    if (ifMatch !== undefined) headers.push('x-amz-copy-source-if-match', `"${ifMatch}"`);
    const request = this.#request('PUT', 'copyPart', upload.key, partQuery(upload, part), headers);
    const response = await this.#requester.send(request, signal);
    const { etag, checksums } = await this.#objects.document(request, response, (bytes) =>
      parseWritten(bytes, 'CopyPartResult'),
    );
    if (etag === undefined) throw this.#requester.badResponse(request, 'a part was copied without an ETag');
    return { etag, checksums };
  }

  get #parts(): InProgressParts {
    return { requester: this.#requester, keys: this.#keys, preset: this.#preset, objects: this.#objects };
  }

  #request(method: S3Request['method'], operation: string, key: Key, query: string, headers: string[]): S3Request {
    return { method, operation, key, path: this.#keys.path(key), query, headers };
  }
}

function partQuery(upload: UploadRef, part: number): string {
  return `partNumber=${part}&uploadId=${uriEncode(upload.uploadId, false)}`;
}

function uploadQuery(upload: UploadRef): string {
  return `uploadId=${uriEncode(upload.uploadId, false)}`;
}

function containsAny(text: string, characters: string | undefined): boolean {
  if (characters === undefined) return false;
  for (const character of characters) if (text.includes(character)) return true;
  return false;
}
