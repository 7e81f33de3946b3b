/** Every operation there is, by what a request asks for. What is not in the table is answered NotImplemented. */
import type { BucketCall, Call, Handler, ObjectCall } from '../call.ts';
import type { S3Request } from '../request.ts';
import { createBucket, deleteBucket, getLocation, getVersioning, headBucket, listBuckets } from './bucket.ts';
import { listObjects, listObjectsV2 } from './list.ts';
import { listUploads } from './list-uploads.ts';
import * as parts from './multipart.ts';
import { getAttributes, getObject, headObject } from './read.ts';
import { deleteObject, deleteObjects } from './remove.ts';
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from './acl.ts';
import { deleteTags, getTags, putTags } from './tagging.ts';
import { copyObject } from './copy.ts';
import { putObject } from './write.ts';

/** What a user has to be allowed. `anybody`: buckets open to all are open for it. */
type Access = { readonly needs: 'read' | 'write'; readonly anybody?: true };

export type Operation = Access & { readonly name: string } & (
    | { readonly on: 'service'; readonly run: Handler<Call> }
    /** The bucket need not be there. */
    | { readonly on: 'new-bucket'; readonly run: Handler<Call> }
    | { readonly on: 'bucket'; readonly run: Handler<BucketCall> }
    | { readonly on: 'object'; readonly run: Handler<ObjectCall> }
  );

const OPERATIONS: readonly (readonly [method: string, subresource: string, operation: Operation])[] = [
  ['GET', '', { name: 'ListBuckets', on: 'service', needs: 'read', run: listBuckets }],

  ['PUT', '', { name: 'CreateBucket', on: 'new-bucket', needs: 'write', run: createBucket }],
  ['HEAD', '', { name: 'HeadBucket', on: 'bucket', needs: 'read', anybody: true, run: headBucket }],
  ['DELETE', '', { name: 'DeleteBucket', on: 'bucket', needs: 'write', run: deleteBucket }],
  ['GET', 'location', { name: 'GetBucketLocation', on: 'bucket', needs: 'read', run: getLocation }],
  ['GET', 'versioning', { name: 'GetBucketVersioning', on: 'bucket', needs: 'read', run: getVersioning }],
  ['GET', 'acl', { name: 'GetBucketAcl', on: 'bucket', needs: 'read', run: getBucketAcl }],
  ['PUT', 'acl', { name: 'PutBucketAcl', on: 'bucket', needs: 'write', run: putBucketAcl }],
  ['GET', '', { name: 'ListObjects', on: 'bucket', needs: 'read', run: listObjects }],
  ['GET', 'list-type', { name: 'ListObjectsV2', on: 'bucket', needs: 'read', run: listObjectsV2 }],
  ['GET', 'uploads', { name: 'ListMultipartUploads', on: 'bucket', needs: 'read', run: listUploads }],
  ['POST', 'delete', { name: 'DeleteObjects', on: 'bucket', needs: 'write', run: deleteObjects }],

  ['GET', '', { name: 'GetObject', on: 'object', needs: 'read', anybody: true, run: getObject }],
  ['HEAD', '', { name: 'HeadObject', on: 'object', needs: 'read', anybody: true, run: headObject }],
  ['GET', 'partNumber', { name: 'GetObject', on: 'object', needs: 'read', anybody: true, run: getObject }],
  ['HEAD', 'partNumber', { name: 'HeadObject', on: 'object', needs: 'read', anybody: true, run: headObject }],
  ['GET', 'attributes', { name: 'GetObjectAttributes', on: 'object', needs: 'read', run: getAttributes }],
  ['PUT', '', { name: 'PutObject', on: 'object', needs: 'write', run: putObject }],
  ['PUT', 'copy', { name: 'CopyObject', on: 'object', needs: 'write', run: copyObject }],
  ['DELETE', '', { name: 'DeleteObject', on: 'object', needs: 'write', run: deleteObject }],
  ['GET', 'tagging', { name: 'GetObjectTagging', on: 'object', needs: 'read', run: getTags }],
  ['PUT', 'tagging', { name: 'PutObjectTagging', on: 'object', needs: 'write', run: putTags }],
  ['DELETE', 'tagging', { name: 'DeleteObjectTagging', on: 'object', needs: 'write', run: deleteTags }],
  ['GET', 'acl', { name: 'GetObjectAcl', on: 'object', needs: 'read', run: getObjectAcl }],
  ['PUT', 'acl', { name: 'PutObjectAcl', on: 'object', needs: 'write', run: putObjectAcl }],
  ['POST', 'uploads', { name: 'CreateMultipartUpload', on: 'object', needs: 'write', run: parts.createUpload }],
  ['PUT', 'partNumber', { name: 'UploadPart', on: 'object', needs: 'write', run: parts.uploadPart }],
  ['PUT', 'partNumber copy', { name: 'UploadPartCopy', on: 'object', needs: 'write', run: parts.copyPart }],
  ['POST', 'uploadId', { name: 'CompleteMultipartUpload', on: 'object', needs: 'write', run: parts.completeUpload }],
  ['DELETE', 'uploadId', { name: 'AbortMultipartUpload', on: 'object', needs: 'write', run: parts.abortUpload }],
  ['GET', 'uploadId', { name: 'ListParts', on: 'object', needs: 'read', run: parts.listParts }],
]; // prettier-ignore

/** Parameters that name another operation than the method alone does. */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  'accelerate', 'acl', 'analytics', 'attributes', 'cors', 'delete', 'encryption', 'intelligent-tiering', 'inventory',
  'legal-hold', 'lifecycle', 'list-type', 'location', 'logging', 'metadataConfiguration', 'metadataTable', 'metrics',
  'notification', 'object-lock', 'ownershipControls', 'partNumber', 'policy', 'policyStatus', 'publicAccessBlock',
  'renameObject', 'replication', 'requestPayment', 'restore', 'retention', 'select', 'session', 'tagging', 'torrent',
  'uploadId', 'uploads', 'versioning', 'versions', 'website',
]); // prettier-ignore

export function isSubresource(name: string): boolean {
  return SUBRESOURCES.has(name);
}

const BY_NAME: ReadonlyMap<string, Operation> = new Map(
  OPERATIONS.map(([method, subresource, operation]) => [
    `${method} ${operation.on === 'new-bucket' ? 'bucket' : operation.on} ${subresource}`,
    operation,
  ]),
);

/** Undefined: nobody does this here. */
export function operationOf({ method, bucket, key, query, http }: S3Request): Operation | undefined {
  const listType = query.get('list-type');
  if (listType !== undefined && listType !== '2') return undefined;
  const on = bucket === undefined ? 'service' : key === undefined ? 'bucket' : 'object';
  let subresource = '';
  for (const [name] of query.pairs) {
    if (!SUBRESOURCES.has(name)) continue;
    // A part is named by two parameters, of which the number tells more.
    if (subresource === '' || name === 'partNumber') subresource = name;
    else if (!(subresource === 'partNumber' && name === 'uploadId')) return undefined;
  }
  if (method === 'PUT' && on === 'object' && http.headers.get('x-amz-copy-source') !== undefined)
    subresource = subresource === '' ? 'copy' : `${subresource} copy`;
  return BY_NAME.get(`${method} ${on} ${subresource}`);
}
