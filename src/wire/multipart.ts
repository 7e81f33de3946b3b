/** The arithmetic of uploads in parts: how to cut an object, and how others have cut theirs. */
import { hash } from 'node:crypto';
import type { MultipartCapability } from '../model/capabilities.ts';
import { FerryError } from '../model/errors.ts';
import { GiB, MiB, formatBytes } from '../model/units.ts';

export interface PartPlan {
  /** Bytes of the whole object. */
  readonly size: number;
  /** Bytes of every part but the last, which has what is left. */
  readonly partSize: number;
  /** At least 1: an empty object has one empty part. */
  readonly count: number;
}

export interface PartRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Cuts an object into equal parts of `wanted` bytes, or of more (whole MiB) where there would be too many of them.
 * Rejects with `too-large` where the limits leave no way.
 */
export function planParts(size: number, wanted: number, limits: MultipartCapability): PartPlan {
  if (size > limits.maxObject)
    throw tooLarge(`${formatBytes(size)} is more than the ${formatBytes(limits.maxObject)} of an object here`);
  let partSize = Math.min(Math.max(Math.floor(wanted), limits.minPart, 1), limits.maxPart);
  const needed = Math.ceil(size / limits.maxParts);
  if (partSize < needed) partSize = Math.min(Math.ceil(needed / MiB) * MiB, limits.maxPart);
  if (partSize < needed)
    throw tooLarge(
      `${formatBytes(size)} does not fit in ${limits.maxParts} parts of at most ${formatBytes(limits.maxPart)}`,
    );
  return { size, partSize, count: partCount(size, partSize) };
}

/** The bytes of part `number`, which counts from 1. */
export function partRange(plan: PartPlan, number: number): PartRange {
  if (!(Number.isInteger(number) && number >= 1 && number <= plan.count))
    throw new FerryError('internal', { message: `There is no part ${number} of ${plan.count}` });
  const offset = (number - 1) * plan.partSize;
  return { offset, length: Math.min(plan.partSize, plan.size - offset) };
}

/** The ETag S3 gives an object uploaded in parts: MD5 of the parts' binary MD5s, `-`, their number. */
export function compositeEtag(partMd5s: readonly string[]): string {
  return `${hash('md5', Buffer.from(partMd5s.join(''), 'hex'), 'hex')}-${partMd5s.length}`;
}

/** Number of parts an ETag like `d41d8cd98f00b204e9800998ecf8427e-12` tells of; undefined where it tells none. */
export function etagParts(etag: string | undefined): number | undefined {
  const match = etag === undefined ? null : /^[0-9a-f]{32}-([1-9]\d{0,4})$/i.exec(etag);
  return match ? Number(match[1]) : undefined;
}

/**
 * Part sizes with which an object of `size` bytes comes to `parts` equal parts, the most likely first; at most 64.
 *
 * A guess for objects whose store does not tell (`HEAD` with `partNumber=1` does, on AWS): only an upload with them that
 * ends in the same ETag proves one right. Empty where no equal parts can be meant.
 */
export function guessPartSizes(size: number, parts: number): readonly number[] {
  if (!(parts >= 1 && size >= parts)) return [];
  if (parts === 1) return [size];
  const candidates = [
    ...COMMON_PART_SIZES,
    ...grownPartSizes(size),
    ...wholeMebibytes(Math.ceil(size / parts)),
    ...DECIMAL_PART_SIZES,
  ];
  const fitting = candidates.filter((partSize) => partCount(size, partSize) === parts);
  return [...new Set(fitting)].slice(0, 64);
}

/**
 * Defaults of the tools that write most objects, by their documentation and source:
 * 8 MiB AWS CLI, boto3, SDK for Java 2; 5 MiB rclone, SDKs for Go, JavaScript and Java 1; 17,179,870 bytes the console of
 * AWS; 16 MiB minio-go, 64 MiB before; 15 MiB s3cmd; 50 MiB s5cmd; 64 and 100 MiB Hadoop S3A, new and old; 128 MiB EMRFS;
 * 32 MiB Ceph's cloud sync. The others are what people set by hand.
 */
const COMMON_PART_SIZES = [
  ...mebibytes(8, 5, 16),
  17_179_870,
  ...mebibytes(15, 10, 64, 50, 100, 128, 32, 25, 20, 256, 512, 1024, 200, 500, 1000, 2048),
];

const DECIMAL_PART_SIZES = [5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000].map(
  (count) => count * 1_000_000,
);

/** What tools make of a part size that would give more than the 10,000 parts S3 allows. */
function grownPartSizes(size: number): number[] {
  const least = size / 10_000;
  const doubled: number[] = [];
  // s3transfer (AWS CLI, boto3) doubles 8 MiB until it fits.
  for (let partSize = 16 * MiB; partSize <= 8 * GiB; partSize *= 2) doubled.push(partSize);
  return [
    ...doubled,
    // rclone rounds up to whole MiB, minio-go to its 16 MiB.
    Math.ceil(least / MiB) * MiB,
    Math.ceil(least / (16 * MiB)) * 16 * MiB,
    // SDKs for Java and .NET divide and round up; Go adds one byte.
    Math.ceil(least),
    Math.floor(least) + 1,
  ];
}

/** The next sixteen whole MiB from the smallest part that can be meant: a size set by hand is one of them. */
function wholeMebibytes(smallest: number): number[] {
  const first = Math.ceil(smallest / MiB);
  return Array.from({ length: 16 }, (_, i) => (first + i) * MiB);
}

function mebibytes(...counts: readonly number[]): number[] {
  return counts.map((count) => count * MiB);
}

function partCount(size: number, partSize: number): number {
  return Math.max(1, Math.ceil(size / partSize));
}

function tooLarge(message: string): FerryError {
  return new FerryError('too-large', { message });
}
