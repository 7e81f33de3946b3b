import type { Bucket } from '../buckets.ts';
import { S3Error } from './error.ts';

const CANNED = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
];

/**
 * Whether a canned access list is what holds anyway: that the owner may do everything. Others promise access that only
 * the configuration gives, and are refused: `InvalidArgument`, `NotImplemented`.
 */
export function checkAcl(acl: string, { anonymousRead }: Pick<Bucket, 'anonymousRead'>): void {
  if (!CANNED.includes(acl)) throw new S3Error('InvalidArgument', { message: 'There is no such canned access list' });
  if (acl === 'private' || acl.startsWith('bucket-owner') || (acl === 'public-read' && anonymousRead)) return;
  throw new S3Error('NotImplemented', { message: 'Who may read a bucket is set in the configuration of the gateway' });
}
