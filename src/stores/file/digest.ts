/** Writing a body into a file, counted and summed on its way. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Body } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import type { ChecksumAlgorithm, Checksums } from '../../model/object.ts';
import { abortable, throwIfAborted } from '../../store/abort.ts';
import { shortRead, wrongLength } from '../../store/read-body.ts';
import type { PartOptions } from '../../store/store.ts';
import type { Pace } from './io.ts';

/** The checksums that can be checked here. */
export const VERIFIED: readonly ChecksumAlgorithm[] = ['md5', 'crc32', 'sha1', 'sha256'];

/** Computes the checksums asked for, and those needed to check what is expected. */
export class Digest {
  readonly #expected: (readonly [ChecksumAlgorithm, string])[] = [];
  readonly #hashes = new Map<ChecksumAlgorithm, Hash>();
  #crc32: number | undefined;

  constructor(expected: PartOptions, wanted: readonly ChecksumAlgorithm[] = []) {
    const { md5, checksum } = expected;
    if (md5 !== undefined) this.#expected.push(['md5', md5]);
    if (checksum) this.#expected.push([checksum.algorithm, checksum.hex]);
    for (const algorithm of [...wanted, ...this.#expected.map(([each]) => each)]) {
      if (!VERIFIED.includes(algorithm))
        throw new FerryError('unsupported', { message: `${algorithm} checksums cannot be checked here` });
      if (algorithm === 'crc32') this.#crc32 = 0;
      else if (!this.#hashes.has(algorithm)) this.#hashes.set(algorithm, createHash(algorithm));
    }
  }

  update(chunk: Uint8Array): void {
    if (this.#crc32 !== undefined) this.#crc32 = crc32(chunk, this.#crc32);
    for (const hash of this.#hashes.values()) hash.update(chunk);
  }

  /** What was computed; rejects with `wrong-checksum` where it is not what was expected. */
  finish(): Checksums {
    const sums: { -readonly [A in ChecksumAlgorithm]?: string } = {};
    if (this.#crc32 !== undefined) sums.crc32 = this.#crc32.toString(16).padStart(8, '0');
    for (const [algorithm, hash] of this.#hashes) sums[algorithm] = hash.digest('hex');
    for (const [algorithm, hex] of this.#expected) {
      const got = sums[algorithm];
      if (got !== hex.toLowerCase())
        throw new FerryError('wrong-checksum', { message: `${algorithm} is ${got}, should be ${hex}` });
    }
    return sums;
  }
}

/** Writes `body` at `position`; rejects where it yields other than its size. */
export async function pour(
  body: Body,
  fd: number,
  position: number,
  pace: Pace,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal);
  if (body instanceof Uint8Array) {
    digest.update(body);
    if (body.byteLength > 0) await pace.io.write(fd, body, position);
    if (pace.due) await pace.breathe();
    return;
  }
  const chunks = body.open()[Symbol.asyncIterator]();
  let done = 0;
  try {
    for (;;) {
      const { value, done: ended } = await abortable(chunks.next(), signal);
      if (ended) break;
      if (done + value.byteLength > body.size) throw wrongLength(body.size);
      digest.update(value);
      await pace.io.write(fd, value, position + done);
      done += value.byteLength;
      if (pace.due) await pace.breathe();
    }
  } catch (thrown) {
    // Not awaited: a body that hangs, which may be why it was aborted, would hang here too.
    chunks.return?.().catch(() => undefined);
    throw thrown;
  }
  if (done < body.size) throw shortRead(done, body.size);
}
