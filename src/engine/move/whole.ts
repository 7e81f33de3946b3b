/**
 * Moves an object with one read and one write.
 *
 * How it stays right: where the source tells the MD5 of its object, that very MD5 goes with the write, and a
 * destination that checks it (measured when the task starts) refuses anything else before it becomes visible. So both
 * the way in and the way out are covered without hashing a byte here. Where the source tells none it is computed; where
 * the destination checks none, what it answers is compared, and a wrong object is written again or removed.
 *
 * Memory: a buffered object, or the read buffers of one connection.
 */
import { hash } from 'node:crypto';
import type { Body, StreamBody } from '../../model/body.ts';
import { FerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { ReadBody, WriteOptions, WriteResult } from '../../store/store.ts';
import { contentEtag, knownMd5 } from '../compare.ts';
import { etagParts } from '../../wire/multipart.ts';
import type { Budget } from './budget.ts';
import { readVersion, sameVersion, stillAbsent, type Job, type MoveContext, type Moved } from './job.ts';
import { outfit } from './metadata.ts';
import { moveUnsized } from './unsized.ts';
import { Tap } from './tap.ts';

/** Larger objects are never buffered whole. */
const BUFFER_MAX = 4 * 1024 * 1024;

export async function moveWhole(c: MoveContext, job: Job, budget: Budget): Promise<Moved> {
  const { source, destination, spec, signal } = c;
  const { key } = job.entry;
  const result = await source.read(key, undefined, signal);
  let taken = 0;
  let read = false;
  let body: VersionBody | undefined;
  try {
    const { meta } = result;
    if (meta.size < 0) {
      read = true;
      return await moveUnsized(c, job, result);
    }
    if (!agreesWithListing(job, meta)) await changedSince(c, job, meta);
    const tags = meta.tagCount && spec.fidelity.tags === 'keep' ? await source.tags?.(key, signal) : undefined;
    const { options, losses } = outfit(meta, tags, spec.fidelity, destination.capabilities);
    const promised = knownMd5(source.capabilities, meta);
    if (meta.size <= BUFFER_MAX && budget.tryTake(meta.size)) {
      taken = meta.size;
      const bytes = await result.body.bytes(meta.size);
      read = true;
      if (bytes.byteLength !== meta.size) throw new FerryError('wrong-length', { key });
      c.onBytes(bytes.byteLength);
      // After a refusal the bytes are hashed here, too: it tells on which side they were altered.
      const trusted = promised !== undefined && destination.capabilities.verifiesMd5 && job.attempt === 1;
      const md5 = trusted ? promised : hash('md5', bytes);
      if (promised !== undefined && md5 !== promised)
        throw new FerryError('wrong-checksum', { key, operation: 'read' });
      const written = await write(c, job, bytes, options, md5);
      return { bytes: meta.size, losses, ...(await confirmed(c, key, written, md5)) };
    }
    body = new VersionBody(c, key, meta, result.body, promised === undefined || !destination.capabilities.verifiesMd5);
    const written = await write(c, job, body, options, promised);
    const md5 = (await body.md5()) ?? promised;
    if (promised !== undefined && md5 !== promised) await retract(c, key, 'read');
    return { bytes: meta.size, losses, ...(await confirmed(c, key, written, md5)) };
  } finally {
    budget.give(taken);
    body?.forget();
    if (!read) result.body.cancel();
  }
}

function agreesWithListing({ entry }: Job, meta: ObjectMeta): boolean {
  const expected = entry.size === undefined || entry.size === meta.size;
  return expected && (entry.etag === undefined || meta.etag === undefined || entry.etag === meta.etag);
}

/**
 * An answer that differs from the listing is believed only where the store, asked again, says the object changed: error
 * pages with status 200 differ, too.
 */
async function changedSince(c: MoveContext, { entry }: Job, meta: ObjectMeta): Promise<void> {
  const now = await c.source.stat(entry.key, c.signal);
  if (now && sameVersion(now, meta)) return;
  throw new FerryError('wrong-length', {
    key: entry.key,
    operation: 'read',
    message: `the listing tells ${entry.size} bytes, the answer has ${meta.size}`,
  });
}

async function write(
  c: MoveContext,
  job: Job,
  body: Body,
  options: WriteOptions,
  md5: string | undefined,
): Promise<WriteResult> {
  const { capabilities } = c.destination;
  const ifAbsent = job.create && capabilities.writeIfAbsent ? true : undefined;
  if (!ifAbsent) await stillAbsent(c, job);
  const written = { ...options, md5: capabilities.verifiesMd5 ? md5 : undefined, ifAbsent };
  return await c.destination.write(job.entry.key, body, written, c.signal);
}

type Confirmation = Pick<Moved, 'etag' | 'method'>;

/** What the destination answered must not contradict the MD5; tells how sure the copy is. */
function confirmed(
  c: MoveContext,
  key: string,
  written: WriteResult,
  md5: string | undefined,
): Confirmation | Promise<never> {
  const { capabilities } = c.destination;
  const etag = md5 === undefined ? undefined : contentEtag(capabilities, written);
  if (etag !== undefined && etag === md5) return { etag, method: 'etag' };
  // Encrypted buckets answer ETags that are no MD5; where the store verified the MD5 itself its word stands.
  if (etag !== undefined && !capabilities.verifiesMd5 && etagParts(etag) === undefined) return retract(c, key, 'write');
  return { etag: written.etag, method: capabilities.verifiesMd5 && md5 !== undefined ? 'checksum' : 'size' };
}

/** Takes a wrong object out of sight. */
async function retract(c: MoveContext, key: string, operation: 'read' | 'write'): Promise<never> {
  await c.destination.remove(key, c.signal);
  throw new FerryError('wrong-checksum', { key, operation });
}

/** The bytes of one version; the read that is open already serves the first attempt. */
class VersionBody implements StreamBody {
  readonly size: number;
  readonly #c: MoveContext;
  readonly #key: string;
  readonly #meta: ObjectMeta;
  readonly #hash: boolean;
  #first: ReadBody | undefined;
  #tap: Tap | undefined;

  constructor(c: MoveContext, key: string, meta: ObjectMeta, first: ReadBody, md5: boolean) {
    this.size = meta.size;
    this.#c = c;
    this.#key = key;
    this.#meta = meta;
    this.#first = first;
    this.#hash = md5;
  }

  open(): AsyncIterable<Uint8Array> {
    const first = this.#first;
    this.#first = undefined;
    this.#tap?.forget();
    const stream = this.#hash ? this.#c.hashing.begin(this.size) : undefined;
    this.#tap = new Tap(first ?? this.#again(), this.#c.onBytes, stream);
    return this.#tap;
  }

  async md5(): Promise<string | undefined> {
    return (await this.#tap?.digests())?.md5;
  }

  forget(): void {
    this.#tap?.forget();
  }

  async *#again(): AsyncGenerator<Uint8Array> {
    const result = await readVersion(this.#c.source, this.#key, this.#meta, {}, this.#c.signal);
    yield* result.body;
  }
}
