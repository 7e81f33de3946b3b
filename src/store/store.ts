/**
 * The Store contract: what every driver and every layer implements, and what `test/conformance/store-suite.ts` checks.
 *
 * A driver is a thin, honest adapter. It holds no retry, limit, log or cache; `store/compose.ts` puts layers around it.
 * Every method rejects with a `FerryError`. Where a capability is not declared the method may be absent, or rejects
 * with `unsupported` before anything is changed. Methods may be called concurrently. Keys are relative to the
 * endpoint's `path`; a driver never reads or writes outside it. A method whose signal is aborted rejects with
 * `interrupted` without waiting for the network, and so does a body that is being read.
 */
import type { Body } from '../model/body.ts';
import type { Capabilities } from '../model/capabilities.ts';
import type { Key } from '../model/key.ts';
import type { ObjectEntry, ObjectMeta, Tags, ChecksumAlgorithm, Checksums } from '../model/object.ts';

export interface Store extends AsyncDisposable {
  readonly info: StoreInfo;
  readonly capabilities: Capabilities;

  /** The store's clock minus ours by its answers so far, milliseconds, rather too little than too much; undefined where they tell none. */
  readonly clockSkew?: number | undefined;

  /**
   * One page of keys greater than `after`, in UTF-8 byte order where `list.order` says so.
   * - Every object that exists during the whole call is in the page, or its key is greater than `next`.
   * - `next` absent: the listing is complete. A failure rejects; it is never an empty page.
   * - A store or prefix that holds nothing gives an empty page; a bucket or root that does not exist rejects with
   *   `no-such-bucket` or `no-such-directory`.
   * - An `unordered` store ignores `after` and `through` and goes by `cursor` alone.
   */
  list(request: ListRequest, signal?: AbortSignal): Promise<ListPage>;

  /** What the store tells of the object; undefined where there is none. Any other failure rejects. */
  stat(key: Key, signal?: AbortSignal): Promise<ObjectMeta | undefined>;

  /**
   * Opens an object for reading.
   * - Absent: rejects with `not-found`. `ifMatch` and another version: `changed`.
   * - The body yields exactly the bytes asked for, or throws (`short-read`, `wrong-length`, `changed`…).
   * - A range that begins at or past the end rejects with `wrong-length` (retryable: `never`); one that only reaches
   *   past it rejects, or its body throws, with that or `short-read`. Offset 0 without a length is the whole object,
   *   empty or not.
   */
  read(key: Key, options?: ReadOptions, signal?: AbortSignal): Promise<ReadResult>;

