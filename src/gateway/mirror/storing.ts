/**
 * Puts what a fetch brings into the bucket's own store.
 *
 * Nothing reaches the store before it is complete here: an object of up to 32 MiB is written when all of it has come,
 * a larger one in parts, each when all of that part has, and becomes visible with the last. So an origin that stalls
 * holds no connection to the store, an attempt can be made again, and what breaks off was never there. Memory: the
 * buffers of one reader; disk: what `floorFor` says.
 */
import { systemMetaOf, type ObjectMeta } from '../../model/object.ts';
import { FerryError } from '../../model/errors.ts';
import { KiB, MiB } from '../../model/units.ts';
import type { MirrorBook } from '../../state/mirror-book.ts';
import { userMetadataRefusal } from '../../store/first-loss.ts';
import type { Part, Store, WriteOptions, WriteResult } from '../../store/store.ts';
import { planParts } from '../../wire/multipart.ts';
import type { Spool } from './spool.ts';
import { SEGMENT } from './spool-space.ts';

/** Objects up to this are written whole. */
const WHOLE = 32 * MiB;
const PART = 16 * MiB;
/** Bytes of a reader's buffer: one for each object under way. */
const CHUNK = 512 * KiB;
/** An upload that is not wanted any more is aborted within, milliseconds. */
const TIDYING = 10_000;

export interface StoringContext {
  readonly bucket: string;
  readonly local: Store;
  readonly book: MirrorBook;
}

export interface Incoming {
  readonly key: string;
  readonly meta: ObjectMeta;
  /** MD5 the whole has to have, where the origin told it. */
  readonly md5: string | undefined;
  readonly spool: Spool;
  /** Runs what makes the object visible, unless a client has changed the key since the fetch began: then it rejects. */
  readonly commit: <T>(work: () => Promise<T>) => Promise<T>;
  /** A client has changed the key: to go on is no use. */
  readonly superseded: () => boolean;
  readonly signal: AbortSignal;
}

/** Temporary space the storing of an object needs at once, bytes. */
export function floorFor(local: Store, size: number | undefined): number {
  const { multipart, maxWrite } = local.capabilities;
  const inParts = multipart !== undefined && local.multipart !== undefined;
  const whole = Math.min(WHOLE, maxWrite);
  if (size !== undefined && (size <= whole || !inParts)) return size;
  const part = inParts ? partSizeFor(local, size) : whole;
  return Math.max(2 * part, whole) + SEGMENT;
}

/** Why the object cannot be stored as it is; undefined where it can. */
export function whyNotStored(local: Store, { contentEncoding }: ObjectMeta): string | undefined {
  // Stored without its coding it would be other bytes to clients.
  return contentEncoding !== undefined && !local.capabilities.metadata.system
    ? `it has the Content-Encoding ${contentEncoding}, and the store keeps no headers`
    : undefined;
}

/** Rejects with `already-exists` where somebody else wrote the key. */
export async function storeIncoming(c: StoringContext, incoming: Incoming): Promise<WriteResult> {
  const { local } = c;
  const { spool, meta, signal } = incoming;
  const refused = whyNotStored(local, meta);
  if (refused !== undefined) throw new FerryError('unsupported', { message: `The object is not stored: ${refused}` });
  const { maxWrite, multipart } = local.capabilities;
  const inParts = multipart !== undefined && local.multipart !== undefined;
  const whole = Math.min(inParts ? WHOLE : Number.MAX_SAFE_INTEGER, maxWrite);
  await spool.arrival(whole + 1, signal);
  if (spool.length <= whole) return await storeWhole(c, incoming);
  if (!inParts) throw new FerryError('too-large', { message: `The store takes ${maxWrite} bytes at once` });
  return await storeInParts(c, incoming);
}

async function storeWhole({ local }: StoringContext, incoming: Incoming): Promise<WriteResult> {
  const { key, spool, meta, md5, commit, signal } = incoming;
  const { writeIfAbsent, verifiesMd5 } = local.capabilities;
  const size = spool.length;
  const body = size === 0 ? new Uint8Array(0) : { size, open: () => spool.reader(0, size, signal, CHUNK) };
  const options = {
    ...optionsFor(local, meta),
    md5: verifiesMd5 ? md5 : undefined,
    ifAbsent: writeIfAbsent ? true : undefined,
  };
  const written = await commit(async () => {
    if (!writeIfAbsent) await expectAbsent(local, key, signal);
    return await local.write(key, body, options, signal);
  });
  spool.safe(size);
  return written;
}

async function storeInParts(c: StoringContext, incoming: Incoming): Promise<WriteResult> {
  const { local, book, bucket } = c;
  const { key, spool, meta, commit, signal } = incoming;
  const { multipart } = local;
  const limits = local.capabilities.multipart!;
  const partSize = partSizeFor(local, meta.size < 0 ? undefined : meta.size);
  const uploadId = await multipart!.begin(key, optionsFor(local, meta), signal);
  const ref = { key, uploadId };
  try {
    await book.uploadBegun(bucket, ref);
    const parts: Part[] = [];
    for (let at = 0; ; at += partSize) {
      await spool.arrival(at + partSize, signal);
      const size = Math.min(partSize, spool.length - at);
      if (size <= 0) break;
      if (incoming.superseded()) throw new FerryError('already-exists', { key });
      const number = parts.length + 1;
      if (number > limits.maxParts || at + size > limits.maxObject)
        throw new FerryError('too-large', { message: 'The object has more parts than the store takes' });
      const body = { size, open: () => spool.reader(at, at + size, signal, CHUNK) };
      parts.push({ number, ...(await multipart!.put(ref, number, body, undefined, signal)) });
      spool.safe(at + size);
    }
    const { completeIfAbsent } = limits;
    return await commit(async () => {
      if (!completeIfAbsent) await expectAbsent(local, key, signal);
      return await multipart!.complete(ref, parts, completeIfAbsent ? { ifAbsent: true } : {}, signal);
    });
  } catch (thrown) {
    // What went wrong is told, whatever becomes of the parts; those that stay are aborted at the next start.
    await multipart!.abort(ref, AbortSignal.timeout(TIDYING)).catch(() => undefined);
    throw thrown;
  } finally {
    await book.uploadEnded(bucket, ref);
  }
}

/** Aborts what a crash left. */
export async function abortLeftUploads({ local, book, bucket }: StoringContext): Promise<void> {
  for (const upload of await book.uploads(bucket)) {
    await local.multipart?.abort(upload, AbortSignal.timeout(TIDYING));
    await book.uploadEnded(bucket, upload);
  }
}

async function expectAbsent(local: Store, key: string, signal: AbortSignal): Promise<void> {
  if ((await local.stat(key, signal)) !== undefined) throw new FerryError('already-exists', { key });
}

function partSizeFor({ capabilities }: Store, size: number | undefined): number {
  const limits = capabilities.multipart!;
  if (size !== undefined) return planParts(size, PART, limits).partSize;
  return Math.min(Math.max(PART, limits.minPart), limits.maxPart);
}

/** What of the metadata the store can keep. */
function optionsFor({ capabilities }: Store, meta: ObjectMeta): WriteOptions {
  const can = capabilities.metadata;
  const { user } = meta;
  return {
    meta: {
      ...(can.system ? systemMetaOf(meta) : {}),
      ...(user !== undefined && userMetadataRefusal(user, can) === undefined ? { user } : {}),
      ...(can.modified === 'set' ? { modified: meta.modified } : {}),
    },
  };
}
