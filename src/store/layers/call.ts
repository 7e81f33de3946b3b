/** One call of a Store method as the layers see it: what it is about, and how to do it. */
import type { Body } from '../../model/body.ts';
import { bodySize } from '../../model/body.ts';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type {
  CompleteOptions,
  CopySource,
  ListPage,
  ListRequest,
  ListedUpload,
  Multipart,
  Part,
  PartLayout,
  PartOptions,
  PartResult,
  ReadOptions,
  ReadResult,
  RemoveFailure,
  Resemblance,
  Store,
  StoredPart,
  UploadInProgress,
  UploadRef,
  WriteOptions,
  WriteResult,
} from '../store.ts';

export type Operation =
  | 'list'
  | 'stat'
  | 'read'
  | 'write'
  | 'remove'
  | 'removeIf'
  | 'removeMany'
  | 'flush'
  | 'copy'
  | 'fetch'
  | 'presign'
  | 'tags'
  | 'setTags'
  | 'recognise'
  | 'versioned'
  | 'partLayout'
  | 'begin'
  | 'put'
  | 'copyPart'
  | 'complete'
  | 'abort'
  | 'inProgress'
  | 'isEmpty'
  | 'parts'
  | 'uploads';

/** What readers of the store can notice, whoever they are: parts of an upload are out of sight. */
export const VISIBLE: ReadonlySet<Operation> = new Set<Operation>([
  'write',
  'remove',
  'removeIf',
  'removeMany',
  'copy',
  'fetch',
  'setTags',
  'complete',
]);

export type WrapRead = (result: ReadResult, call: ReadCall) => ReadResult;

export abstract class Call<T> {
  abstract readonly operation: Operation;
  readonly key: Key | undefined;
  /** A layer that wants to end the call by itself puts its own here. */
  signal: AbortSignal | undefined;
  /** Bytes going in; a layer that watches them puts its own here. */
  body: Body | undefined;

  constructor(key: Key | undefined, signal: AbortSignal | undefined, body?: Body) {
    this.key = key;
    this.signal = signal;
    this.body = body;
  }

  /** Bytes going in. */
  get bytes(): number {
    return this.body === undefined ? 0 : bodySize(this.body);
  }

  abstract perform(store: Store): Promise<T>;

  /** The outcome with its body wrapped, where it has one: the call is then not over before the body is. */
  wrapRead(outcome: T, _wrap: WrapRead): T {
    return outcome;
  }

  /** Shows the outcome of a listing to `check`, which throws where it is not one. */
  inspectPage(_outcome: T, _check: (request: ListRequest, page: ListPage) => void): void {
    // Other outcomes are no pages.
  }

  /** The outcome where it is known only from what is found in the store afterwards. */
  recovered?(found: WriteResult): T;
}

export class ListCall extends Call<ListPage> {
  readonly operation = 'list';
  readonly request: ListRequest;

  constructor(request: ListRequest, signal: AbortSignal | undefined) {
    super(undefined, signal);
    this.request = request;
  }

  perform(store: Store): Promise<ListPage> {
    return store.list(this.request, this.signal);
  }

  override inspectPage(outcome: ListPage, check: (request: ListRequest, page: ListPage) => void): void {
    check(this.request, outcome);
  }
}

export class StatCall extends Call<ObjectMeta | undefined> {
  readonly operation = 'stat';

  perform(store: Store): Promise<ObjectMeta | undefined> {
    return store.stat(this.key!, this.signal);
  }
}

export class ReadCall extends Call<ReadResult> {
  readonly operation = 'read';
  readonly options: ReadOptions | undefined;

  constructor(key: Key, options: ReadOptions | undefined, signal: AbortSignal | undefined) {
    super(key, signal);
    this.options = options;
  }

  perform(store: Store): Promise<ReadResult> {
    return store.read(this.key!, this.options, this.signal);
  }

  override wrapRead(outcome: ReadResult, wrap: WrapRead): ReadResult {
    return wrap(outcome, this);
  }
}

export class WriteCall extends Call<WriteResult> {
  readonly operation = 'write';
  readonly options: WriteOptions | undefined;

  constructor(key: Key, body: Body, options: WriteOptions | undefined, signal: AbortSignal | undefined) {
    super(key, signal, body);
    this.options = options;
  }

