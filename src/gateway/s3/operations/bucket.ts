import { isFerryError } from '../../../model/errors.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import { mayUse } from '../../access/users.ts';
import { isBucketName } from '../../buckets.ts';
import { checkAcl } from '../acl.ts';
import { empty, xml } from '../answer.ts';
import { ownerXml, userOf, type BucketCall, type Call } from '../call.ts';
import { readDocument } from '../documents.ts';
import { S3Error } from '../error.ts';
import { listing } from '../listing.ts';
import { fromToken, toToken } from '../token.ts';

/** Most buckets of a page, where a client asks for pages. As S3. */
const MOST = 10_000;

export async function listBuckets(call: Call): Promise<HttpAnswer> {
  const user = userOf(call);
  const { query } = call.request;
  const prefix = query.get('prefix') ?? '';
  const limit = query.number('max-buckets', 1, MOST) ?? Number.POSITIVE_INFINITY;
  const token = query.get('continuation-token');
  const after = token === undefined ? '' : fromToken(token);
  const elsewhere = (query.get('bucket-region') ?? call.region) !== call.region;
  const wanted = call.buckets
    .of(user.tenant)
    .filter(({ name }) => !elsewhere && name > after && name.startsWith(prefix) && mayUse(user, name));
  const shown = wanted.slice(0, limit);
  const elements = shown.map(({ name, created }) =>
    xmlElement('Bucket', textElement('Name', name), textElement('CreationDate', isoDate(created))),
  );
  return xml(
    xmlDocument(
      'ListAllMyBucketsResult',
      ownerXml(user.tenant),
      xmlElement('Buckets', ...elements),
      wanted.length > shown.length ? textElement('ContinuationToken', toToken(shown.at(-1)!.name)) : '',
      query.has('prefix') ? textElement('Prefix', prefix) : '',
    ),
  );
}

/** Creates the bucket named; `bucket` of the call is not there yet. */
export async function createBucket(call: Call): Promise<HttpAnswer> {
  const name = call.request.bucket!;
  const user = userOf(call);
  if (!isBucketName(name)) throw new S3Error('InvalidBucketName');
  const { headers } = call.request.http;
  const acl = headers.get('x-amz-acl');
  if (acl !== undefined) checkAcl(acl, { anonymousRead: false });
  if ((headers.get('x-amz-object-ownership') ?? 'BucketOwnerEnforced') !== 'BucketOwnerEnforced')
    throw new S3Error('NotImplemented', { message: 'Objects belong to the owner of the bucket here' });
  const wanted = (await readDocument(call, 'CreateBucketConfiguration'))?.get('LocationConstraint');
  if (wanted !== undefined && wanted !== '' && wanted !== call.region)
    throw new S3Error('InvalidArgument', { message: `Buckets are in the region ${call.region} here` });
  const existing = call.buckets.find(name);
  if (existing !== undefined)
    throw new S3Error(existing.tenant === user.tenant ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists');
  try {
    await call.buckets.create(name, user.tenant);
  } catch (thrown) {
    throw isFerryError(thrown, 'already-exists') ? new S3Error('BucketAlreadyExists', { cause: thrown }) : thrown;
  }
  return empty(200, ['Location', `/${name}`]);
}

export async function headBucket({ region }: BucketCall): Promise<HttpAnswer> {
  return empty(200, ['x-amz-bucket-region', region]);
}

export async function deleteBucket({ bucket, buckets, request }: BucketCall): Promise<HttpAnswer> {
  const { entries } = await listing(bucket.store, { prefix: '', limit: 1 }, request.http.signal());
  if (entries.length > 0) throw new S3Error('BucketNotEmpty');
  await buckets.remove(bucket.name);
  return empty(204);
}

export async function getLocation({ region }: BucketCall): Promise<HttpAnswer> {
  // What AWS calls its first region has no name here.
  return xml(xmlDocument('LocationConstraint', region === 'us-east-1' ? '' : region));
}

/** Versioning has never been on. */
export async function getVersioning(): Promise<HttpAnswer> {
  return xml(xmlDocument('VersioningConfiguration'));
}
