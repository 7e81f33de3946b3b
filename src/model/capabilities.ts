import type { ChecksumAlgorithm } from './object.ts';

/**
 * What a store can do and within which limits. Code branches on this, never on a store's name.
 *
 * A driver declares it; `engine/probe` measures on a scratch key what providers are known to get wrong
 * (`writeIfAbsent`, `verifiesMd5`, `etag`, `list.order`) and replaces the declared value.
 */
export interface Capabilities {
  readonly list: ListCapability | undefined;
  readonly read: boolean;
  readonly readRange: boolean;
  /** `read` honours `ifMatch`: another version answers `changed`, never other bytes. */
  readonly readIfMatch: boolean;
  /** `read` sends `headers` along. */
  readonly readHeaders?: boolean | undefined;
  readonly write: boolean;
  readonly remove: boolean;
  /** `write` with `ifAbsent` never replaces an object. */
  readonly writeIfAbsent: boolean;
  /** `write` with `ifMatch` replaces only that version. */
  readonly writeIfMatch: boolean;
  /** Largest object one `write` takes, bytes. */
  readonly maxWrite: number;
  /** A `write` with a wrong `md5` is refused and nothing is stored. */
  readonly verifiesMd5: boolean;
  /** A `write` or part with one of these, wrong, is refused and nothing is stored. */
  readonly verifiesChecksums: readonly ChecksumAlgorithm[];
  /**
   * What an ETag means. `md5`: of a whole write the MD5 of its bytes, of an upload in parts the MD5 of the parts' MD5s
   * and `-N`. `unknown`: perhaps that; the engine measures it. `sampled`: of a few objects that were read it was the
   * MD5 of their bytes. `opaque`: equal means the same version of this store, nothing more. `none`: there are none.
   */
  readonly etag: 'md5' | 'sampled' | 'unknown' | 'opaque' | 'none';
  readonly multipart: MultipartCapability | undefined;
  readonly keys: KeyCapability;
  readonly metadata: MetadataCapability;
  /** `copy` within the store, without the bytes passing here. */
  readonly copy: CopyCapability | undefined;
  /** `fetch`: the store reads a URL by itself. */
  readonly fetch: boolean;
  /** `presign`: a URL that reads an object without credentials. */
  readonly presign: boolean;
}

export interface ListCapability {
  /** `utf8`: pages come in UTF-8 byte order and can start after any key. `unordered`: neither. */
  readonly order: 'utf8' | 'unordered';
  /** Most entries a page may be asked for. */
  readonly maxPage: number;
  /**
   * Listing from several keys at once costs more than it gains: a file tree reads a directory whole for each of them.
   */
  readonly serial?: boolean | undefined;
  /** A `delimiter` of a request is honoured. */
  readonly delimiter?: true | undefined;
  /** Whether entries carry these. */
  readonly size: boolean;
  readonly modified: boolean;
  readonly etag: boolean;
  /** Modifications are dated by this machine's clock; absent: by another, of which `Store.clockSkew` may tell. */
  readonly clock?: 'ours' | undefined;
}

export interface CopyCapability {
  /** Largest object it takes, bytes. */
  readonly maxSize: number;
  /** Whether `ifAbsent` holds. */
  readonly ifAbsent?: boolean | undefined;
  /** The store itself judges `from.ifMatch` as it copies, parts as well; else it is looked at just before. */
  readonly ifMatch?: boolean | undefined;
  /** What becomes of the tags given; those that are `lost`, and perhaps `unsure` ones, are set afterwards. */
  readonly tags: TagsGiven;
}

/** What a store does with the tags it is given with an operation; where that is `unsure` the object is asked. */
export type TagsGiven = 'kept' | 'lost' | 'unsure';

export interface MultipartCapability {
  /** Smallest part but the last, bytes. */
  readonly minPart: number;
  readonly maxPart: number;
  readonly maxParts: number;
  readonly maxObject: number;
  /** All parts but the last must be of one size (R2). */
  readonly equalParts: boolean;
  /** `complete` with `ifAbsent` never replaces an object. */
  readonly completeIfAbsent: boolean;
  /** `complete` with `ifMatch` replaces only that version. */
  readonly completeIfMatch?: boolean | undefined;
  /** `complete` with one of these of the whole object, wrong, is refused and nothing becomes visible; none where absent. */
  readonly completeChecksums?: readonly ChecksumAlgorithm[] | undefined;
  /** What becomes of the tags given to `begin`: `lost` and perhaps `unsure` ones are set when the upload is complete. */
  readonly tags: TagsGiven;
}

export interface KeyCapability {
  /** Longest key, bytes of UTF-8. */
  readonly maxBytes: number;
  /** Why a key cannot be stored here; undefined where it can. Where keys are escaped the escaped form is judged. */
  readonly refuse?: ((key: string) => string | undefined) | undefined;
  /** A tree: `a` and `a/b` cannot both exist. */
  readonly tree: boolean;
  /** Keys ending in `/` are kept as objects of their own (`objects`), as directories, or not at all. */
  readonly directories: 'objects' | 'directories' | 'none';
}

export interface MetadataCapability {
  /** Content-Type and the other headers of `SystemMeta` are kept. */
  readonly system: boolean;
  /** Bytes of user metadata kept, names and values; 0 where none. */
  readonly userBytes: number;
  /** Why user metadata is not kept although it is small enough; undefined where it is. */
  readonly refuse?: ((user: Readonly<Record<string, string>>) => string | undefined) | undefined;
  readonly tags: boolean;
  readonly acl: boolean;
  /** `set`: the modification time can be set; `metadata`: kept as user metadata `mtime`; `none`: lost. */
  readonly modified: 'set' | 'metadata' | 'none';
  readonly posix: boolean;
  /** Storage classes it takes; empty where it has only one. */
  readonly storageClasses: readonly string[];
}

/** A store that keeps bytes and nothing about them. */
export const NO_METADATA: MetadataCapability = {
  system: false,
  userBytes: 0,
  tags: false,
  acl: false,
  modified: 'none',
  posix: false,
  storageClasses: [],
};
