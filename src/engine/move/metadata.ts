/** What of an object's metadata is written, and what is lost because the destination cannot hold it. */
import type { Capabilities } from '../../model/capabilities.ts';
import { FerryError } from '../../model/errors.ts';
import type { ObjectMeta, Tags } from '../../model/object.ts';
import type { Fidelity } from '../../model/task.ts';
import { userMetadataRefusal } from '../../store/first-loss.ts';
import type { WriteOptions } from '../../store/store.ts';

export type LossKind =
  | 'headers'
  | 'user-metadata'
  | 'tags'
  | 'modification-time'
  | 'posix'
  | 'acl'
  | 'storage-class'
  | 'etag';

export interface Outfit {
  readonly options: WriteOptions;
  readonly losses: readonly LossKind[];
}

const NO_LOSSES: readonly LossKind[] = [];
const DEFAULT_TYPES = new Set(['application/octet-stream', 'binary/octet-stream']);

/**
 * Write options for an object as the source describes it. Where something would be lost and the task says `fail`,
 * throws `unsupported` (or `metadata-too-large`).
 */
export function outfit(meta: ObjectMeta, tags: Tags | undefined, fidelity: Fidelity, to: Capabilities): Outfit {
  let losses = NO_LOSSES;
  const lose = (kind: LossKind): void => {
    if (fidelity.onLoss === 'fail') {
      throw new FerryError(
        kind === 'user-metadata' && to.metadata.userBytes > 0 ? 'metadata-too-large' : 'unsupported',
        {
          message: `the destination cannot keep ${kind.replace('-', ' ')}`,
        },
      );
    }
    losses = [...losses, kind];
  };
  const keep = fidelity.metadata === 'keep';

  let user = keep ? meta.user : undefined;
  if (Object.keys(fidelity.setMetadata).length > 0) user = { ...user, ...fidelity.setMetadata };
  if (user && userMetadataRefusal(user, to.metadata) !== undefined) {
    lose('user-metadata');
    user = undefined;
  }

  const headers = to.metadata.system;
  if (!headers && hasHeaders(meta, keep)) lose('headers');

  const modified = fidelity.modified ? (recordedTime(meta.user?.['mtime']) ?? meta.modified) : undefined;
  if (modified !== undefined && to.metadata.modified === 'none') lose('modification-time');

  // Where a link leads is what it holds: it travels without all other metadata.
  const link = meta.posix?.link === undefined ? undefined : { link: meta.posix.link };
  const posix = to.metadata.posix ? (keep ? meta.posix : link) : undefined;
  if (keep && meta.posix && !to.metadata.posix) lose('posix');

  let wanted: Tags | undefined = fidelity.tags === 'keep' ? tags : undefined;
  if (Object.keys(fidelity.setTags).length > 0) wanted = { ...wanted, ...fidelity.setTags };
  if (wanted && Object.keys(wanted).length > 0 && !to.metadata.tags) {
    lose('tags');
    wanted = undefined;
  }
  if (fidelity.acl !== undefined && !to.metadata.acl) lose('acl');

  const source = meta.storageClass ?? 'STANDARD';
  const storageClass = fidelity.storageClass[source] ?? fidelity.storageClass['*'];
  if (storageClass === undefined && source !== 'STANDARD') lose('storage-class');

  return {
    losses,
    options: {
      meta: {
        contentType: headers ? meta.contentType : undefined,
        cacheControl: headers && keep ? meta.cacheControl : undefined,
        contentDisposition: headers && keep ? meta.contentDisposition : undefined,
        contentEncoding: headers && keep ? meta.contentEncoding : undefined,
        contentLanguage: headers && keep ? meta.contentLanguage : undefined,
        expires: headers && keep ? meta.expires : undefined,
        user,
        modified: to.metadata.modified === 'none' ? undefined : modified,
        posix,
        storageClass,
      },
      tags: wanted,
      acl: to.metadata.acl ? fidelity.acl : undefined,
    },
  };
}

function hasHeaders(meta: ObjectMeta, keep: boolean): boolean {
  if (meta.contentType !== undefined && !DEFAULT_TYPES.has(meta.contentType)) return true;
  return (
    keep &&
    (meta.cacheControl ?? meta.contentDisposition ?? meta.contentEncoding ?? meta.contentLanguage ?? meta.expires) !==
      undefined
  );
}

/** User metadata `mtime` as rclone and s3fs write it: seconds since the epoch with a fraction. In milliseconds. */
function recordedTime(mtime: string | undefined): number | undefined {
  return mtime !== undefined && /^\d{1,12}(\.\d+)?$/.test(mtime) ? Number(mtime) * 1000 : undefined;
}
