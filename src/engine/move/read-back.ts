/** `check_md5`: reads both sides again and compares; a copy that differs is taken away. */
import { createHash } from 'node:crypto';
import { FerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import type { Store } from '../../store/store.ts';
import { md5OfStream } from '../../wire/checksum/hasher.ts';
import { knownMd5 } from '../compare.ts';
import type { MoveContext } from './job.ts';

export async function readBack(c: MoveContext, key: string): Promise<void> {
  const expected = (await tellMd5(c.source, key, c.signal)) ?? (await readMd5(c.source, key, c.signal));
  const actual = await readMd5(c.destination, key, c.signal);
  if (actual === expected) return;
  await c.destination.remove(key, c.signal);
  throw new FerryError('wrong-checksum', {
    key,
    operation: 'read-back',
    message: 'what was written reads back differently',
  });
}

async function tellMd5(store: Store, key: string, signal: AbortSignal): Promise<string | undefined> {
  const meta = await store.stat(key, signal);
  return meta && knownMd5(store.capabilities, meta);
}

/** MD5 of an object's bytes by reading them all. Memory: one read buffer. */
export async function readMd5(
  store: Store,
  key: string,
  signal: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const { body } = await store.read(key, undefined, signal);
  return await md5OfStream(body, onBytes);
}

/** SHA-256 of an object's bytes by reading them all, and what came with them. Memory: one read buffer. */
export async function readSha256(
  store: Store,
  key: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<{ readonly hex: string; readonly size: number; readonly meta: ObjectMeta }> {
  const hash = createHash('sha256');
  let size = 0;
  const { body, meta } = await store.read(key, undefined, signal);
  for await (const chunk of body) {
    hash.update(chunk);
    size += chunk.byteLength;
    onBytes(chunk.byteLength);
  }
  return { hex: hash.digest('hex'), size, meta };
}
