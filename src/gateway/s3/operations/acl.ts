import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { textElement, xmlDocument } from '../../../wire/xml/write.ts';
import { checkAcl } from '../acl.ts';
import { empty, xml } from '../answer.ts';
import { ownerXml, type BucketCall, type ObjectCall } from '../call.ts';
import { S3Error } from '../error.ts';
import { statOrThrow } from './read.ts';

/** The owner may do everything; canned lists are all there are. */
export async function getObjectAcl(call: ObjectCall): Promise<HttpAnswer> {
  await statOrThrow(call);
  return xml(aclXml(call));
}

export async function getBucketAcl(call: BucketCall): Promise<HttpAnswer> {
  return xml(aclXml(call));
}

export async function putObjectAcl(call: ObjectCall): Promise<HttpAnswer> {
  const answer = await putBucketAcl(call);
  await statOrThrow(call);
  return answer;
}

export async function putBucketAcl(call: BucketCall): Promise<HttpAnswer> {
  const acl = call.request.http.headers.get('x-amz-acl');
  if (acl === undefined) throw new S3Error('NotImplemented', { message: 'Only canned access lists can be set' });
  checkAcl(acl, call.bucket);
  return empty(200);
}

function aclXml({ bucket }: BucketCall): string {
  const grantee = (type: string, inner: string): string =>
    `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">${inner}</Grantee>`;
  const owner = textElement('ID', bucket.tenant) + textElement('DisplayName', bucket.tenant);
  let grants = `<Grant>${grantee('CanonicalUser', owner)}<Permission>FULL_CONTROL</Permission></Grant>`;
  if (bucket.anonymousRead) {
    const all = '<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>';
    grants += `<Grant>${grantee('Group', all)}<Permission>READ</Permission></Grant>`;
  }
  return xmlDocument(
    'AccessControlPolicy',
    ownerXml(bucket.tenant),
    `<AccessControlList>${grants}</AccessControlList>`,
  );
}
