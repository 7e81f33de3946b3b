import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type {
  CompleteOptions,
  CopySource,
  ListPage,
  ListRequest,
  Multipart,
  Part,
  PartOptions,
  PartResult,
  ReadOptions,
  ReadResult,
  Store,
  StoreInfo,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../store.ts';
import * as call from './call.ts';
import type { Layer, Next } from './layer.ts';
import { stack } from './layer.ts';

/** A store with layers around it, the outermost first. It has the optional methods that the inner store has. */
export class LayeredStore implements Store {
  readonly inner: Store;
  readonly multipart?: Multipart | undefined;
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;
  declare readonly removeIf?: NonNullable<Store['removeIf']>;
  declare readonly removeMany?: NonNullable<Store['removeMany']>;
  declare readonly flush?: NonNullable<Store['flush']>;
  declare readonly copy?: NonNullable<Store['copy']>;
  declare readonly sameServer?: NonNullable<Store['sameServer']>;
  declare readonly fetch?: NonNullable<Store['fetch']>;
  declare readonly presign?: NonNullable<Store['presign']>;
  declare readonly tags?: NonNullable<Store['tags']>;
  declare readonly setTags?: NonNullable<Store['setTags']>;
  declare readonly recognise?: NonNullable<Store['recognise']>;
  declare readonly versioned?: NonNullable<Store['versioned']>;
  declare readonly partLayout?: NonNullable<Store['partLayout']>;
  readonly #layers: readonly Layer[];
  readonly #run: Next;

  constructor(inner: Store, layers: readonly Layer[]) {
    const run = stack(inner, layers);
    this.inner = inner;
    this.info = inner.info;
    this.capabilities = inner.capabilities;
    this.#layers = layers;
    this.#run = run;
    if (inner.multipart) this.multipart = new LayeredMultipart(inner.multipart, run);
    if (inner.removeIf) this.removeIf = (key, ifMatch, signal) => run(new call.RemoveIfCall(key, ifMatch, signal));
    if (inner.removeMany) this.removeMany = (keys, signal) => run(new call.RemoveManyCall(keys, signal));
    if (inner.flush) this.flush = (signal) => run(new call.FlushCall(undefined, signal));
    if (inner.copy) this.copy = (from, to, options, signal) => run(copyCall(from, to, options, signal));
    if (inner.sameServer) this.sameServer = (other) => inner.sameServer!(unwrap(other));
    if (inner.fetch) this.fetch = (url, key, options, signal) => run(new call.FetchCall(url, key, options, signal));
    if (inner.presign) this.presign = (key, seconds) => run(new call.PresignCall(key, seconds));
    if (inner.tags) this.tags = (key, signal): Promise<Tags> => run(new call.TagsCall(key, signal));
    if (inner.recognise) this.recognise = (signal) => run(new call.RecogniseCall(undefined, signal));
    if (inner.versioned) this.versioned = (signal) => run(new call.VersionedCall(undefined, signal));
    if (inner.setTags) this.setTags = (key, tags, signal) => run(new call.SetTagsCall(key, tags, signal));
    if (inner.partLayout)
      this.partLayout = (key, ifMatch, signal) => run(new call.PartLayoutCall(key, ifMatch, signal));
  }

  get clockSkew(): number | undefined {
    return this.inner.clockSkew;
  }

  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage> {
    return this.#run(new call.ListCall(request, signal));
  }

  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined> {
    return this.#run(new call.StatCall(key, signal));
  }

  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult> {
    return this.#run(new call.ReadCall(key, options, signal));
  }

  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult> {
    return this.#run(new call.WriteCall(key, body, options, signal));
  }

  remove(key: Key, signal?: AbortSignal): Promise<void> {
    return this.#run(new call.RemoveCall(key, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const layer of this.#layers) layer.close?.();
    await this.inner[Symbol.asyncDispose]();
  }
}

/** The driver under all layers. */
export function unwrap(store: Store): Store {
  let inner = store;
  while (inner instanceof LayeredStore) inner = inner.inner;
  return inner;
}

class LayeredMultipart implements Multipart {
  declare readonly copyPart?: NonNullable<Multipart['copyPart']>;
  declare readonly inProgress?: NonNullable<Multipart['inProgress']>;
  declare readonly isEmpty?: NonNullable<Multipart['isEmpty']>;
  declare readonly parts?: NonNullable<Multipart['parts']>;
  declare readonly list?: NonNullable<Multipart['list']>;
  readonly #run: Next;

  constructor(inner: Multipart, run: Next) {
    this.#run = run;
    if (inner.inProgress) this.inProgress = (key, signal) => run(new call.InProgressCall(key, signal));
    if (inner.isEmpty) this.isEmpty = (upload, signal) => run(new call.IsEmptyCall(upload, signal));
    if (inner.parts)
      this.parts = (upload, after, limit, signal) => run(new call.PartsCall(upload, after, limit, signal));
    if (inner.list)
      this.list = (prefix, after, limit, signal) => run(new call.UploadsCall(prefix, after, limit, signal));
    if (!inner.copyPart) return;
    this.copyPart = (upload, part, from, offset, length, signal): Promise<PartResult> =>
      run(new call.CopyPartCall(upload, part, unwrapped(from), offset, length, signal));
  }

  begin(key: Key, options?: WriteOptions, signal?: AbortSignal): Promise<string> {
    return this.#run(new call.BeginCall(key, options, signal));
  }

  put(upload: UploadRef, part: number, body: Body, options?: PartOptions, signal?: AbortSignal): Promise<PartResult> {
    return this.#run(new call.PutCall(upload, part, body, options, signal));
  }

  complete(
    upload: UploadRef,
    parts: readonly Part[],
    options?: CompleteOptions,
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    return this.#run(new call.CompleteCall(upload, parts, options, signal));
  }

  abort(upload: UploadRef, signal?: AbortSignal): Promise<void> {
    return this.#run(new call.AbortCall(upload, signal));
  }
}

function copyCall(
  from: CopySource,
  to: Key,
  options: WriteOptions | undefined,
  signal: AbortSignal | undefined,
): call.CopyCall {
  return new call.CopyCall(unwrapped(from), to, options, signal);
}

/** Drivers recognise their siblings, not what is wrapped around them. */
function unwrapped(from: CopySource): CopySource {
  return { ...from, store: unwrap(from.store) };
}
