/** What of a write a store cannot keep, going by its capabilities. */
import type { Capabilities, MetadataCapability } from '../model/capabilities.ts';
import type { ObjectMeta } from '../model/object.ts';
import type { WriteOptions } from './store.ts';

export type Loss = 'headers' | 'user metadata' | 'modification time' | 'posix' | 'storage class' | 'tags' | 'acl';

/** The first thing the store would lose of `options`; undefined where it keeps all. */
export function firstLoss({ meta, tags, acl }: WriteOptions, { metadata }: Capabilities): Loss | undefined {
  if (meta !== undefined) {
    if (!metadata.system && hasHeaders(meta)) return 'headers';
    if (meta.user !== undefined && userMetadataRefusal(meta.user, metadata) !== undefined) return 'user metadata';
    if (meta.modified !== undefined && metadata.modified === 'none') return 'modification time';
    if (meta.posix !== undefined && !metadata.posix) return 'posix';
    const { storageClass } = meta;
    if (storageClass !== undefined && !metadata.storageClasses.includes(storageClass)) return 'storage class';
  }
  if (tags !== undefined && !metadata.tags && Object.keys(tags).length > 0) return 'tags';
  return acl !== undefined && !metadata.acl ? 'acl' : undefined;
}

/** Why a store does not keep this user metadata; undefined where it does. */
export function userMetadataRefusal(
  user: Readonly<Record<string, string>>,
  { userBytes: most, refuse }: Pick<MetadataCapability, 'userBytes' | 'refuse'>,
): string | undefined {
  return userBytes(user) > most ? `the store takes ${most} bytes of user metadata` : refuse?.(user);
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

/** As S3 counts them: names and values in UTF-8. */
function userBytes(user: Readonly<Record<string, string>>): number {
  let bytes = 0;
  for (const name in user) bytes += Buffer.byteLength(name) + Buffer.byteLength(user[name]!);
  return bytes;
}
