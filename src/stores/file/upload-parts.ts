/** Where the parts of an upload are in its file, and how they become one. */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ChecksumAlgorithm } from '../../model/object.ts';
import { throwIfAborted } from '../../store/abort.ts';
import type { CompleteOptions, Part } from '../../store/store.ts';
import { combineCrcs } from '../../wire/checksum/combine.ts';
import { createHasher } from '../../wire/checksum/hasher.ts';
import type { Extent, Upload } from './upload-record.ts';

const COPY = 1024 * 1024;

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;

/** Chooses where a part goes and takes the place. */
export function reserve(upload: Upload, number: number, size: number): number {
  upload.parts.delete(number);
  upload.largest = Math.max(upload.largest, size);
  let offset = (number - 1) * upload.largest;
  let end = 0;
  let overlaps = false;
  for (const part of upload.parts.values()) {
    end = Math.max(end, part.offset + part.size);
    overlaps ||= offset < part.offset + part.size && part.offset < offset + size;
  }
  if (overlaps) offset = end;
  upload.parts.set(number, { offset, size });
  return offset;
}

export function wanted(upload: Upload, part: Part): Extent {
  const extent = upload.parts.get(part.number);
  if (extent?.etag === undefined || extent.etag !== part.etag)
    throw new FerryError('not-found', {
      key: upload.key,
      message: `part ${part.number} of ${JSON.stringify(upload.key)} was never stored, or is another one`,
      remedy: 'Run the task again; the object is then uploaded anew.',
    });
  return extent;
}

export function isInOrder(extents: readonly Extent[]): boolean {
  let offset = 0;
  for (const extent of extents) {
    if (extent.offset !== offset) return false;
    offset += extent.size;
  }
  return true;
}

export function total(extents: readonly Extent[]): number {
  let bytes = 0;
  for (const extent of extents) bytes += extent.size;
  return bytes;
}

/** Copies parts into a new file in order, checking their CRC-32 on the way. */
export async function assemble(
  from: string | Buffer,
  to: string | Buffer,
  mode: number,
  extents: readonly Extent[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await using source = await fs.promises.open(from, fs.constants.O_RDONLY | O_NOFOLLOW);
  await using target = await fs.promises.open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  const buffer = Buffer.allocUnsafeSlow(COPY);
  let written = 0;
  for (const { offset, size, etag } of extents) {
    let sum = 0;
    for (let done = 0; done < size;) {
      throwIfAborted(signal);
      const { bytesRead } = await source.read(buffer, 0, Math.min(COPY, size - done), offset + done);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      sum = crc32(chunk, sum);
      await target.writeFile(chunk);
      done += bytesRead;
      written += bytesRead;
    }
    if (!etag!.startsWith(`${sum.toString(16).padStart(8, '0')}-`)) {
      await fs.promises.rm(to, { force: true });
      throw new FerryError('wrong-checksum', { message: `a part that ends at ${written} is not as it was written` });
    }
  }
}

/** Of a whole object in one file. The CRC-32 follows from those its parts were recorded with; others are read for. */
export async function requireChecksum(
  key: Key,
  file: string | Buffer,
  extents: readonly Extent[],
  { algorithm, hex }: NonNullable<CompleteOptions['checksum']>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = algorithm === 'crc32' ? combined(extents) : await checksumOf(file, total(extents), algorithm, signal);
  if (found !== hex)
    throw new FerryError('wrong-checksum', {
      key,
      retryable: 'never',
      message: `the parts have the ${algorithm} ${found} together, not ${hex}`,
    });
}

function combined(extents: readonly Extent[]): string {
  return combineCrcs(
    'crc32',
    extents.map(({ etag, size }) => ({ hex: etag!.slice(0, 8), length: size })),
  );
}

async function checksumOf(
  file: string | Buffer,
  size: number,
  algorithm: ChecksumAlgorithm,
  signal: AbortSignal | undefined,
): Promise<string> {
  await using source = await fs.promises.open(file, fs.constants.O_RDONLY | O_NOFOLLOW);
  const hasher = createHasher(algorithm);
  const buffer = Buffer.allocUnsafeSlow(Math.min(COPY, size));
  for (let done = 0; done < size;) {
    throwIfAborted(signal);
    const { bytesRead } = await source.read(buffer, 0, Math.min(COPY, size - done), done);
    if (bytesRead === 0) break;
    hasher.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hasher.hex();
}
