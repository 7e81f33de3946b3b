/**
 * Copies within the service. A copy has the bytes and the metadata of one version of its source, and is made only of a
 * version the client's conditions hold for, whoever writes to the source meanwhile: by the store itself where it sees to
 * that, and else read and written here.
 */
import { FerryError, isFerryError } from '../../../model/errors.ts';
import { systemMetaOf, type ObjectMeta, type Tags } from '../../../model/object.ts';
import type { PartResult, Store, UploadRef, WriteOptions, WriteResult } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { textElement, xmlDocument } from '../../../wire/xml/write.ts';
import { quoted, xml } from '../answer.ts';
import type { ObjectCall } from '../call.ts';
import { checkConditions, readConditions, writeConditions } from '../conditions.ts';
import { S3Error } from '../error.ts';
import { metaOf, writeOptionsOf } from '../metadata.ts';
import { checkOffered } from './write.ts';

/** A source that is another again each time it is copied is given up after so many. */
const TRIES = 4;

export async function copyObject(call: ObjectCall): Promise<HttpAnswer> {
  const source = copySourceOf(call);
  const wanted = wantedOf(call, source);
  const written = await ofOneVersion(call, source, (found) => copy(call, source, found, wanted));
  const document = xmlDocument(
    'CopyObjectResult',
    textElement('LastModified', isoDate(call.now())),
    written.etag === undefined ? '' : textElement('ETag', quoted(written.etag)),
  );
  return xml(document);
}

/** A range of an object as a part of an upload. */
export async function copyToPart(call: ObjectCall, upload: UploadRef, part: number): Promise<PartResult> {
  const source = copySourceOf(call);
  return await ofOneVersion(call, source, (found) => copyRange(call, source, found, upload, part));
}

interface Source {
  readonly store: Store;
  readonly key: string;
}

