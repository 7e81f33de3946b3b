/** What differs between services that speak S3, as data. Code branches on these fields, never on a name. */
import type { TagsGiven } from '../../../model/capabilities.ts';
import type { ChecksumAlgorithm } from '../../../model/object.ts';
import { GiB, MiB, TiB } from '../../../model/units.ts';

/**
 * One service. What a preset says is a claim of its documentation, or measured where `facts` says so; the engine probes
 * conditional writes, MD5 checks and listing order on a scratch key before it relies on them.
 */
export interface Preset {
  /** Registered store type, and value of the `provider` option. */
  readonly name: string;
  readonly title: string;
  /** Why each unusual field is as it is, and where that is written. */
  readonly facts: readonly Fact[];
  /** `https://s3.{region}.example.com`; undefined where every installation has its own. */
  readonly endpoint?: string | undefined;
  /** What follows the endpoint in some regions. */
  readonly endpointSuffix?: ((region: string) => string) | undefined;
  /** Host names of this service end so: `type: s3` with such an endpoint gets this preset. */
  readonly hosts: readonly string[];
  /** Headers of its answers by which it is recognised. */
  readonly signs?: readonly Sign[] | undefined;
  /** Finds the region in a host name without its suffix from `hosts`. */
  readonly regionInHost?: RegExp | undefined;
  /** `AWS_REGION` and the region of a profile are meant for this service. */
  readonly regionOfTools: boolean;
  /** Region signed for where neither option nor host name gives one. */
  readonly region: string;
  /** Bucket in the path (true) or in the host name (false); undefined decides by the endpoint. */
  readonly pathStyle?: boolean | undefined;
  readonly listVersion: 1 | 2;
  /** `encoding-type=url` is understood; without it keys with control characters cannot be listed. */
  readonly listEncoding: boolean;
  /** Header and value that make a write create-only; undefined where there is none. */
  readonly createOnly?: CreateOnly | undefined;
  /** The same for CompleteMultipartUpload. */
  readonly completeCreateOnly?: CreateOnly | undefined;
  /** The same for CopyObject. */
  readonly copyCreateOnly?: CreateOnly | undefined;
  /** How `If-Match` on a write wants its ETag; undefined where it is not supported. */
  readonly writeIfMatch?: 'quoted' | 'bare' | undefined;
  /** CompleteMultipartUpload honours `If-Match`, written alike. */
  readonly completeIfMatch?: true | undefined;
  readonly etag: 'md5' | 'unknown' | 'opaque';
  readonly verifiesMd5: boolean;
  /** `x-amz-checksum-*` it verifies and returns. */
  readonly checksums: readonly ChecksumAlgorithm[];
  readonly limits: Limits;
  readonly storageClasses: readonly string[];
  readonly tags: boolean;
  /** What becomes of `x-amz-tagging` on CreateMultipartUpload. */
  readonly multipartTags: TagsGiven;
  /** What becomes of `x-amz-tagging` on CopyObject that replaces metadata and tags. */
  readonly copyTags: TagsGiven;
  readonly acl: boolean;
  /** CopyObject: largest object, bytes. */
  readonly copyMax?: number | undefined;
  /** UploadPartCopy. */
  readonly copyPart: boolean;
  /** Characters in a source key with which UploadPartCopy must not be asked for. */
  readonly noCopyPartOf?: string | undefined;
  /** HEAD with `partNumber=1` may be asked. Whether it tells anything shows in the answer. */
  readonly partHead: boolean;
  /** `x-amz-copy-source-if-match` is honoured. */
  readonly copyIfMatch: boolean;
  /** DeleteObjects. */
  readonly removeMany: boolean;
  /** `Accept-Encoding` it needs to answer the bytes as they are stored; mostly none. */
  readonly acceptEncoding?: string | undefined;
  /** Answers to HEAD that refuse have a body all the same: the connection cannot be used again. */
  readonly dirtyHead: boolean;
  /** How it takes and gives user metadata that is not ASCII: UTF-8 as it is, or RFC 2047 encoded words. */
  readonly unicodeMetadata: 'utf8' | 'rfc2047';
  /** What user metadata is held to beyond the size of all of it. */
  readonly metadataLimits?: MetadataLimits | undefined;
  /** Longest key, bytes. */
  readonly maxKey: number;
  /** Keys it cannot hold, by their first character. */
  readonly refusesLeading?: string | undefined;
}

export interface Fact {
  readonly about: keyof Preset;
  readonly reason: string;
  /** A URL, `measured: …`, or `not verified`. */
  readonly source: string;
}

export interface Sign {
  /** Lower case. */
  readonly header: string;
  readonly value: RegExp;
}

export interface CreateOnly {
  readonly header: string;
  readonly value: string;
}

export interface Limits {
  readonly maxWrite: number;
  readonly minPart: number;
  readonly maxPart: number;
  readonly maxParts: number;
  readonly maxObject: number;
  readonly equalParts: boolean;
}

export interface MetadataLimits {
  /** Longest name, bytes, without `x-amz-meta-`. */
  readonly name: number;
  /** Longest value, bytes as it is sent. */
  readonly value: number;
  /** Most values of an object. */
  readonly count: number;
}

/** Limits of Amazon S3, which most services copy: docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const S3_LIMITS: Limits = {
  maxWrite: 5 * GiB,
  minPart: 5 * MiB,
  maxPart: 5 * GiB,
  maxParts: 10_000,
  maxObject: 5 * TiB,
  equalParts: false,
};

export const IF_NONE_MATCH: CreateOnly = { header: 'if-none-match', value: '*' };

/** What a service that calls itself S3-compatible can be trusted with before anything was probed. */
export const CAUTIOUS = {
  facts: [],
  hosts: [],
  regionOfTools: false,
  region: 'us-east-1',
  listVersion: 2,
  listEncoding: true,
  etag: 'unknown',
  verifiesMd5: true,
  checksums: [],
  limits: S3_LIMITS,
  storageClasses: [],
  tags: false,
  multipartTags: 'unsure',
  copyTags: 'unsure',
  acl: false,
  copyMax: 5 * GiB,
  copyPart: true,
  partHead: false,
  copyIfMatch: false,
  removeMany: true,
  dirtyHead: false,
  unicodeMetadata: 'utf8',
  maxKey: 1024,
} as const satisfies Partial<Preset>;

/** Why the service cannot hold a key of this name; undefined where it can. */
export function refusal(key: string, preset: Preset): string | undefined {
  const first = key[0];
  if (first === undefined || !preset.refusesLeading?.includes(first)) return undefined;
  return `${preset.title} takes no key that begins with ${first}`;
}
