import { toFerryError } from '../../../model/errors.ts';
import { keyBytes } from '../../../model/key.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import { bareETag } from '../../../wire/etag.ts';
import { empty, xml } from '../answer.ts';
import type { BucketCall, ObjectCall } from '../call.ts';
import { writeConditions } from '../conditions.ts';
import { requireDocument } from '../documents.ts';
import { S3Error, toS3Error } from '../error.ts';

const MOST_KEYS = 1000;

export async function deleteObject({ request, bucket, key }: ObjectCall): Promise<HttpAnswer> {
  const { ifMatch, ifAbsent } = writeConditions(request.http.headers);
  if (ifAbsent === true) throw conditional();
  if (ifMatch === undefined) await bucket.store.remove(key);
  else await removeVersion(bucket.store, key, ifMatch);
  return empty(204);
}

/** What names an object beside its key and ETag is a version, or a condition nothing here knows. */
const CONDITIONS = ['LastModifiedTime', 'Size'] as const;

export async function deleteObjects(call: BucketCall): Promise<HttpAnswer> {
  const { bucket } = call;
  const document = await requireDocument(call, 'Delete');
  const objects = document.all('Object');
  if (objects.length === 0 || objects.length > MOST_KEYS)
    throw new S3Error('MalformedXML', { message: `1 to ${MOST_KEYS} objects can be deleted at once` });
  const quiet = document.get('Quiet')?.trim().toLowerCase() === 'true';
  const failed = new Map<string, S3Error>();
  const keys: string[] = [];
  const versions: [key: string, etag: string][] = [];
  for (const object of objects) {
    const key = object.get('Key') ?? '';
    const version = object.get('VersionId');
    if (key === '') throw new S3Error('MalformedXML', { message: 'An object has no key' });
    if (version !== undefined && version !== 'null') failed.set(key, new S3Error('NotImplemented'));
    else if (CONDITIONS.some((name) => object.get(name) !== undefined)) failed.set(key, conditional());
    else if (keyBytes(key) > 1024) failed.set(key, new S3Error('KeyTooLongError'));
    else if (object.get('ETag') !== undefined) versions.push([key, bareETag(object.get('ETag')!.trim()) ?? '']);
    else keys.push(key);
  }
  for (const { key, error } of await removeAll(bucket.store, keys)) failed.set(key, toS3Error(error));
  for (const [key, etag] of versions)
    await removeVersion(bucket.store, key, etag).catch((thrown: unknown) => failed.set(key, toS3Error(thrown)));
  let results = '';
  const all = [...keys, ...versions.map(([key]) => key)];
  if (!quiet) for (const key of all) if (!failed.has(key)) results += xmlElement('Deleted', textElement('Key', key));
  for (const [key, { code, message }] of failed)
    results += xmlElement('Error', textElement('Key', key), textElement('Code', code), textElement('Message', message));
  return xml(xmlDocument('DeleteResult', results));
}

async function removeVersion(store: BucketCall['bucket']['store'], key: string, etag: string): Promise<void> {
  if (store.removeIf === undefined) throw conditional();
  await store.removeIf(key, etag);
}

async function removeAll(
  store: BucketCall['bucket']['store'],
  keys: readonly string[],
): Promise<readonly { readonly key: string; readonly error: Error }[]> {
  if (keys.length === 0) return [];
  if (store.removeMany !== undefined) return await store.removeMany(keys);
  const failures: { key: string; error: Error }[] = [];
  for (const key of keys)
    await store.remove(key).catch((error: unknown) => failures.push({ key, error: toFerryError(error) }));
  return failures;
}

function conditional(): S3Error {
  return new S3Error('NotImplemented', { message: 'A delete under a condition is not offered here' });
}