/** What is copied, if the user may read it. Throws `InvalidArgument`, `NotImplemented`. */
function copySourceOf(call: ObjectCall): Source {
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

/** Again where the source became another meanwhile and the client named no version. */
async function ofOneVersion<T>(
  { request: { http } }: ObjectCall,
  { store, key }: Source,
  work: (found: ObjectMeta) => Promise<T>,
): Promise<T> {
  const conditions = readConditions(http.headers, 'x-amz-copy-source-');
  for (let tries = 1; ; tries++) {
    const found = await store.stat(key, http.signal());
    if (found === undefined) throw new S3Error('NoSuchKey');
    if (conditions !== undefined) checkCopyConditions(conditions, found);
    try {
      return await work(found);
    } catch (thrown) {
      if (!isFerryError(thrown, 'changed') || conditions !== undefined || tries === TRIES) throw thrown;
    }
  }
}

/** Conditions of a copy fail with 412, those of a cache as well. */
function checkCopyConditions(conditions: Parameters<typeof checkConditions>[0], meta: ObjectMeta): void {
  try {
    checkConditions(conditions, meta);
  } catch (thrown) {
    throw thrown instanceof S3Error && thrown.code === 'NotModified' ? new S3Error('PreconditionFailed') : thrown;
  }
}

interface Wanted {
  readonly onItself: boolean;
  /** In place of the source's; the source's where absent. */
  readonly meta: Partial<ObjectMeta> | undefined;
  readonly tags: Tags | undefined;
  /** Beside the source's metadata. */
  readonly storageClass: string | undefined;
  /** The client named versions of the source. */
  readonly conditional: boolean;
  /** Of the destination. */
  readonly conditions: Pick<WriteOptions, 'ifAbsent' | 'ifMatch'>;
}

function wantedOf(call: ObjectCall, source: Source): Wanted {
  const { bucket, key } = call;
  const { headers } = call.request.http;
  const replaces = directive(call, 'x-amz-metadata-directive') === 'REPLACE';
  const retags = directive(call, 'x-amz-tagging-directive') === 'REPLACE';
  const onItself = source.store === bucket.store && source.key === key;
  if (onItself && !replaces && !retags && headers.get('x-amz-storage-class') === undefined)
    throw new S3Error('InvalidRequest', { message: 'A copy of an object onto itself has to change something' });
  const given = writeOptionsOf(headers);
  return {
    onItself,
    meta: replaces ? metaOf(headers) : undefined,
    tags: retags ? (given.tags ?? {}) : undefined,
    storageClass: given.meta?.storageClass,
    conditional: readConditions(headers, 'x-amz-copy-source-') !== undefined,
    conditions: writeConditions(headers),
  };
}

async function copy(call: ObjectCall, source: Source, found: ObjectMeta, wanted: Wanted): Promise<WriteResult> {
  const { store } = call.bucket;
  const signal = call.request.http.signal();
  const { meta, storageClass, conditions, conditional } = wanted;
  const said = meta ?? (isSaid(wanted) ? keptMeta(found, storageClass) : undefined);
  checkOffered(call, { ...conditions, tags: wanted.tags });
  if (!(await storeCopies(call, source, found, wanted))) return await readAndWrite(call, source, found, wanted);
  const unsure = said !== undefined && store.capabilities.copy!.tags === 'unsure';
  const tags = wanted.tags ?? (unsure ? await tagsOf(source, found) : undefined);
  const ifMatch = conditional || (meta === undefined && said !== undefined) ? found.etag : undefined;
  return await store.copy!({ ...source, ifMatch }, call.key, { ...conditions, meta: said, tags }, signal);
}

/** The source's metadata has to be given: stores refuse a copy onto itself that gives none, as one that changes nothing. */
function isSaid({ meta, onItself, storageClass }: Wanted): boolean {
  return meta === undefined && (onItself || storageClass !== undefined);
}

/** Whether the store makes the copy by itself, and makes it as it is wanted. */
async function storeCopies(
  { bucket: { store } }: ObjectCall,
  source: Source,
  found: ObjectMeta,
  wanted: Wanted,
): Promise<boolean> {
  const { meta, tags, onItself, conditional, conditions } = wanted;
  const can = store.capabilities.copy;
  if (can === undefined || found.size > can.maxSize || store.sameServer?.(source.store) !== true) return false;
  if (conditions.ifMatch !== undefined || (conditions.ifAbsent === true && can.ifAbsent !== true)) return false;
  // Where nobody sees to it that the version is that one, the store at least copies one as a whole.
  const canPin = source.store.capabilities.readIfMatch && (!onItself || store.capabilities.writeIfMatch);
  if ((conditional || isSaid(wanted)) && can.ifMatch !== true && canPin) return false;
  if (can.tags !== 'lost') return true;
  if (meta === undefined && !isSaid(wanted)) return tags === undefined;
  return Object.keys(tags ?? (await tagsOf(source, found)) ?? {}).length === 0;
}

/** The bytes pass here. A copy onto itself replaces nothing but what it was read from. */
async function readAndWrite(
  { bucket: { store }, key, request }: ObjectCall,
  source: Source,
  found: ObjectMeta,
  { meta, storageClass, tags, onItself, conditions }: Wanted,
): Promise<WriteResult> {
  const signal = request.http.signal();
  if (found.size > store.capabilities.maxWrite)
    throw new S3Error('InvalidRequest', { message: 'The object is too large to be copied at once; copy it by parts' });
  const { ifAbsent, ifMatch } = conditions;
  if (onItself && ifMatch !== undefined && ifMatch !== found.etag) throw new S3Error('PreconditionFailed');
  const itself = onItself && ifAbsent !== true && store.capabilities.writeIfMatch;
  const options: WriteOptions = {
    meta: meta ?? keptMeta(found, storageClass),
    tags: tags ?? (await tagsOf(source, found)),
    ...(itself ? { ifMatch: found.etag } : conditions),
  };
  return await store.write(key, { size: found.size, open: () => bytesOf(source, found, {}, signal) }, options, signal);
}

async function copyRange(
  call: ObjectCall,
  source: Source,
  found: ObjectMeta,
  upload: UploadRef,
  part: number,
): Promise<PartResult> {
  const { store } = call.bucket;
  const { headers } = call.request.http;
  const signal = call.request.http.signal();
  const { multipart, capabilities } = store;
  const { offset, length } = rangeOf(headers.get('x-amz-copy-source-range'), found.size);
  if (multipart!.copyPart === undefined || store.sameServer?.(source.store) !== true) {
    const range = offset === 0 && length === found.size ? {} : { offset, length };
    const open = (): AsyncGenerator<Uint8Array> => bytesOf(source, found, range, signal);
    return await multipart!.put(upload, part, { size: length, open }, {}, signal);
  }
  const ifMatch = source.store.capabilities.readIfMatch ? found.etag : undefined;
  const put = await multipart!.copyPart(upload, part, { ...source, ifMatch }, offset, length, signal);
  // Nobody sees the part yet: that it is of another version may be found afterwards.
  if (ifMatch !== undefined && capabilities.copy?.ifMatch !== true) {
    const now = await source.store.stat(source.key, signal);
    if (now?.etag !== ifMatch) throw new FerryError('changed', { operation: 'copyPart', key: source.key });
  }
  return put;
}

/** `bytes=a-b`, which has to lie within the object. */
function rangeOf(header: string | undefined, size: number): { readonly offset: number; readonly length: number } {
  if (header === undefined) return { offset: 0, length: size };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header);
  const [from, through] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || from > through)
    throw new S3Error('InvalidArgument', { message: 'x-amz-copy-source-range is not bytes=FIRST-LAST' });
  if (through >= size) throw new S3Error('InvalidRange');
  return { offset: from, length: through - from + 1 };
}

async function* bytesOf(
  { store, key }: Source,
  { etag }: ObjectMeta,
  range: { readonly offset?: number; readonly length?: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const ifMatch = store.capabilities.readIfMatch ? etag : undefined;
  yield* (await store.read(key, { ...range, ifMatch }, signal)).body;
}

async function tagsOf({ store, key }: Source, found: ObjectMeta): Promise<Tags | undefined> {
  if (!store.capabilities.metadata.tags || found.tagCount === 0) return undefined;
  return await store.tags?.(key);
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
