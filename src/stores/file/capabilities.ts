import type { Capabilities } from '../../model/capabilities.ts';
import { VERIFIED } from './digest.ts';
import type { DiskEncoding } from './encoding.ts';
import { MAX_PAGE } from './listing.ts';
import { MAX_KEY, whyRefused } from './names.ts';
import { MAX_PARTS } from './uploads.ts';

/** What a directory tree can do. The largest file is the file system's own affair; it says `too-large` when asked. */
export function fileCapabilities(encoding: DiskEncoding, metadata: 'none' | 'sidecar'): Capabilities {
  const sidecar = metadata === 'sidecar';
  return {
    list: { order: 'utf8', maxPage: MAX_PAGE, serial: true, size: true, modified: true, etag: true },
    read: true,
    readRange: true,
    readIfMatch: true,
    write: true,
    remove: true,
    writeIfAbsent: true,
    // Between looking at a file and replacing it another program may write: nothing on POSIX does both at once.
    writeIfMatch: false,
    maxWrite: Number.MAX_SAFE_INTEGER,
    verifiesMd5: true,
    verifiesChecksums: VERIFIED,
    etag: 'opaque',
    multipart: {
      minPart: 1,
      maxPart: Number.MAX_SAFE_INTEGER,
      maxParts: MAX_PARTS,
      maxObject: Number.MAX_SAFE_INTEGER,
      equalParts: false,
      completeIfAbsent: true,
      tags: 'kept',
    },
    keys: {
      maxBytes: MAX_KEY,
      refuse: (key) => whyRefused(key, encoding),
      tree: true,
      directories: 'directories',
    },
    metadata: {
      system: sidecar,
      userBytes: sidecar ? 64 * 1024 : 0,
      tags: sidecar,
      acl: false,
      modified: 'set',
      posix: true,
      storageClasses: [],
    },
    copy: undefined,
    fetch: false,
    presign: false,
  };
}
