import { createHash } from 'node:crypto';
import type { Body } from '../../model/body.ts';
import { bodySize } from '../../model/body.ts';
import type { MultipartCapability } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import { throwIfAborted } from '../../store/abort.ts';
import { MemoryBody } from '../../store/read-body.ts';
import type {
  CompleteOptions,
  CopySource,
  ListedUpload,
  Multipart,
  Part,
  PartOptions,
  PartResult,
  StoredPart as PutPart,
  UploadInProgress,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../../store/store.ts';
import { pageOfUploads } from '../../store/upload-page.ts';
import { createHasher, md5Hex } from '../../wire/checksum/hasher.ts';
import type { StoredPart, Upload } from './space.ts';
import { absorb, checksumsOf } from './space.ts';
import type { MemoryStore } from './store.ts';

/** Uploads in parts by the rules of S3: part numbers from 1, a smallest part, and the ETag of the parts' ETags. */
export class MemoryMultipart implements Multipart {
  readonly #store: MemoryStore;
  readonly #limits: MultipartCapability;

  constructor(store: MemoryStore, limits: MultipartCapability) {
    this.#store = store;
    this.#limits = limits;
  }

  async begin(key: Key, options: WriteOptions = {}, signal?: AbortSignal): Promise<string> {
    throwIfAborted(signal);
    this.#store.allow(key, {});
    const id = this.#store.space.nextVersion();
    this.#store.space.uploads.set(id, { key, options, begun: this.#store.now(), parts: new Map() });
    return id;
  }

  async put(
    ref: UploadRef,
    number: number,
    body: Body,
    options: PartOptions = {},
    signal?: AbortSignal,
  ): Promise<PartResult> {
    throwIfAborted(signal);
    this.#upload(ref);
    this.#allow(number, bodySize(body));
    const bytes = await absorb(body, options, signal);
    const etag = md5Hex(bytes);
    this.#upload(ref).parts.set(number, { bytes, etag, modified: this.#store.now() });
    return { etag, checksums: checksumsOf(options) };
  }

  async copyPart(
    ref: UploadRef,
    number: number,
    from: CopySource,
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<PartResult> {
    throwIfAborted(signal);
    const { pieces, meta } = this.#store.sourceOf(from);
    if (offset + length > meta.size) throw new FerryError('wrong-length', { key: from.key });
    const bytes = await new MemoryBody(pieces, offset, length).bytes(length);
    return this.put(ref, number, bytes, {}, signal);
  }

  async complete(
    ref: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions = {},
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    throwIfAborted(signal);
    const upload = this.#upload(ref);
    const chosen = this.#choose(upload, parts);
    if (options.checksum !== undefined && this.#limits.completeChecksums?.includes(options.checksum.algorithm))
      requireChecksum(ref.key, chosen, options.checksum);
    const md5 = createHash('md5');
    for (const part of chosen) md5.update(part.etag, 'hex');
    const md5s = ['md5', 'unknown'].includes(this.#store.capabilities.etag);
    const etag = md5s ? `${md5.digest('hex')}-${chosen.length}` : this.#opaque();
    const { md5: _, checksum: __, ...kept } = upload.options;
    const result = this.#store.commit(
      ref.key,
      chosen.map((part) => part.bytes),
      etag,
      {
        ...kept,
        ifMatch: this.#limits.completeIfMatch === true ? options.ifMatch : undefined,
        ifAbsent: this.#limits.completeIfAbsent && options.ifAbsent,
      },
      chosen.length,
    );
    this.#store.space.uploads.delete(ref.uploadId);
    return result;
  }

  async abort(ref: UploadRef, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.#store.space.uploads.delete(ref.uploadId);
  }

  async inProgress(key: Key, signal?: AbortSignal): Promise<readonly UploadInProgress[]> {
    throwIfAborted(signal);
    const all = [...this.#store.space.uploads].filter(([, upload]) => upload.key === key);
    return all.map(([uploadId, { begun }]) => ({ uploadId, begun, by: undefined }));
  }

  async isEmpty(ref: UploadRef, signal?: AbortSignal): Promise<boolean> {
    throwIfAborted(signal);
    return this.#store.space.uploads.get(ref.uploadId)?.parts.size === 0;
  }

  async parts(ref: UploadRef, after: number, limit: number, signal?: AbortSignal): Promise<readonly PutPart[]> {
    throwIfAborted(signal);
    const numbers = [...this.#upload(ref).parts.keys()].filter((number) => number > after).toSorted((a, b) => a - b);
    return numbers.slice(0, limit).map((number) => {
      const { bytes, etag, modified } = this.#upload(ref).parts.get(number)!;
      return { number, etag, size: bytes.byteLength, modified };
    });
  }

  async list(
    prefix: string,
    after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ListedUpload[]> {
    throwIfAborted(signal);
    const all = [...this.#store.space.uploads].map(([uploadId, { key, begun }]) => ({ key, uploadId, begun }));
    return pageOfUploads(all, prefix, after, limit);
  }

  #opaque(): string | undefined {
    return this.#store.capabilities.etag === 'none' ? undefined : this.#store.space.nextVersion();
  }

  #upload(ref: UploadRef): Upload {
    const upload = this.#store.space.uploads.get(ref.uploadId);
    if (upload?.key !== ref.key) {
      throw new FerryError('not-found', { key: ref.key, message: `there is no upload ${ref.uploadId} of this key` });
    }
    return upload;
  }

  #allow(number: number, size: number): void {
    const { maxParts, maxPart } = this.#limits;
    if (!Number.isInteger(number) || number < 1 || number > maxParts) {
      throw new FerryError('too-large', { message: `parts are numbered from 1 to ${maxParts}, not ${number}` });
    }
    if (size > maxPart) throw new FerryError('too-large', { message: `a part has ${maxPart} bytes at most` });
  }

  #choose(upload: Upload, parts: readonly Part[]): readonly StoredPart[] {
    let size = 0;
    let last = 0;
    const chosen = parts.map(({ number, etag }, index) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) {
        throw new FerryError('not-found', { key: upload.key, message: `there is no part ${number} with ETag ${etag}` });
      }
      if (number <= last)
        throw new FerryError('unsupported', { message: 'parts must be completed in ascending order' });
      const final = index === parts.length - 1;
      this.#fits(number, part.bytes.byteLength, final, upload.parts.get(parts[0]!.number)!.bytes.byteLength);
      last = number;
      size += part.bytes.byteLength;
      return part;
    });
    if (chosen.length === 0) throw new FerryError('unsupported', { message: 'an upload needs at least one part' });
    if (size > this.#limits.maxObject) {
      throw new FerryError('too-large', { message: `an object has ${this.#limits.maxObject} bytes at most` });
    }
    return chosen;
  }

  #fits(number: number, size: number, final: boolean, first: number): void {
    const { minPart, equalParts } = this.#limits;
    if (!final && size < minPart) {
      throw new FerryError('unsupported', {
        message: `part ${number} has ${size} bytes; all but the last need ${minPart}`,
      });
    }
    if (equalParts && (final ? size > first : size !== first)) {
      throw new FerryError('unsupported', { message: `part ${number} has another size than the first` });
    }
  }
}

function requireChecksum(
  key: Key,
  parts: readonly StoredPart[],
  { algorithm, hex }: NonNullable<CompleteOptions['checksum']>,
): void {
  const hasher = createHasher(algorithm);
  for (const { bytes } of parts) hasher.update(bytes);
  const found = hasher.hex();
  if (found !== hex)
    throw new FerryError('wrong-checksum', {
      key,
      retryable: 'never',
      message: `the parts have the ${algorithm} ${found} together, not ${hex}`,
    });
}
