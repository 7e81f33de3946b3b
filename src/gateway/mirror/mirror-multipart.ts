import type { Body } from '../../model/body.ts';
import type { CompleteOptions, CopySource, Multipart, Part, PartOptions, PartResult, UploadRef, WriteOptions, WriteResult } from '../../store/store.ts'; // prettier-ignore

/** What an upload asks of the mirror it is in. */
export interface UploadHost {
  /** A client's change of a key, perhaps under a condition. */
  change<T>(
    key: string,
    conditions: CompleteOptions | undefined,
    work: (conditions: CompleteOptions | undefined) => Promise<T>,
  ): Promise<T>;
  /** What is copied from, where the store that copies by itself has it. */
  source(from: CopySource, signal: AbortSignal | undefined): Promise<CopySource>;
}

/** Uploads of clients into a mirrored bucket: their completion is a change of the key. */
export class MirrorMultipart implements Multipart {
  declare readonly copyPart?: NonNullable<Multipart['copyPart']>;
  declare readonly inProgress?: NonNullable<Multipart['inProgress']>;
  declare readonly isEmpty?: NonNullable<Multipart['isEmpty']>;
  declare readonly parts?: NonNullable<Multipart['parts']>;
  declare readonly list?: NonNullable<Multipart['list']>;
  readonly #inner: Multipart;
  readonly #host: UploadHost;

  constructor(inner: Multipart, host: UploadHost) {
    this.#inner = inner;
    this.#host = host;
    if (inner.inProgress) this.inProgress = (...given) => inner.inProgress!(...given);
    if (inner.isEmpty) this.isEmpty = (...given) => inner.isEmpty!(...given);
    if (inner.parts) this.parts = (...given) => inner.parts!(...given);
    if (inner.list) this.list = (...given) => inner.list!(...given);
    if (inner.copyPart)
      this.copyPart = async (upload, part, from: CopySource, offset, length, signal) =>
        await inner.copyPart!(upload, part, await host.source(from, signal), offset, length, signal);
  }

  begin(key: string, options?: WriteOptions, signal?: AbortSignal): Promise<string> {
    return this.#inner.begin(key, options, signal);
  }

  put(upload: UploadRef, part: number, body: Body, options?: PartOptions, signal?: AbortSignal): Promise<PartResult> {
    return this.#inner.put(upload, part, body, options, signal);
  }

  complete(
    upload: UploadRef,
    parts: readonly Part[],
    options?: CompleteOptions,
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    return this.#host.change(upload.key, options, (now) => this.#inner.complete(upload, parts, now, signal));
  }

  abort(upload: UploadRef, signal?: AbortSignal): Promise<void> {
    return this.#inner.abort(upload, signal);
  }
}
