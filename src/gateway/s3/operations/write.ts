import { systemMetaOf, type ObjectMeta, type Tags } from '../../../model/object.ts';
import type { CopySource, WriteOptions, WriteResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { textElement, xmlDocument } from '../../../wire/xml/write.ts';
import { checkAcl } from '../acl.ts';
import { empty, quoted, xml } from '../answer.ts';
import type { ObjectCall } from '../call.ts';
import { checkConditions, readConditions, writeConditions } from '../conditions.ts';
import { S3Error } from '../error.ts';
import { metaOf, writeOptionsOf } from '../metadata.ts';
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

export async function copyObject(call: ObjectCall): Promise<HttpAnswer> {
  const { request, bucket, key, now } = call;
  const { headers } = request.http;
  const source = copySourceOf(call);
  const found = await source.store.stat(source.key, request.http.signal());
  if (found === undefined) throw new S3Error('NoSuchKey');
  const conditions = readConditions(headers, 'x-amz-copy-source-');
  if (conditions !== undefined) checkCopyConditions(conditions, found);
  const replaces = directive(call, 'x-amz-metadata-directive') === 'REPLACE';
  const retags = directive(call, 'x-amz-tagging-directive') === 'REPLACE';
  const onItself = source.store === bucket.store && source.key === key;
  if (onItself && !replaces && !retags && headers.get('x-amz-storage-class') === undefined)
    throw new S3Error('InvalidRequest', { message: 'A copy of an object onto itself has to change something' });
  const given = writeOptionsOf(headers);
  const options: WriteOptions = {
    meta: replaces ? metaOf(headers) : keptMeta(found, given.meta?.storageClass),
    tags: retags ? (given.tags ?? {}) : await tagsOf(source, found),
    ...writeConditions(headers),
  };
  checkOffered(call, options);
  const from: CopySource = { ...source, ifMatch: source.store.capabilities.readIfMatch ? found.etag : undefined };
  const written = await copy(call, from, found, options);
  const document = xmlDocument(
    'CopyObjectResult',
    textElement('LastModified', isoDate(now())),
    written.etag === undefined ? '' : textElement('ETag', quoted(written.etag)),
  );
  return xml(document);
}

/** What is copied, if the user may read it. Throws `InvalidArgument`, `NotImplemented`. */
export function copySourceOf(call: ObjectCall): { readonly store: CopySource['store']; readonly key: string } {
  const given = call.request.http.headers.get('x-amz-copy-source')!;
  const mark = given.indexOf('?');
  let path: string;
  try {
    path = decodeURIComponent(mark < 0 ? given : given.slice(0, mark));
  } catch (error) {
    throw new S3Error('InvalidArgument', { message: 'x-amz-copy-source cannot be decoded', cause: error });
  }
  if (mark >= 0 && given.slice(mark) !== '?versionId=null')
    throw new S3Error('NotImplemented', { message: 'Versions are not offered here' });
  const match = /^\/?([^/]+)\/([^]+)$/.exec(path);
  if (match === null) throw new S3Error('InvalidArgument', { message: 'x-amz-copy-source is not BUCKET/KEY' });
  return { store: call.readable(match[1]!).store, key: match[2]! };
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

/** Conditions of a copy fail with 412, those of a cache as well. */
export function checkCopyConditions(conditions: Parameters<typeof checkConditions>[0], meta: ObjectMeta): void {
  try {
    checkConditions(conditions, meta);
  } catch (thrown) {
    throw thrown instanceof S3Error && thrown.code === 'NotModified' ? new S3Error('PreconditionFailed') : thrown;
  }
}

async function copy(
  call: ObjectCall,
  from: CopySource,
  found: ObjectMeta,
  options: WriteOptions,
): Promise<WriteResult> {
  const { bucket, key, request } = call;
  const { store } = bucket;
  const signal = request.http.signal();
  const limit = store.capabilities.copy?.maxSize;
  if (limit !== undefined && found.size <= limit && store.copy !== undefined && store.sameServer?.(from.store) === true)
    return await store.copy(from, key, options, signal);
  if (found.size > store.capabilities.maxWrite)
    throw new S3Error('InvalidRequest', { message: 'The object is too large to be copied at once; copy it by parts' });
  const { store: source, key: sourceKey, ifMatch } = from;
  return await store.write(
    key,
    {
      size: found.size,
      async *open() {
        const { body } = await source.read(sourceKey, { ifMatch }, signal);
        yield* body;
      },
    },
    options,
    signal,
  );
}

async function tagsOf(
  source: { readonly store: CopySource['store']; readonly key: string },
  found: ObjectMeta,
): Promise<Tags | undefined> {
  if (!source.store.capabilities.metadata.tags || found.tagCount === 0) return undefined;
  return await source.store.tags?.(source.key);
}

function keptMeta(found: ObjectMeta, storageClass: string | undefined): Partial<ObjectMeta> {
  return { ...systemMetaOf(found), user: found.user, ...(storageClass === undefined ? {} : { storageClass }) };
}

function directive({ request }: ObjectCall, name: string): 'COPY' | 'REPLACE' {
  const value = request.http.headers.get(name)?.toUpperCase() ?? 'COPY';
  if (value !== 'COPY' && value !== 'REPLACE')
    throw new S3Error('InvalidArgument', { message: `${name} is COPY or REPLACE` });
  return value;
}
