import fs from 'node:fs';
import type { Capabilities } from '../../model/capabilities.ts';
import { VERIFIED } from './digest.ts';
import type { DiskEncoding } from './encoding.ts';
import { MAX_PAGE } from './listing.ts';
import { MAX_KEY, whyRefused } from './names.ts';
import { MAX_PARTS } from './uploads.ts';

/** What a directory tree can do. The largest file is the file system's own affair; it says `too-large` when asked. */
export function fileCapabilities(
  root: string,
  encoding: DiskEncoding,
  { metadata, soleWriter }: { readonly metadata: 'none' | 'sidecar'; readonly soleWriter: boolean },
): Capabilities {
  const sidecar = metadata === 'sidecar';
  return {
    list: {
      order: 'utf8',
      maxPage: MAX_PAGE,
      serial: true,
      size: true,
      modified: true,
      etag: true,
      clock: isServed(root) ? undefined : 'ours',
    },
    read: true,
    readRange: true,
    readIfMatch: true,
    write: true,
    remove: true,
    writeIfAbsent: true,
    // Between looking at a file and replacing it another program may write: nothing on POSIX does both at once. Only
    // who alone writes can see to it.
    writeIfMatch: soleWriter,
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
      completeIfMatch: soleWriter,
      completeChecksums: ['crc32', 'crc32c', 'crc64nvme'],
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

/** Types of file systems that others serve, by statfs(2): NFS, SMB (three), AFS, Coda, Ceph, Lustre, GPFS, 9P, FUSE. */
const SERVED = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x73757245, 0x00c36400, 0x0bd00bd0, 0x47504653, 0x01021997,
  0x65735546,
]);

/** Whether another machine may date what is written there. What is not there yet, nobody has dated. */
function isServed(root: string): boolean {
  try {
    // As signed where the kernel's field is of 32 bits.
    return SERVED.has(fs.statfsSync(root).type >>> 0);
  } catch {
    return false;
  }
}
