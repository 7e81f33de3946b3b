/**
 * Moves an object whose size the source does not tell (an HTTP origin without Content-Length): it is spooled to a
 * temporary file first, since a destination wants to know the size before the first byte.
 *
 * Disk: one object each; the file is removed whatever happens.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectMeta } from '../../model/object.ts';
import { FerryError } from '../../model/errors.ts';
import { planParts } from '../../wire/multipart.ts';
import type { Job, MoveContext, Moved } from './job.ts';
import { outfit } from './metadata.ts';

export async function moveUnsized(c: MoveContext, job: Job, meta: ObjectMeta): Promise<Moved> {
  const { source, destination, spec, signal } = c;
  const { key } = job.entry;
  const path = join(c.tmpdir, `unsized-${randomUUID()}`);
  try {
    const size = await spool(c, key, path);
    const { options, losses } = outfit({ ...meta, size }, undefined, spec.fidelity, destination.capabilities);
    const { maxWrite, multipart } = destination.capabilities;
    const slice = (offset: number, length: number) => ({
      size: length,
      open: () => createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: 256 * 1024 }),
    });
    if (size === 0) await destination.write(key, new Uint8Array(), options, signal);
    else if (size <= maxWrite) await destination.write(key, slice(0, size), options, signal);
    else {
      if (!multipart || !destination.multipart) throw new FerryError('too-large', { key });
      const { partSize, count } = planParts(size, spec.multipart.partSize, multipart);
      const uploadId = await destination.multipart.begin(key, options, signal);
      const ref = { key, uploadId };
      try {
        const parts = [];
        for (let number = 1; number <= count; number++) {
          const offset = (number - 1) * partSize;
          const part = await destination.multipart.put(
            ref,
            number,
            slice(offset, Math.min(partSize, size - offset)),
            undefined,
            signal,
          );
          parts.push({ number, ...part });
        }
        await destination.multipart.complete(ref, parts, undefined, signal);
      } catch (error) {
        await destination.multipart.abort(ref);
        throw error;
      }
    }
    return { bytes: size, etag: undefined, losses, method: 'size' };
  } finally {
    await rm(path, { force: true });
  }

  async function spool({ onBytes }: MoveContext, name: string, to: string): Promise<number> {
    const { body } = await source.read(name, undefined, signal);
    await using file = await open(to, 'wx', 0o600);
    let size = 0;
    for await (const chunk of body) {
      await file.writeFile(chunk);
      size += chunk.byteLength;
      onBytes(chunk.byteLength);
    }
    return size;
  }
}
