/**
 * A conditional write, or the completion of an upload, may succeed and its answer be lost. Made again it fails on what
 * it did itself: `already-exists`, `changed`, `not-found`. Whether it was ours shows in what is in the store:
 *
 * - After a write: the object has the size and the MD5 of what was written. The ETag tells where ETags are MD5s, else
 *   the object is read back. Somebody else's object of the same bytes counts as ours, which does no harm.
 * - After completing: the ETag is the one S3 makes of the parts' ETags. Where ETags are opaque nothing can be told here.
 * - After a conditional `copy` or `fetch`, whose bytes never were here, nothing can be told either.
 *
 * Where nothing is told the error stands, and whoever has the source at hand compares.
 */
import type { Body } from '../../model/body.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import type { FerryError } from '../../model/errors.ts';
import type { ObjectMeta } from '../../model/object.ts';
import { md5Hex, md5OfStream } from '../../wire/checksum/hasher.ts';
import { compositeEtag } from '../../wire/multipart.ts';
import type { WriteResult } from '../store.ts';
import type { Call } from './call.ts';
import { CompleteCall, ReadCall, StatCall, WriteCall } from './call.ts';
import type { Next } from './layer.ts';

/** The outcome of an earlier attempt of `call`, which now failed with `error`; undefined where there was none. */
export async function findOutcome(
  call: Call<unknown>,
  error: FerryError,
  can: Capabilities,
  run: Next,
): Promise<WriteResult | undefined> {
  if (!isSuspicious(call, error)) return undefined;
  const meta = await run(new StatCall(call.key, call.signal));
  if (!meta) return undefined;
  const ours = call instanceof WriteCall ? await wroteIt(call, meta, can, run) : completedIt(call, meta, can);
  return ours ? { etag: meta.etag, versionId: meta.versionId, checksums: meta.checksums } : undefined;
}

/** Whether the call may have failed only because it succeeded before. */
function isSuspicious(call: Call<unknown>, { code }: FerryError): call is WriteCall | CompleteCall {
  if (call instanceof WriteCall) {
    const { ifAbsent, ifMatch } = call.options ?? {};
    return (ifAbsent === true && code === 'already-exists') || (ifMatch !== undefined && code === 'changed');
  }
  return call instanceof CompleteCall && (code === 'not-found' || code === 'already-exists');
}

async function wroteIt(call: WriteCall, meta: ObjectMeta, can: Capabilities, run: Next): Promise<boolean> {
  if (meta.size !== call.bytes) return false;
  const wanted = call.options?.md5 ?? (await md5(call.body!));
  if (can.etag === 'md5' && meta.etag !== undefined && /^[0-9a-f]{32}$/.test(meta.etag)) return meta.etag === wanted;
  const { body } = await run(new ReadCall(call.key!, undefined, call.signal));
  return (await md5OfStream(body)) === wanted;
}

function completedIt({ parts }: CompleteCall, { etag }: ObjectMeta, can: Capabilities): boolean {
  return can.etag === 'md5' && etag !== undefined && etag === compositeEtag(parts.map((part) => part.etag));
}

function md5(body: Body): Promise<string> | string {
  return body instanceof Uint8Array ? md5Hex(body) : md5OfStream(body.open());
}
