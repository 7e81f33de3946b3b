/** What the stores of one name share: objects, unfinished uploads, and a count that tells versions apart. */
import { createHash } from 'node:crypto';
import type { Body } from '../../model/body.ts';
import { bodySize } from '../../model/body.ts';
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { ChecksumAlgorithm, Checksums, ObjectMeta, Tags } from '../../model/object.ts';
import { abortable, throwIfAborted } from '../../store/abort.ts';
import { shortRead, wrongLength } from '../../store/read-body.ts';
import type { WriteOptions } from '../../store/store.ts';
import { checksumHex } from '../../wire/checksum/hasher.ts';
import { SortedMap } from './sorted-map.ts';

export interface StoredObject {
  readonly pieces: readonly Uint8Array[];
  readonly meta: ObjectMeta;
  readonly tags: Tags;
  readonly acl: string | undefined;
}

export interface Upload {
  readonly key: string;
  readonly options: WriteOptions;
  readonly begun: number;
  readonly parts: Map<number, StoredPart>;
}

export interface StoredPart {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly modified: number;
}

/** Holds everything in memory: its size is that of the objects. */
export class MemorySpace {
  readonly objects = new SortedMap<StoredObject>();
  readonly uploads = new Map<string, Upload>();
  #versions = 0;

  /** A string no earlier call gave. */
  nextVersion(): string {
    return (++this.#versions).toString(16).padStart(16, '0');
  }
}

export interface Expected {
  readonly md5?: string | undefined;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly hex: string } | undefined;
}

/** Takes all of `body` into memory of our own, and checks that it is what was promised. */
export async function absorb(body: Body, expected: Expected, signal: AbortSignal | undefined): Promise<Uint8Array> {
  throwIfAborted(signal);
  const bytes = body instanceof Uint8Array ? copyOf(body) : await drain(body.open(), bodySize(body), signal);
  verify(bytes, 'md5', expected.md5);
  if (expected.checksum) verify(bytes, expected.checksum.algorithm, expected.checksum.hex);
  return bytes;
}

export function md5Of(pieces: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

export function checksumsOf(expected: Expected): Checksums | undefined {
  return expected.checksum ? { [expected.checksum.algorithm]: expected.checksum.hex } : undefined;
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

async function drain(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(size);
  const iterator = chunks[Symbol.asyncIterator]();
  let length = 0;
  let ended = false;
  try {
    for (;;) {
      // The body may stall, so an abort does not wait for it.
      const next = await abortable(iterator.next(), signal);
      if (next.done) break;
      if (length + next.value.byteLength > size) throw wrongLength(size);
      buffer.set(next.value, length);
      length += next.value.byteLength;
    }
    ended = true;
  } catch (error) {
    throw toFerryError(error);
  } finally {
    if (!ended) iterator.return?.().catch(() => undefined);
  }
  if (length < size) throw shortRead(length, size);
  return buffer;
}

function verify(bytes: Uint8Array, algorithm: ChecksumAlgorithm, hex: string | undefined): void {
  if (hex === undefined) return;
  const actual = checksumHex(algorithm, bytes);
  if (actual !== hex) {
    throw new FerryError('wrong-checksum', { message: `the ${algorithm} of the bytes is ${actual}, not ${hex}` });
  }
}
