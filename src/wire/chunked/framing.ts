/**
 * `Content-Encoding: aws-chunked`: a body in chunks that are signed one by one, end in a checksum, or both. Sources:
 * "Transferring payload in multiple chunks" and "Including trailing headers", Amazon S3 API Reference.
 */
import type { ChecksumAlgorithm } from '../../model/object.ts';

/** Values of `x-amz-content-sha256` that announce such a body. */
export const STREAMING_SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
export const STREAMING_SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
export const STREAMING_UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

export type TrailerAlgorithm = Exclude<ChecksumAlgorithm, 'md5'>;

/** Name of the trailer, and value of the header `x-amz-trailer`. */
export function trailerName(algorithm: TrailerAlgorithm): string {
  return `x-amz-checksum-${algorithm}`;
}

export const CHUNK_SIGNATURE = ';chunk-signature=';
export const TRAILER_SIGNATURE = 'x-amz-trailer-signature';
/** Hexadecimal characters of a signature. */
export const SIGNATURE_LENGTH = 64;
