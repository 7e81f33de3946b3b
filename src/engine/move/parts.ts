/**
 * Moves a large object in parts, in parallel, and resumes part by part.
 *
 * What is uploaded is recorded here, part by part; the destination is never asked. A part is a read of one version of
 * the source by range and a write that streams it. Nothing is visible before the last part is in, and `complete` is
 * only called when the parts are known to be right:
 * - Where the source's ETag tells of N parts and their layout is told or can be guessed, they are laid out alike. The ETag the
 *   destination will make then follows from the parts' ETags, and equals the source's only if every byte does: two
 *   stores vouch for each other and nothing is hashed here. It also means that clients keep the ETag they knew.
 * - Where there is nothing to guess, where a guess was wrong, or where the object is too large to risk reading it twice
 *   on a guess not proven yet, each part is hashed as it passes and compared with what the destination answers.
 *
 * Memory: the read buffers of the parts in flight, and one record per part of the object.
 */
import { FerryError, toFerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { PartRecord } from '../../state/state-store.ts';
import type { Part, PartResult, UploadRef, WriteOptions } from '../../store/store.ts';
import { compositeEtag } from '../../wire/multipart.ts';
import { contentEtag } from '../compare.ts';
import { complete, completedBefore } from './completing.ts';
import { readVersion, versionName, type Job, type MoveContext, type Moved } from './job.ts';
import { chooseLayout, copiesParts, learnLayout, type Layout } from './layout.ts';
import { outfit, type LossKind } from './metadata.ts';
import { owesTags, settleTags } from './tagging.ts';
import { Tap } from './tap.ts';
import { beginRecorded, discardUpload } from './uploads.ts';

/** A part in place, and the MD5 of the bytes that passed here where they were hashed. */
interface Done {
  readonly part: Part;
  readonly md5: string | undefined;
}

export async function moveInParts(c: MoveContext, job: Job, meta: ObjectMeta): Promise<Moved> {
  const { source, destination, spec, signal } = c;
  const { key } = job.entry;
  const limits = destination.capabilities.multipart!;
  const tags = meta.tagCount && spec.fidelity.tags === 'keep' ? await source.tags?.(key, signal) : undefined;
  const { options, losses } = outfit(meta, tags, spec.fidelity, destination.capabilities);
  const layout = await chooseLayout(c, job, meta);
  const { ref, parts: recorded } = await openUpload(c, job, meta, layout, options);
  const done = await uploadMissing(c, job, meta, layout, ref, recorded);
  const parts = done.map(({ part }) => part);
  const hashed = done.map(({ md5 }) => md5).filter((md5) => md5 !== undefined);
  const allHashed = hashed.length === done.length;

  // What the destination will call it; where its ETags tell nothing, what the bytes that passed here would be called.
  const made = destination.capabilities.etag === 'md5' ? compositeEtag(parts.map((part) => part.etag)) : undefined;
  const read = allHashed ? compositeEtag(hashed) : undefined;
  const reproduced = layout.etag !== undefined && (made ?? read) === layout.etag;
  const believed = read !== undefined && job.doubts.composite === read;
  if (layout.etag !== undefined && !reproduced && !believed) {
    // Another layout than guessed, or altered bytes. Nothing of it is shown; only two whole reads that agree decide.
    job.doubts.composite = read;
    await discardUpload(c, key);
    await learnLayout(c, 'wrong', layout);
    throw new FerryError('wrong-checksum', {
      key,
      operation: 'write',
      message: 'the parts do not make the ETag of the source',
    });
  }
  if (layout.etag !== undefined) await learnLayout(c, reproduced ? 'reproduced' : 'not-guessable', layout);
  const upload = { ref, parts, size: meta.size, made };
  const before = recorded.length === layout.count ? await completedBefore(c, job, upload) : undefined;
  const written = before ?? (await complete(c, job, upload));
  const untagged = await settleTags(c, key, limits.tags, options.tags);
  await c.uploads.endUpload(key);
  const kept: LossKind[] =
    contentEtag(source.capabilities, meta, 'sampled') !== undefined && !reproduced ? ['etag'] : [];
  return {
    bytes: meta.size,
    etag: written.etag ?? made,
    losses: [...losses, ...kept, ...untagged],
    method: reproduced ? 'etag' : allHashed && made !== undefined ? 'checksum' : 'size',
  };
}

/** The recorded upload where it is of this very version and layout; else a new one. */
async function openUpload(
  c: MoveContext,
  job: Job,
  meta: ObjectMeta,
  layout: Layout,
  options: WriteOptions,
): Promise<{ ref: UploadRef; parts: readonly PartRecord[] }> {
  const { key } = job.entry;
  const known = await c.uploads.upload(key);
  const version = versionName(meta);
  if (known) {
    const { upload, parts } = known;
    const same = upload.sourceVersion === version && upload.partSize === layout.partSize && upload.size === meta.size;
    // An attempt that hashes does so because of doubts about parts that were not.
    if (same && !(layout.hash && parts.some(({ checksums }) => checksums?.['md5'] === undefined))) {
      return { ref: { key, uploadId: upload.uploadId }, parts };
    }
    await discardUpload(c, key);
  }
  const { partSize } = layout;
  const about = {
    key,
    partSize,
    size: meta.size,
    sourceVersion: version,
    owesTags: owesTags(c.destination.capabilities.multipart!.tags, options.tags),
  };
  return { ref: await beginRecorded(c, about, options), parts: [] };
}

async function uploadMissing(
  c: MoveContext,
  job: Job,
  meta: ObjectMeta,
  layout: Layout,
  ref: UploadRef,
  recorded: readonly PartRecord[],
): Promise<readonly Done[]> {
  const parts: (Done | undefined)[] = Array.from({ length: layout.count });
  let bytes = 0;
  let finished = 0;
  for (const { number, etag, checksums, size } of recorded) {
    const { md5, ...told } = checksums ?? {};
    parts[number - 1] = { part: { number, etag, checksums: told }, md5 };
    bytes += size;
    finished++;
  }
  const stop = new AbortController();
  const signal = AbortSignal.any([c.signal, stop.signal]);
  const tell = (): void => job.onProgress?.(bytes, { total: layout.count, done: finished });
  tell();

  let next = 1;
  const worker = async (): Promise<void> => {
    for (;;) {
      while (next <= layout.count && parts[next - 1]) next++;
      const number = next++;
      if (number > layout.count) return;
      const offset = (number - 1) * layout.partSize;
      const length = Math.min(layout.partSize, meta.size - offset);
      await c.gate.enter();
      try {
        signal.throwIfAborted();
        let moved = 0;
        const count = (n: number): void => {
          moved += n;
          bytes += n;
          c.onBytes(n);
          tell();
        };
        const { part, md5 } = await putPart(
          { ...c, signal },
          ref,
          number,
          meta,
          offset,
          length,
          layout.hash,
          count,
          () => {
            bytes -= moved;
            moved = 0;
          },
        );
        const checksums = md5 === undefined ? part.checksums : { ...part.checksums, md5 };
        await c.uploads.recordPart(ref.key, { number, etag: part.etag, size: length, checksums });
        parts[number - 1] = { part: { number, ...part }, md5 };
        finished++;
        tell();
      } finally {
        c.gate.leave();
      }
    }
  };
  const failures: unknown[] = [];
  const workers = Math.min(c.spec.multipart.parallelParts, layout.count);
  await Promise.all(
    Array.from({ length: workers }, () =>
      worker().catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      }),
    ),
  );
  if (failures.length > 0) {
    const error = toFerryError(failures[0]);
    // The upload vanished (expired, or aborted by somebody): what is recorded of it is worth nothing.
    if (error.code === 'not-found' && (error.operation === 'put' || error.operation === 'copyPart')) {
      await c.uploads.endUpload(ref.key);
      throw new FerryError('changed', { key: ref.key, message: 'the upload is gone; it is begun again', cause: error });
    }
    throw error;
  }
  return parts.filter((part) => part !== undefined);
}

