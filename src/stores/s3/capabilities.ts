import type { Capabilities } from '../../model/capabilities.ts';
import type { KeySpace } from './keys.ts';
import { MAX_PAGE } from './listing.ts';
import { refusedMetadata } from './metadata.ts';
import type { S3Settings } from './options.ts';
import { refusal, type Preset } from './providers/preset.ts';

/** User metadata S3 keeps, names and values in bytes: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const USER_METADATA = 2048;

/** What the preset and the options promise. The engine measures what services are known to get wrong. */
export function capabilitiesOf(settings: S3Settings, keys: KeySpace): Capabilities {
  const { preset } = settings;
  const { limits } = preset;
  return {
    list: {
      order: settings.listOrder,
      maxPage: MAX_PAGE,
      delimiter: settings.listOrder === 'utf8' ? true : undefined,
      size: true,
      modified: true,
      etag: true,
    },
    read: true,
    readRange: true,
    readIfMatch: true,
    write: true,
    remove: true,
    writeIfAbsent: preset.createOnly !== undefined,
    writeIfMatch: preset.writeIfMatch !== undefined,
    maxWrite: limits.maxWrite,
    verifiesMd5: preset.verifiesMd5,
    verifiesChecksums: preset.checksums,
    etag: preset.etag,
    multipart: {
      minPart: limits.minPart,
      maxPart: limits.maxPart,
      maxParts: limits.maxParts,
      maxObject: limits.maxObject,
      equalParts: limits.equalParts,
      completeIfAbsent: preset.completeCreateOnly !== undefined,
      completeIfMatch: preset.completeIfMatch === true,
      tags: preset.multipartTags,
    },
    keys: {
      maxBytes: preset.maxKey - keys.bytes(''),
      refuse: refuses(preset, keys) ? (key) => refusal(key, preset) : undefined,
      tree: false,
      directories: 'objects',
    },
    metadata: {
      system: true,
      userBytes: USER_METADATA,
      refuse: preset.metadataLimits && ((user) => refusedMetadata(user, preset)),
      tags: preset.tags,
      acl: preset.acl,
      modified: 'metadata',
      posix: true,
      storageClasses: preset.storageClasses,
    },
    copy:
      preset.copyMax === undefined
        ? undefined
        : {
            maxSize: preset.copyMax,
            ifAbsent: preset.copyCreateOnly !== undefined,
            ifMatch: preset.copyIfMatch,
            tags: preset.copyTags,
          },
    fetch: false,
    presign: !settings.signatureV2,
  };
}

/** Only keys at the root of a bucket can begin with what it refuses. */
function refuses(preset: Preset, keys: KeySpace): boolean {
  return preset.refusesLeading !== undefined && keys.prefix === '';
}