  perform(store: Store): Promise<WriteResult> {
    return store.write(this.key!, this.body!, this.options, this.signal);
  }

  override recovered(found: WriteResult): WriteResult {
    return found;
  }
}

export class RemoveCall extends Call<void> {
  readonly operation = 'remove';

  perform(store: Store): Promise<void> {
    return store.remove(this.key!, this.signal);
  }
}

export class RemoveIfCall extends Call<void> {
  readonly operation = 'removeIf';
  readonly ifMatch: string;

  constructor(key: Key, ifMatch: string, signal: AbortSignal | undefined) {
    super(key, signal);
    this.ifMatch = ifMatch;
  }

  perform(store: Store): Promise<void> {
    return store.removeIf!(this.key!, this.ifMatch, this.signal);
  }
}

export class RemoveManyCall extends Call<readonly RemoveFailure[]> {
  readonly operation = 'removeMany';
  readonly keys: readonly Key[];

  constructor(keys: readonly Key[], signal: AbortSignal | undefined) {
    super(undefined, signal);
    this.keys = keys;
  }

  perform(store: Store): Promise<readonly RemoveFailure[]> {
    return store.removeMany!(this.keys, this.signal);
  }
}

export class FlushCall extends Call<void> {
  readonly operation = 'flush';

  perform(store: Store): Promise<void> {
    return store.flush!(this.signal);
  }
}

export class CopyCall extends Call<WriteResult> {
  readonly operation = 'copy';
  readonly from: CopySource;
  readonly options: WriteOptions | undefined;

  constructor(from: CopySource, to: Key, options: WriteOptions | undefined, signal: AbortSignal | undefined) {
    super(to, signal);
    this.from = from;
    this.options = options;
  }

  perform(store: Store): Promise<WriteResult> {
    return store.copy!(this.from, this.key!, this.options, this.signal);
  }
}

export class FetchCall extends Call<WriteResult> {
  readonly operation = 'fetch';
  readonly url: string;
  readonly options: WriteOptions | undefined;

  constructor(url: string, key: Key, options: WriteOptions | undefined, signal: AbortSignal | undefined) {
    super(key, signal);
    this.url = url;
    this.options = options;
  }

  perform(store: Store): Promise<WriteResult> {
    return store.fetch!(this.url, this.key!, this.options, this.signal);
  }
}

export class PresignCall extends Call<string> {
  readonly operation = 'presign';
  readonly seconds: number;

  constructor(key: Key, seconds: number) {
    super(key, undefined);
    this.seconds = seconds;
  }

  perform(store: Store): Promise<string> {
    return store.presign!(this.key!, this.seconds);
  }
}

export class TagsCall extends Call<Tags> {
  readonly operation = 'tags';

  perform(store: Store): Promise<Tags> {
    return store.tags!(this.key!, this.signal);
  }
}

export class SetTagsCall extends Call<void> {
  readonly operation = 'setTags';
  readonly tags: Tags;

  constructor(key: Key, tags: Tags, signal: AbortSignal | undefined) {
    super(key, signal);
    this.tags = tags;
  }

  perform(store: Store): Promise<void> {
    return store.setTags!(this.key!, this.tags, this.signal);
  }
}

export class PartLayoutCall extends Call<PartLayout | undefined> {
  readonly operation = 'partLayout';
  readonly ifMatch: string | undefined;

  constructor(key: Key, ifMatch: string | undefined, signal: AbortSignal | undefined) {
    super(key, signal);
    this.ifMatch = ifMatch;
  }

  perform(store: Store): Promise<PartLayout | undefined> {
    return store.partLayout!(this.key!, this.ifMatch, this.signal);
  }
}

export class RecogniseCall extends Call<Resemblance | undefined> {
  readonly operation = 'recognise';

  perform(store: Store): Promise<Resemblance | undefined> {
    return store.recognise!(this.signal);
  }
}

export class VersionedCall extends Call<boolean> {
  readonly operation = 'versioned';

  perform(store: Store): Promise<boolean> {
    return store.versioned!(this.signal);
  }
}

export class BeginCall extends Call<string> {
  readonly operation = 'begin';
  readonly options: WriteOptions | undefined;

  constructor(key: Key, options: WriteOptions | undefined, signal: AbortSignal | undefined) {
    super(key, signal);
    this.options = options;
  }