async function putPart(
  c: MoveContext,
  ref: UploadRef,
  number: number,
  meta: ObjectMeta,
  offset: number,
  length: number,
  hash: boolean,
  onBytes: (bytes: number) => void,
  onReplay: () => void,
): Promise<{ readonly part: PartResult; readonly md5: string | undefined }> {
  const { source, destination, signal } = c;
  const multipart = destination.multipart!;
  if (copiesParts(c)) {
    const part = await multipart.copyPart!(
      ref,
      number,
      { store: source, key: ref.key, ifMatch: meta.etag },
      offset,
      length,
      signal,
    );
    onBytes(length);
    return { part, md5: undefined };
  }
  let tap: Tap | undefined;
  const read = async function* (): AsyncGenerator<Uint8Array> {
    const result = await readVersion(source, ref.key, meta, { offset, length }, signal);
    yield* result.body;
  };
  const open = (): AsyncIterable<Uint8Array> => {
    onReplay();
    tap?.forget();
    tap = new Tap(read(), onBytes, hash ? c.hashing.begin(length) : undefined);
    return tap;
  };
  let part: PartResult;
  try {
    part = await multipart.put(ref, number, { size: length, open }, undefined, signal);
  } catch (thrown) {
    tap?.forget();
    throw thrown;
  }
  const { md5, crc32 } = (await tap?.digests()) ?? {};
  const told = contentEtag(destination.capabilities, part);
  const altered = (md5 !== undefined && told !== undefined && told !== md5) || differ(crc32, part.checksums?.crc32);
  if (altered) {
    throw new FerryError('wrong-checksum', {
      key: ref.key,
      operation: 'put',
      message: `part ${number} arrived altered`,
    });
  }
  return { part, md5 };
}

function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}
