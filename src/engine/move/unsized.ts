/**
 * Moves an object whose size the source does not tell (an HTTP origin without Content-Length): it is spooled to a
 * temporary file first, since a destination wants to know the size before the first byte.
 *
 * Disk: one object each; the file is removed whatever happens.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key } from '../../model/key.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { FerryError } from '../../model/errors.ts';
import { temporaryFailure } from '../../store/temporary-failure.ts';
import type { ReadResult } from '../../store/store.ts';
import { partRange, planParts } from '../../wire/multipart.ts';
import { stillAbsent, versionName, type Job, type MoveContext, type Moved } from './job.ts';
import { outfit, type LossKind } from './metadata.ts';
import { owesTags, settleTags } from './tagging.ts';
import { beginRecorded, discardUpload } from './uploads.ts';

/**
 * `opened`: a read of the whole object, which is used up; else one is opened. The metadata come with the bytes: asked
 * for before, they could be of another version. Where a size was told before, the bytes must be as many (`wrong-length`).
 */
export async function moveUnsized(c: MoveContext, job: Job, opened?: ReadResult): Promise<Moved> {
  const { source, destination, spec, signal } = c;
  const { key } = job.entry;
  const path = join(c.tmpdir(), `unsized-${randomUUID()}`);
  try {
    const { size, md5, meta } = await spool(c, key, path);
    const told = job.entry.size;
    if (told !== undefined && told !== size) throw shorter(key, told, size);
    const { options, losses } = outfit({ ...meta, size }, undefined, spec.fidelity, destination.capabilities);
    const { maxWrite, multipart } = destination.capabilities;
    const slice = (offset: number, length: number) => ({
      size: length,
      open: () => createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: 256 * 1024 }),
    });
    const ifAbsent = job.create && destination.capabilities.writeIfAbsent ? true : undefined;
    if (!ifAbsent) await stillAbsent(c, job);
    const bytes = size === 0 ? new Uint8Array() : slice(0, size);
    let untagged: readonly LossKind[] = [];
    if (size <= maxWrite) {
      const verified = destination.capabilities.verifiesMd5 ? md5 : undefined;
      await destination.write(key, bytes, { ...options, ifAbsent, md5: verified }, signal);
    } else {
      if (!multipart || !destination.multipart) throw new FerryError('too-large', { key });
      const plan = planParts(size, spec.multipart.partSize, multipart);
      const { partSize, count } = plan;
      // The parts of an earlier run are of bytes nobody can tell from these.
      await discardUpload(c, key);
      const about = {
        key,
        partSize,
        size,
        sourceVersion: versionName({ ...meta, size }),
        owesTags: owesTags(multipart.tags, options.tags),
      };
      const ref = await beginRecorded(c, about, options);
      try {
        const parts = [];
        for (let number = 1; number <= count; number++) {
          const { offset, length } = partRange(plan, number);
          const part = await destination.multipart.put(ref, number, slice(offset, length), undefined, signal);
          parts.push({ number, ...part });
        }
        await destination.multipart.complete(ref, parts, undefined, signal);
      } catch (error) {
        // What went wrong is told, whatever becomes of the parts.
        await discardUpload({ ...c, signal: AbortSignal.timeout(10_000) }, key).catch(() => undefined);
        throw error;
      }
      untagged = await settleTags(c, key, multipart.tags, options.tags);
      await c.uploads.endUpload(key);
    }
    return { bytes: size, etag: undefined, losses: [...losses, ...untagged], method: 'size' };
  } finally {
    await rm(path, { force: true });
  }

  async function spool({ onBytes }: MoveContext, name: string, to: string): Promise<Spooled> {
    const { body, meta } = opened ?? (await source.read(name, undefined, signal));
    const hash = createHash('md5');
    let size = 0;
    try {
      await using file = await open(to, 'wx', 0o600);
      for await (const chunk of body) {
        await file.writeFile(chunk);
        hash.update(chunk);
        size += chunk.byteLength;
        onBytes(chunk.byteLength);
      }
    } catch (cause) {
      body.cancel();
      throw temporaryFailure(cause, c.tmpdir());
    }
    return { size, md5: hash.digest('hex'), meta };
  }
}

interface Spooled {
  readonly size: number;
  readonly md5: string;
  readonly meta: ObjectMeta;
}

function shorter(key: Key, told: number, size: number): FerryError {
  return new FerryError('wrong-length', {
    key,
    operation: 'read',
    message: `${size} bytes came, ${told} were told of`,
  });
}
