import { createHash, hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ChecksumAlgorithm } from '../../model/object.ts';
import { CrcKernel } from './crc-kernel.ts';

/** A checksum of bytes that come one chunk after the other. */
export interface Hasher {
  /** Takes a chunk, which may be overwritten afterwards. */
  update(chunk: Uint8Array): void;
  /** The checksum in lower-case hexadecimal, big-endian. Called once, at the end. */
  hex(): string;
}

export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  if (algorithm === 'crc32') return new Crc32Hasher();
  if (algorithm === 'crc32c') return new Crc32cHasher();
  if (algorithm === 'crc64nvme') return new Crc64NvmeHasher();
  return new DigestHasher(algorithm);
}

/** The checksum of bytes in memory, lower-case hexadecimal. */
export function checksumHex(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  if (algorithm === 'md5' || algorithm === 'sha1' || algorithm === 'sha256') return hash(algorithm, bytes, 'hex');
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return hasher.hex();
}

export function md5Hex(bytes: Uint8Array | string): string {
  return hash('md5', bytes, 'hex');
}

/** MD5 of bytes as they come, lower-case hexadecimal; `onBytes` is told of each chunk. Memory: none of its own. */
export async function md5OfStream(
  chunks: AsyncIterable<Uint8Array>,
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const stream = createHash('md5');
  for await (const chunk of chunks) {
    stream.update(chunk);
    onBytes?.(chunk.byteLength);
  }
  return stream.digest('hex');
}

class DigestHasher implements Hasher {
  readonly #hash: ReturnType<typeof createHash>;

  constructor(algorithm: 'md5' | 'sha1' | 'sha256') {
    this.#hash = createHash(algorithm);
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  hex(): string {
    return this.#hash.digest('hex');
  }
}

/** zlib's is native and knows the processor's instructions. */
class Crc32Hasher implements Hasher {
  #crc = 0;

  update(chunk: Uint8Array): void {
    this.#crc = crc32(chunk, this.#crc);
  }

  hex(): string {
    return this.#crc.toString(16).padStart(8, '0');
  }
}

class Crc32cHasher implements Hasher {
  #register = 0xffffffffn;

  update(chunk: Uint8Array): void {
    this.#register = KERNEL.crc32c(this.#register, chunk);
  }

  hex(): string {
    return (this.#register ^ 0xffffffffn).toString(16).padStart(8, '0');
  }
}

class Crc64NvmeHasher implements Hasher {
  #register = 0xffffffffffffffffn;

  update(chunk: Uint8Array): void {
    this.#register = KERNEL.crc64nvme(this.#register, chunk);
  }

  hex(): string {
    return (this.#register ^ 0xffffffffffffffffn).toString(16).padStart(16, '0');
  }
}

/** Tables and a window that is written before each use; nothing in it outlives a call. Made in under a millisecond. */
const KERNEL = new CrcKernel();
