import type { CrcParameters } from './crc-kernel.ts';
import { CRC32, CRC32C, CRC64NVME } from './crc-kernel.ts';

export type CrcAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme';

const PARAMETERS: Readonly<Record<CrcAlgorithm, CrcParameters>> = {
  crc32: CRC32,
  crc32c: CRC32C,
  crc64nvme: CRC64NVME,
};

export function isCrc(algorithm: string): algorithm is CrcAlgorithm {
  return Object.hasOwn(PARAMETERS, algorithm);
}

/**
 * The CRC of `a` followed by `b`, from theirs and the length of `b` in bytes: hexadecimal in and out. With it the
 * checksum of an object follows from those of its parts, whatever the parts were.
 *
 * A CRC is a polynomial over GF(2) modulo P; to append `b` multiplies that of `a` by x^(8·length) (Adler, zlib
 * `crc32_combine`). Some 0.1 ms.
 */
export function combineCrc(algorithm: CrcAlgorithm, crcA: string, crcB: string, lengthB: number): string {
  return combineCrcs(algorithm, [
    { hex: crcA, length: 0 },
    { hex: crcB, length: lengthB },
  ]);
}

/** The CRC of any number of pieces in order. Pieces as long as the one before take a few µs each. */
export function combineCrcs(
  algorithm: CrcAlgorithm,
  pieces: readonly { readonly hex: string; readonly length: number }[],
): string {
  const parameters = PARAMETERS[algorithm];
  let whole = 0n;
  let power = 0n;
  let powerOf = -1;
  for (const { hex, length } of pieces) {
    if (whole !== 0n && length !== powerOf) {
      power = xToThe8n(parameters, length);
      powerOf = length;
    }
    whole = (whole === 0n ? 0n : multiply(parameters, whole, power)) ^ BigInt(`0x${hex}`);
  }
  return whole.toString(16).padStart(parameters.bits / 4, '0');
}

/** x^(8·n) modulo P, by squaring. */
function xToThe8n(parameters: CrcParameters, n: number): bigint {
  // Reflected: the highest bit is x^0, and each one below it a power more.
  let power = 1n << BigInt(parameters.bits - 9);
  let product = 1n << BigInt(parameters.bits - 1);
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product = multiply(parameters, product, power);
    power = multiply(parameters, power, power);
  }
  return product;
}

/** Product of two reflected polynomials modulo P. */
function multiply({ bits, polynomial }: CrcParameters, a: bigint, b: bigint): bigint {
  let product = 0n;
  let term = b;
  for (let bit = BigInt(bits - 1); bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= term;
    term = term & 1n ? (term >> 1n) ^ polynomial : term >> 1n;
  }
  return product;
}
