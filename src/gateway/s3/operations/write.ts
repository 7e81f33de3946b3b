import type { WriteOptions, WriteResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { checkAcl } from '../acl.ts';
import { empty, quoted } from '../answer.ts';
import type { ObjectCall } from '../call.ts';
import { writeConditions } from '../conditions.ts';
import { S3Error } from '../error.ts';
import { writeOptionsOf } from '../metadata.ts';
import { checksumHeaders, readPayload, storing } from '../payload.ts';

export async function putObject(call: ObjectCall): Promise<HttpAnswer> {
  const { request, identity, bucket, key } = call;
  const { headers } = request.http;
  const options: WriteOptions = { ...writeOptionsOf(headers), ...writeConditions(headers) };
  checkOffered(call, options);
  const payload = await readPayload(request, identity);
  const { maxWrite } = bucket.store.capabilities;
  if (payload.size > maxWrite)
    throw new S3Error('EntityTooLarge', { message: `One PUT takes ${maxWrite} bytes here; use an upload in parts` });
  const md5 = bucket.store.capabilities.verifiesMd5 ? payload.md5 : undefined;
  const written = await storing(payload, bucket.store.write(key, payload.body, { ...options, md5 }));
  return empty(200, [...writtenHeaders(written), ...checksumHeaders(payload.checksum)]);
}

export function writtenHeaders({ etag, versionId }: WriteResult): string[] {
  const headers = etag === undefined ? [] : ['ETag', quoted(etag)];
  if (versionId !== undefined) headers.push('x-amz-version-id', versionId);
  return headers;
}

/** Refuses what the store would forget silently. */
export function checkOffered({ bucket, request }: ObjectCall, options: WriteOptions): void {
  const acl = request.http.headers.get('x-amz-acl');
  if (acl !== undefined) checkAcl(acl, bucket);
  const { metadata, writeIfAbsent, writeIfMatch } = bucket.store.capabilities;
  if (options.ifAbsent === true && !writeIfAbsent)
    throw new S3Error('NotImplemented', { message: 'The store behind knows no If-None-Match' });
  if (options.ifMatch !== undefined && !writeIfMatch)
    throw new S3Error('NotImplemented', { message: 'The store behind knows no If-Match' });
  if (options.tags !== undefined && Object.keys(options.tags).length > 0 && !metadata.tags)
    throw new S3Error('NotImplemented', { message: 'The store behind keeps no tags' });
}
