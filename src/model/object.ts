import type { Key } from './key.ts';

/** Checksum algorithms by the names S3 uses in `x-amz-checksum-*`, plus MD5. */
export type ChecksumAlgorithm = 'md5' | 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256';

/** Checksums of a whole object, lower-case hexadecimal. */
export type Checksums = { readonly [A in ChecksumAlgorithm]?: string };

/** What a listing tells of an object. A field the store does not list is absent, never guessed. */
export interface ObjectEntry {
  readonly key: Key;
  /** Bytes; absent where the list does not know (file lists, URLs): a `stat` decides. */
  readonly size?: number | undefined;
  /** Last modification, milliseconds since the epoch. */
  readonly modified?: number | undefined;
  /** Entity tag without its quotes or `W/`. What it means is in `Capabilities.etag`. */
  readonly etag?: string | undefined;
  readonly storageClass?: string | undefined;
  /**
   * Set for directories of tree-shaped stores, which list every one; their key ends in `/`. One that is not empty is
   * implied by what is in it; only an empty one is something to be moved.
   */
  readonly directory?: { readonly empty: boolean } | undefined;
  /** Set where the store found something that is no object: a socket, a broken link. Says what it is. */
  readonly irregular?: string | undefined;
  /**
   * Set where there is, or somebody meant, an object that no key stands for: its name is not valid in the encoding, a
   * line of a list is none. `key` is then only to show. It cannot be read or removed, so it is a failure.
   */
  readonly badName?: BadName | undefined;
}

export interface BadName {
  readonly reason: string;
  readonly remedy: string;
}

/** POSIX attributes, where a store has them. */
export interface PosixAttributes {
  /** Permission bits and type as in `st_mode`. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Target of a symbolic link kept as a link. */
  readonly link?: string | undefined;
}

/** HTTP headers that belong to an object and travel with it. */
export interface SystemMeta {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  /** As sent, an HTTP date. */
  readonly expires?: string | undefined;
}

/** The headers alone, of what has more. */
export function systemMetaOf(meta: SystemMeta): SystemMeta {
  const { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, expires } = meta;
  return { contentType, cacheControl, contentDisposition, contentEncoding, contentLanguage, expires };
}

/** Everything a store tells of one object. */
export interface ObjectMeta extends SystemMeta {
  /** Bytes; -1 where an HTTP origin does not tell, and only there. */
  readonly size: number;
  readonly modified?: number | undefined;
  readonly etag?: string | undefined;
  /** The ETag says nothing about the bytes although the store's ETags usually do (encrypted with KMS or client keys). */
  readonly etagOpaque?: boolean | undefined;
  /**
   * User metadata: names lower-case without `x-amz-meta-`. Names of letters, digits and `-` with values of printable
   * ASCII (no blanks at the ends) are kept as they are; anything else a store keeps exactly or refuses, never alters.
   */
  readonly user?: Readonly<Record<string, string>> | undefined;
  readonly storageClass?: string | undefined;
  readonly checksums?: Checksums | undefined;
  /** How many tags the object has, where the store tells it with the object (`x-amz-tagging-count`). */
  readonly tagCount?: number | undefined;
  /** Number of parts the object was uploaded in, where told (`x-amz-mp-parts-count`, or the `-N` of its ETag). */
  readonly parts?: number | undefined;
  readonly versionId?: string | undefined;
  readonly posix?: PosixAttributes | undefined;
}

export type Tags = Readonly<Record<string, string>>;