  perform(store: Store): Promise<string> {
    return partsOf(store).begin(this.key!, this.options, this.signal);
  }
}

export class PutCall extends Call<PartResult> {
  readonly operation = 'put';
  readonly upload: UploadRef;
  readonly part: number;
  readonly options: PartOptions | undefined;

  constructor(
    upload: UploadRef,
    part: number,
    body: Body,
    options: PartOptions | undefined,
    signal: AbortSignal | undefined,
  ) {
    super(upload.key, signal, body);
    this.upload = upload;
    this.part = part;
    this.options = options;
  }

  perform(store: Store): Promise<PartResult> {
    return partsOf(store).put(this.upload, this.part, this.body!, this.options, this.signal);
  }
}

export class CopyPartCall extends Call<PartResult> {
  readonly operation = 'copyPart';
  readonly upload: UploadRef;
  readonly part: number;
  readonly from: CopySource;
  readonly offset: number;
  readonly length: number;

  constructor(
    upload: UploadRef,
    part: number,
    from: CopySource,
    offset: number,
    length: number,
    signal: AbortSignal | undefined,
  ) {
    super(upload.key, signal);
    this.upload = upload;
    this.part = part;
    this.from = from;
    this.offset = offset;
    this.length = length;
  }

  perform(store: Store): Promise<PartResult> {
    const { upload, part, from, offset, length, signal } = this;
    return partsOf(store).copyPart!(upload, part, from, offset, length, signal);
  }
}

export class CompleteCall extends Call<WriteResult> {
  readonly operation = 'complete';
  readonly upload: UploadRef;
  readonly parts: readonly Part[];
  readonly options: CompleteOptions | undefined;

  constructor(
    upload: UploadRef,
    parts: readonly Part[],
    options: CompleteOptions | undefined,
    signal: AbortSignal | undefined,
  ) {
    super(upload.key, signal);
    this.upload = upload;
    this.parts = parts;
    this.options = options;
  }

  perform(store: Store): Promise<WriteResult> {
    return partsOf(store).complete(this.upload, this.parts, this.options, this.signal);
  }

  override recovered(found: WriteResult): WriteResult {
    return found;
  }
}

export class AbortCall extends Call<void> {
  readonly operation = 'abort';
  readonly upload: UploadRef;

  constructor(upload: UploadRef, signal: AbortSignal | undefined) {
    super(upload.key, signal);
    this.upload = upload;
  }

  perform(store: Store): Promise<void> {
    return partsOf(store).abort(this.upload, this.signal);
  }
}

export class InProgressCall extends Call<readonly UploadInProgress[]> {
  readonly operation = 'inProgress';

  perform(store: Store): Promise<readonly UploadInProgress[]> {
    return partsOf(store).inProgress!(this.key!, this.signal);
  }
}

export class IsEmptyCall extends Call<boolean> {
  readonly operation = 'isEmpty';
  readonly upload: UploadRef;

  constructor(upload: UploadRef, signal: AbortSignal | undefined) {
    super(upload.key, signal);
    this.upload = upload;
  }

  perform(store: Store): Promise<boolean> {
    return partsOf(store).isEmpty!(this.upload, this.signal);
  }
}

export class PartsCall extends Call<readonly StoredPart[]> {
  readonly operation = 'parts';
  readonly upload: UploadRef;
  readonly after: number;
  readonly limit: number;

  constructor(upload: UploadRef, after: number, limit: number, signal: AbortSignal | undefined) {
    super(upload.key, signal);
    this.upload = upload;
    this.after = after;
    this.limit = limit;
  }

  perform(store: Store): Promise<readonly StoredPart[]> {
    return partsOf(store).parts!(this.upload, this.after, this.limit, this.signal);
  }
}

export class UploadsCall extends Call<readonly ListedUpload[]> {
  readonly operation = 'uploads';
  readonly #wanted: Parameters<NonNullable<Multipart['list']>>;

  constructor(...wanted: Parameters<NonNullable<Multipart['list']>>) {
    super(undefined, wanted[3]);
    this.#wanted = wanted;
  }

  perform(store: Store): Promise<readonly ListedUpload[]> {
    return partsOf(store).list!(...this.#wanted);
  }
}

function partsOf(store: Store): Multipart {
  return store.multipart!;
}