  /**
   * Stores an object whole: readers see what was there before, or all of the new one, never a part.
   * - `ifAbsent` and something there: rejects with `already-exists`. `ifMatch` and another version: `changed`; nothing
   *   there: `not-found`.
   * - A body that yields other than its size rejects with `short-read` or `wrong-length`, one that throws rejects with
   *   what it threw; nothing is stored.
   */
  write(key: Key, body: Body, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult>;

  /** Removes an object; one that is not there counts as removed. */
  remove(key: Key, signal?: AbortSignal): Promise<void>;

  /**
   * Removes this version of an object, by its ETag. Absent: rejects with `not-found`; another version: `changed`. The
   * method is absent where the store cannot do that in one step.
   */
  removeIf?(key: Key, ifMatch: string, signal?: AbortSignal): Promise<void>;

  /** Removes several; resolves with the keys that failed. Absent: `remove` is called for each. At most 1,000 keys. */
  removeMany?(keys: readonly Key[], signal?: AbortSignal): Promise<readonly RemoveFailure[]>;

  /**
   * Everything written or removed so far survives a power cut once this resolves. Called before progress is recorded;
   * absent where every write is that durable by itself, as in object stores.
   */
  flush?(signal?: AbortSignal): Promise<void>;

  readonly multipart?: Multipart | undefined;

  /**
   * Copies within this store (or from a sibling with `sameServer`) without the bytes passing here. Metadata is the
   * source's unless `options.meta` is given, then all of it is that; likewise tags.
   * - Absent: rejects with `not-found`; `from.ifMatch` and another version: `changed`.
   */
  copy?(from: CopySource, to: Key, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult>;
  /** True where `other` can be the source of `copy`: same service, same credentials. */
  sameServer?(other: Store): boolean;

  /** The store reads `url` by itself and stores it as `key`. */
  fetch?(url: string, key: Key, options?: WriteOptions, signal?: AbortSignal): Promise<WriteResult>;
  /** A URL that reads `key` without credentials for `seconds`. */
  presign?(key: Key, seconds: number): Promise<string>;

  tags?(key: Key, signal?: AbortSignal): Promise<Tags>;
  /**
   * What the service looks like where the options do not say what it is: a hint for people, from one answer. Undefined
   * where nothing is recognised.
   */
  recognise?(signal?: AbortSignal): Promise<Resemblance | undefined>;
  /** Whether it keeps, or has kept, earlier versions of its objects. Rejects with `access-denied` where it may not be asked. */
  versioned?(signal?: AbortSignal): Promise<boolean>;
  /** Gives an object these tags in place of those it has. Absent: rejects with `not-found`. */
  setTags?(key: Key, tags: Tags, signal?: AbortSignal): Promise<void>;

  /**
   * How the object was uploaded in parts; undefined where it was written whole, or where the store does not tell after
   * all. Absent: rejects with `not-found`; `ifMatch` and another version: `changed`.
   */
  partLayout?(key: Key, ifMatch: string | undefined, signal?: AbortSignal): Promise<PartLayout | undefined>;
}

export interface PartLayout {
  readonly count: number;
  /** Bytes of the first part. */
  readonly first: number;
}

export interface StoreInfo {
  /** Registered type: `s3`, `file`… */
  readonly type: string;
  /** For people and error messages: `s3://bucket/prefix at host`; never a secret. */
  readonly name: string;
  /** Equal for two endpoints that reach the same place; never a secret. Tasks are identified by it. */
  readonly identity: string;
  /**
   * What decides, besides the place, which keys a listing gives and in what order (an encoding of names, a policy for
   * links); absent where it is as usual. A pass begun with one cannot go on with another.
   */
  readonly view?: string | undefined;
  /** What the store calls the place when it tells of changes: the bucket, and what keys there begin with; absent where it never does. */
  readonly told?: { readonly bucket: string; readonly prefix: string } | undefined;
  /** Where its keys are, so that two endpoints in each other are noticed; absent where that cannot be told. */
  readonly place?: Place | undefined;
}

/** Places overlap where the roots are equal and one prefix begins with the other. */
export interface Place {
  /** What is shared by all prefixes: a bucket and its service, the file tree of this machine. */
  readonly root: string;
  /** '' or text that ends in `/`, in the spelling every endpoint below the root uses. */
  readonly prefix: string;
}

/** What a store seems to be, and how to say so in the task file. */
export interface Resemblance {
  readonly title: string;
  readonly setting: string;
}

export interface ListRequest {
  readonly prefix?: string | undefined;
  readonly after?: Key | undefined;
  /** A hint: keys greater than this are not wanted and may be left out. */
  readonly through?: Key | undefined;
  /** A hint: of a tree only directories are wanted; others may be left out. */
  readonly directoriesOnly?: boolean | undefined;
  /**
   * Of the keys that hold `/` after the prefix one entry is wanted for each common prefix, which ends in that `/`, as a
   * `directory` that is not empty: where a key below it is greater than `after`. Only where `list.delimiter` is declared.
   */
  readonly delimiter?: '/' | undefined;
  /** Entries wanted; at most `list.maxPage`. */
  readonly limit?: number | undefined;
  /** From `ListPage.cursor`; for stores that go by it. */
  readonly cursor?: string | undefined;
}

export interface ListPage {
  readonly entries: readonly ObjectEntry[];
  /** Ask for the next page with `after: next`; absent where there is none. At least the last entry's key. */
  readonly next?: Key | undefined;
  /** An unordered store's position after this page; absent where there is no more. */
  readonly cursor?: string | undefined;
}

export interface ReadOptions {
  /** First byte; 0 where absent. */
  readonly offset?: number | undefined;
  /** Bytes wanted; to the end where absent. */
  readonly length?: number | undefined;
  /** `length` may reach past the end; what there is comes then, and `ReadBody.size` tells how much. */
  readonly atMost?: boolean | undefined;
  /** Only this version, by its ETag; another rejects with `changed`. */
  readonly ifMatch?: string | undefined;
  /** Header fields to ask with, names and values in turn; only where `readHeaders` is declared, others pass them over. */
  readonly headers?: readonly string[] | undefined;
}

export interface ReadResult {
  /** Of the whole object, whatever the range. */
  readonly meta: ObjectMeta;
  readonly body: ReadBody;
}

/** Bytes on their way out of a store. Read it, or `cancel` it; to drop it leaves a connection busy. */
export interface ReadBody extends AsyncIterable<Uint8Array> {
  /** Bytes it will yield. Undefined only for HTTP origins that do not say. */
  readonly size: number | undefined;
  /** All of it in memory, in a buffer the caller owns; rejects with `too-large` past `limit`. */
  bytes(limit: number): Promise<Uint8Array>;
  cancel(): void;
}

export interface WriteOptions {
  /** Size and checksums in it are ignored; headers, user metadata, modified, posix and storageClass are stored. */
  readonly meta?: Partial<ObjectMeta> | undefined;
  readonly tags?: Tags | undefined;
  /** Canned ACL. */
  readonly acl?: string | undefined;
  readonly ifAbsent?: boolean | undefined;
  readonly ifMatch?: string | undefined;
  /** Hex MD5 the bytes must have; with `verifiesMd5` the store refuses others (`wrong-checksum`). */
  readonly md5?: string | undefined;
  /** One more checksum the bytes must have; only where `verifiesChecksums` has it. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly hex: string } | undefined;
}

export interface WriteResult {
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  readonly checksums?: Checksums | undefined;
}

export interface RemoveFailure {
  readonly key: Key;
  readonly error: Error;
}

export type CopySource = { readonly store: Store; readonly key: Key; readonly ifMatch?: string | undefined };

/** Uploads in parts. Nothing is visible before `complete`. */
export interface Multipart {
  begin(key: Key, options?: WriteOptions, signal?: AbortSignal): Promise<string>;
  /** Parts count from 1. The same number again replaces the part. */
  put(upload: UploadRef, part: number, body: Body, options?: PartOptions, signal?: AbortSignal): Promise<PartResult>;
  /**
   * Makes the object visible whole, of these parts in ascending order of their numbers. `ifAbsent` and `ifMatch` as for
   * `write`; an upload whose condition did not hold is still there, and so is one whose `checksum` is not that of the
   * whole (`wrong-checksum`).
   * Rejects with `not-found` where the upload, or a part with this ETag, is gone.
   */
  complete(
    upload: UploadRef,
    parts: readonly Part[],
    options?: CompleteOptions,
    signal?: AbortSignal,
  ): Promise<WriteResult>;
  /** Frees what the parts hold; an upload that is gone counts as aborted. */
  abort(upload: UploadRef, signal?: AbortSignal): Promise<void>;
  /**
   * Uploads of exactly this key that somebody began and nobody has completed or aborted. Slow: for finding what a crash
   * left. Absent, with `isEmpty`, where the store cannot list them.
   */
  inProgress?(key: Key, signal?: AbortSignal): Promise<readonly UploadInProgress[]>;
  /** True where the upload is in progress and nothing was put into it. */
  isEmpty?(upload: UploadRef, signal?: AbortSignal): Promise<boolean>;
  /**
   * Parts put so far whose numbers are greater than `after`, in order, at most `limit`. Rejects with `not-found` where
   * the upload is gone. Absent where the store cannot list them.
   */
  parts?(upload: UploadRef, after: number, limit: number, signal?: AbortSignal): Promise<readonly StoredPart[]>;
  /**
   * Uploads in progress whose keys begin with `prefix`, in order of key and then of id, after the given one (after all
   * of its key where there is no id), at most `limit`. Absent where the store cannot list them.
   */
  list?(
    prefix: string,
    after: { readonly key: Key; readonly uploadId?: string | undefined } | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly ListedUpload[]>;
  /** Server-side copy of bytes `[offset, offset + length)` of `from` into a part. */
  copyPart?(
    upload: UploadRef,
    part: number,
    from: CopySource,
    offset: number,
    length: number,
    signal?: AbortSignal,
  ): Promise<PartResult>;
}

export interface UploadRef {
  readonly key: Key;
  readonly uploadId: string;
}

export interface UploadInProgress {
  readonly uploadId: string;
  /** When it was begun by the store's clock, milliseconds; undefined where it does not tell. */
  readonly begun: number | undefined;
  /** Who began it, in the store's words; undefined where it does not tell. */
  readonly by: string | undefined;
}

export interface PartOptions {
  readonly md5?: string | undefined;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly hex: string } | undefined;
}

export interface PartResult {
  readonly etag: string;
  readonly checksums?: Checksums | undefined;
}

export interface Part extends PartResult {
  readonly number: number;
}

/** A part that was put. */
export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified?: number | undefined;
}

/** An upload in progress, of any key. */
export interface ListedUpload {
  readonly key: Key;
  readonly uploadId: string;
  /** Milliseconds since the epoch. */
  readonly begun?: number | undefined;
}

export interface CompleteOptions {
  readonly ifAbsent?: boolean | undefined;
  readonly ifMatch?: string | undefined;
  /** What the whole object must have; only where `completeChecksums` has it. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly hex: string } | undefined;
}
