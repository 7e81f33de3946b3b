/** What of a write a store cannot keep. The correctness layer refuses it; plans report it; transfers leave it out. */
import type { Capabilities, MetadataCapability } from '../model/capabilities.ts';
import type { ObjectMeta, SystemMeta } from '../model/object.ts';
import type { WriteOptions } from './store.ts';

export type Loss = 'headers' | 'user-metadata' | 'modified' | 'posix' | 'storage-class' | 'tags' | 'acl';

interface Rule {
  readonly loss: Loss;
  lost(options: WriteOptions, metadata: MetadataCapability): boolean;
  without(options: WriteOptions): WriteOptions;
}

const NO_HEADERS: { readonly [Name in keyof SystemMeta]-?: undefined } = {
  contentType: undefined,
  cacheControl: undefined,
  contentDisposition: undefined,
  contentEncoding: undefined,
  contentLanguage: undefined,
  expires: undefined,
};

const RULES: readonly Rule[] = [
  {
    loss: 'headers',
    lost: ({ meta }, metadata) => meta !== undefined && !metadata.system && hasHeaders(meta),
    without: (options) => withMeta(options, NO_HEADERS),
  },
  {
    loss: 'user-metadata',
    lost: ({ meta }, metadata) => meta?.user !== undefined && userBytes(meta.user) > metadata.userBytes,
    without: (options) => withMeta(options, { user: undefined }),
  },
  {
    loss: 'modified',
    lost: ({ meta }, metadata) => meta?.modified !== undefined && metadata.modified === 'none',
    without: (options) => withMeta(options, { modified: undefined }),
  },
  {
    loss: 'posix',
    lost: ({ meta }, metadata) => meta?.posix !== undefined && !metadata.posix,
    without: (options) => withMeta(options, { posix: undefined }),
  },
  {
    loss: 'storage-class',
    lost: ({ meta }, metadata) =>
      meta?.storageClass !== undefined && !metadata.storageClasses.includes(meta.storageClass),
    without: (options) => withMeta(options, { storageClass: undefined }),
  },
  {
    loss: 'tags',
    lost: ({ tags }, metadata) => tags !== undefined && !metadata.tags && Object.keys(tags).length > 0,
    without: (options) => ({ ...options, tags: undefined }),
  },
  {
    loss: 'acl',
    lost: ({ acl }, metadata) => acl !== undefined && !metadata.acl,
    without: (options) => ({ ...options, acl: undefined }),
  },
];

/** The first thing the store would lose of `options`; undefined where it keeps all. Allocates nothing then. */
export function firstLoss(options: WriteOptions, { metadata }: Capabilities): Loss | undefined {
  for (const rule of RULES) if (rule.lost(options, metadata)) return rule.loss;
  return undefined;
}

/** `options` without what the store cannot keep, and what that was. */
export function fit(
  options: WriteOptions,
  { metadata }: Capabilities,
): { readonly options: WriteOptions; readonly lost: readonly Loss[] } {
  let fitting = options;
  const lost: Loss[] = [];
  for (const rule of RULES) {
    if (!rule.lost(options, metadata)) continue;
    fitting = rule.without(fitting);
    lost.push(rule.loss);
  }
  return { options: fitting, lost };
}

/** Bytes of user metadata as S3 counts them: names and values in UTF-8. */
export function userBytes(user: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name in user) bytes += Buffer.byteLength(name) + Buffer.byteLength(user[name]!);
  return bytes;
}

function hasHeaders(meta: Partial<ObjectMeta>): boolean {
  return (
    meta.contentType !== undefined ||
    meta.cacheControl !== undefined ||
    meta.contentDisposition !== undefined ||
    meta.contentEncoding !== undefined ||
    meta.contentLanguage !== undefined ||
    meta.expires !== undefined
  );
}

function withMeta(options: WriteOptions, change: Partial<ObjectMeta>): WriteOptions {
  return { ...options, meta: { ...options.meta, ...change } };
}
