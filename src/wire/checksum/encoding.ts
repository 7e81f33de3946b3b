import { FerryError } from '../../model/errors.ts';
import type { ChecksumAlgorithm } from '../../model/object.ts';
import { checksumHex } from './hasher.ts';

/** Length of a checksum, bytes. */
export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  md5: 16,
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

/** Names in S3's headers (`x-amz-checksum-…` in any case) and XML elements (`Checksum…`). MD5 has a header of its own. */
export const S3_CHECKSUM_NAMES: Readonly<Record<Exclude<ChecksumAlgorithm, 'md5'>, string>> = {
  crc32: 'CRC32',
  crc32c: 'CRC32C',
  crc64nvme: 'CRC64NVME',
  sha1: 'SHA1',
  sha256: 'SHA256',
};

export function hexToBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** Hexadecimal of a checksum header; undefined where it is not base64 of the right length (a composite one is not). */
export function base64ToHex(base64: string, algorithm: ChecksumAlgorithm): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === CHECKSUM_BYTES[algorithm] && bytes.toString('base64') === base64
    ? bytes.toString('hex')
    : undefined;
}

/**
 * The composite checksum S3 gives an object uploaded in parts: of the parts' checksums one after the other, base64,
 * `-N`. Source: "Checking object integrity", S3 user guide.
 */
export function compositeChecksum(algorithm: Exclude<ChecksumAlgorithm, 'md5'>, partsHex: readonly string[]): string {
  if (partsHex.length === 0) throw new FerryError('internal', { message: 'A composite checksum of no parts' });
  const whole = checksumHex(algorithm, Buffer.from(partsHex.join(''), 'hex'));
  return `${hexToBase64(whole)}-${partsHex.length}`;
}
