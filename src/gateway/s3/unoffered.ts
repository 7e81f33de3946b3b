import { S3Error } from './error.ts';
import { isSubresource } from './operations/table.ts';
import type { S3Request } from './request.ts';

/**
 * Refuses what is asked for beside the operation and cannot be given: a client that asks for a version, encryption or a
 * lock relies on it, so to ignore it would be a wrong success. Throws `NotImplemented`.
 */
export function refuseUnoffered({ http: { headers }, method, query }: S3Request): void {
  const version = query.get('versionId');
  if (version !== undefined && version !== 'null') throw notOffered('Versions are not offered here');
  if (method === 'GET' || method === 'HEAD') {
    if (headers.get(CUSTOMER_KEY) !== undefined) throw notOffered(`${CUSTOMER_KEY} is not offered here`);
    return;
  }
  for (const [name] of headers.entries())
    if (name.startsWith('x-amz-') && UNOFFERED.some((start) => name.startsWith(start)))
      throw notOffered(`${name} is not offered here`);
  // What a parameter nobody knows would change, nobody knows either.
  for (const [name] of query.pairs)
    if (!isSubresource(name) && !KNOWN.test(name))
      throw notOffered(`The parameter ${JSON.stringify(name.slice(0, 60))} is not known here`);
}

const CUSTOMER_KEY = 'x-amz-server-side-encryption-customer-algorithm';

const UNOFFERED: readonly string[] = [
  'x-amz-bucket-object-lock-',
  'x-amz-copy-source-server-side-encryption-',
  'x-amz-grant-',
  'x-amz-if-match-',
  'x-amz-object-lock-',
  'x-amz-rename-source',
  'x-amz-server-side-encryption',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
];

/** `x-…` is for whoever reads logs (S3 user guide, "Amazon S3 server access log format"). */
const KNOWN = /^(?:[Xx]-.*|versionId|AWSAccessKeyId|Signature|Expires|content-type|content-md5|encoding-type)$/;

function notOffered(message: string): S3Error {
  return new S3Error('NotImplemented', { message });
}
