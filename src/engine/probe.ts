/**
 * Measures on a scratch key what stores are known to get wrong, because a provider table is only a hint.
 *
 * Costs about six small requests, and three more where it is not known what ETags are. The scratch key is random, begins
 * with `.ferry-probe-`, and is removed again.
 */
import { hash, randomUUID } from 'node:crypto';
import type { Capabilities } from '../model/capabilities.ts';
import { isFerryError, toFerryError, type FerryError } from '../model/errors.ts';
import type { ObjectEntry } from '../model/object.ts';
import type { Store, UploadRef } from '../store/store.ts';
import { compositeEtag } from '../wire/multipart.ts';
import { beginRecorded, type BeginContext } from './move/uploads.ts';

export interface Probed {
  readonly capabilities: Pick<Capabilities, 'writeIfAbsent' | 'verifiesMd5' | 'etag'>;
  /** What differs from the declaration, in words. */
  readonly surprises: readonly string[];
}

/** Where to measure. Who may be killed remembers the key, and the upload on it. */
export interface Scratch {
  readonly key: string;
  readonly record?: Pick<BeginContext, 'uploads' | 'now' | 'retries'> | undefined;
}

const BYTES = Buffer.from('ferry measures what this store can do\n');
const PREFIX = '.ferry-probe-';
const MD5 = hash('md5', BYTES);
const SCRATCH_KEY = /^\.ferry-probe-[0-9a-f-]{36}$/;
const WRONG_MD5 = '00000000000000000000000000000000';

/** Rejects where the scratch key cannot be written at all. */
export async function probeDestination(
  store: Store,
  signal: AbortSignal,
  scratch: Scratch = { key: scratchKey() },
): Promise<Probed> {
  const declared = store.capabilities;
  const { key } = scratch;
  const surprises: string[] = [];
  try {
    const verifiesMd5 =
      declared.verifiesMd5 &&
      (await refuses(() => store.write(key, BYTES, { md5: WRONG_MD5 }, signal), 'wrong-checksum'));
    if (declared.verifiesMd5 && !verifiesMd5) surprises.push('does not check the MD5 of what it is sent');
    const { etag: whole } = await store.write(key, BYTES, undefined, signal);
    const writeIfAbsent =
      declared.writeIfAbsent &&
      (await refuses(() => store.write(key, BYTES, { ifAbsent: true }, signal), 'already-exists'));
    if (declared.writeIfAbsent && !writeIfAbsent) surprises.push('replaces objects when asked to create only');
    const etag = await etagOf(store, whole, scratch, signal);
    if (declared.etag === 'md5' && etag !== 'md5') surprises.push('gives ETags that are not the MD5 of the bytes');
    return { capabilities: { verifiesMd5, writeIfAbsent, etag }, surprises };
  } finally {
    // Not with `signal`: an interrupted probe cleans up, too.
    await store.remove(key, AbortSignal.timeout(5_000)).catch(() => undefined);
  }
}

/** A name nobody else has. Who may be killed remembers it, so that the next probe takes the same and cleans up. */
export function scratchKey(): string {
  return `${PREFIX}${randomUUID()}`;
}

/** True for what a probe that was killed left behind, or its last request that landed late. */
export function isScratch({ key, size }: ObjectEntry): boolean {
  return SCRATCH_KEY.test(key) && size === BYTES.length;
}

/**
 * Removes what killed probes left behind, the first 100 at most. One that measures at this moment may find less than the
 * store can do, never more.
 */
export async function removeScratch(store: Store, signal: AbortSignal): Promise<void> {
  const { entries } = await store.list({ prefix: PREFIX, limit: 100 }, signal);
  for (const entry of entries) if (isScratch(entry)) await store.remove(entry.key, signal);
}

/** What ETags are, going by that of a whole write, and where nobody knew by that of an upload in parts as well. */
async function etagOf(
  store: Store,
  whole: string | undefined,
  scratch: Scratch,
  signal: AbortSignal,
): Promise<Capabilities['etag']> {
  const { etag: declared, multipart } = store.capabilities;
  if ((declared !== 'md5' && declared !== 'unknown') || whole === undefined) return declared;
  if (whole !== MD5) return 'opaque';
  if (declared === 'md5' || !multipart) return 'md5';
  return (await composes(store, scratch, signal)) ? 'md5' : 'sampled';
}

/** True where the ETag of a part is its MD5, and that of the whole made of these. */
async function composes(store: Store, { key, record }: Scratch, signal: AbortSignal): Promise<boolean> {
  const multipart = store.multipart!;
  let upload: UploadRef | undefined;
  try {
    const about = { key, partSize: BYTES.length, size: BYTES.length, sourceVersion: '', owesTags: false };
    upload = record
      ? await beginRecorded({ ...record, destination: store, signal }, about, {})
      : { key, uploadId: await multipart.begin(key, undefined, signal) };
    const part = await multipart.put(upload, 1, BYTES, undefined, signal);
    const { etag } = await multipart.complete(upload, [{ number: 1, ...part }], undefined, signal);
    upload = undefined;
    await record?.uploads.endUpload(key);
    // Some services do not answer what they call it (Ceph 16, measured).
    const called = etag ?? (await store.stat(key, signal))?.etag;
    return part.etag === MD5 && called === compositeEtag([MD5]);
  } catch (thrown) {
    if (signal.aborted || !isFerryError(thrown)) throw thrown;
    return false;
  } finally {
    if (upload) await abandon(store, upload, record);
  }
}

async function abandon(store: Store, upload: UploadRef, record: Scratch['record']): Promise<void> {
  try {
    await store.multipart!.abort(upload, AbortSignal.timeout(5_000));
    await record?.uploads.endUpload(upload.key);
  } catch {
    // It stays recorded, and is aborted when the pass ends.
  }
}

/** True where the call is refused with `code`; false where it goes through or the store does not know the option. */
async function refuses(call: () => Promise<unknown>, code: FerryError['code']): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (thrown) {
    if (isFerryError(thrown, code)) return true;
    const error = toFerryError(thrown);
    if (error.kind === 'unsupported' || error.code === 'bad-response') return false;
    throw error;
  }
}
