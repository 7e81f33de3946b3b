/** What identifies one version of a file. */
import type { BigIntStats } from 'node:fs';

/**
 * An ETag: modification time in nanoseconds, size and inode, hexadecimal. Equal means the same version, as far as a file
 * system can tell: kernels before Linux 6.13 note times in steps of up to 10 ms, and a program can set them back.
 */
export function versionOf(stats: BigIntStats): string {
  return `${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}-${stats.ino.toString(16)}`;
}

/** Milliseconds since the epoch, whole. */
export function modifiedOf(stats: BigIntStats): number {
  return Math.floor(Number(stats.mtimeNs / 1000n) / 1000);
}

/** Seconds for `futimes` that read back as `modified` milliseconds: half a microsecond covers the rounding of doubles. */
export function secondsOf(modified: number): number {
  return modified % 1000 === 0 ? modified / 1000 : modified / 1000 + 5e-7;
}

/** Whether a file was written to, replaced or changed in any way between two looks at it. */
export function changedBetween(before: BigIntStats, after: BigIntStats): boolean {
  return (
    before.size !== after.size ||
    before.mtimeNs !== after.mtimeNs ||
    before.ctimeNs !== after.ctimeNs ||
    before.ino !== after.ino
  );
}

/** What `Stats` and directory entries tell alike. */
export interface FileKind {
  isSymbolicLink(): boolean;
  isSocket(): boolean;
  isFIFO(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
}

/** Why what is no regular file and no directory cannot be moved. */
export function irregularType(stats: FileKind): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isSocket()) return 'a socket';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isBlockDevice() || stats.isCharacterDevice()) return 'a device';
  return 'of a type Ferry does not know';
}
