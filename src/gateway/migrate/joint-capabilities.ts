import type { Capabilities, MultipartCapability } from '../../model/capabilities.ts';

/**
 * What a bucket can do that is served by either of two stores: what both can, within the limits of both, so that
 * clients see one bucket before, during and after the move.
 */
export function jointCapabilities(old: Capabilities, next: Capabilities): Capabilities {
  const bothList = old.list !== undefined && next.list !== undefined;
  return {
    list: bothList
      ? {
          order: old.list.order === 'utf8' ? next.list.order : old.list.order,
          delimiter: old.list.delimiter && next.list.delimiter,
          maxPage: Math.min(old.list.maxPage, next.list.maxPage),
          size: old.list.size && next.list.size,
          modified: old.list.modified && next.list.modified,
          etag: old.list.etag && next.list.etag,
        }
      : undefined,
    read: old.read && next.read,
    readRange: old.readRange && next.readRange,
    readIfMatch: old.readIfMatch && next.readIfMatch,
    write: old.write && next.write,
    remove: old.remove && next.remove,
    writeIfAbsent: old.writeIfAbsent && next.writeIfAbsent,
    writeIfMatch: old.writeIfMatch && next.writeIfMatch,
    maxWrite: Math.min(old.maxWrite, next.maxWrite),
    verifiesMd5: old.verifiesMd5 && next.verifiesMd5,
    verifiesChecksums: old.verifiesChecksums.filter((algorithm) => next.verifiesChecksums.includes(algorithm)),
    etag: old.etag === next.etag ? old.etag : 'opaque',
    multipart:
      old.multipart === undefined || next.multipart === undefined
        ? undefined
        : jointMultipart(old.multipart, next.multipart),
    keys: {
      maxBytes: Math.min(old.keys.maxBytes, next.keys.maxBytes),
      refuse: (key) => old.keys.refuse?.(key) ?? next.keys.refuse?.(key),
      tree: old.keys.tree || next.keys.tree,
      directories: old.keys.directories === next.keys.directories ? old.keys.directories : 'none',
    },
    metadata: {
      system: old.metadata.system && next.metadata.system,
      userBytes: Math.min(old.metadata.userBytes, next.metadata.userBytes),
      refuse: (user) => old.metadata.refuse?.(user) ?? next.metadata.refuse?.(user),
      tags: old.metadata.tags && next.metadata.tags,
      acl: old.metadata.acl && next.metadata.acl,
      modified: old.metadata.modified === next.metadata.modified ? old.metadata.modified : 'none',
      posix: old.metadata.posix && next.metadata.posix,
      storageClasses: old.metadata.storageClasses.filter((name) => next.metadata.storageClasses.includes(name)),
    },
    copy:
      old.copy === undefined || next.copy === undefined
        ? undefined
        : {
            maxSize: Math.min(old.copy.maxSize, next.copy.maxSize),
            ifAbsent: old.copy.ifAbsent === true && next.copy.ifAbsent === true,
            ifMatch: old.copy.ifMatch === true && next.copy.ifMatch === true,
            tags: old.copy.tags === next.copy.tags ? old.copy.tags : 'unsure',
          },
    fetch: false,
    presign: false,
  };
}

function jointMultipart(old: MultipartCapability, next: MultipartCapability): MultipartCapability {
  return {
    minPart: Math.max(old.minPart, next.minPart),
    maxPart: Math.min(old.maxPart, next.maxPart),
    maxParts: Math.min(old.maxParts, next.maxParts),
    maxObject: Math.min(old.maxObject, next.maxObject),
    equalParts: old.equalParts || next.equalParts,
    completeIfAbsent: old.completeIfAbsent && next.completeIfAbsent,
    tags: old.tags === next.tags ? old.tags : 'unsure',
  };
}
