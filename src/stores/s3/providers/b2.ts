import { CAUTIOUS, S3_LIMITS, type Preset } from './preset.ts';

export const b2: Preset = {
  ...CAUTIOUS,
  name: 'b2',
  title: 'Backblaze B2',
  facts: [
    {
      about: 'endpoint',
      reason: 's3.REGION.backblazeb2.com, signature version 4 only; the master key cannot be used.',
      source: 'https://www.backblaze.com/docs/cloud-storage-s3-compatible-api',
    },
    {
      about: 'acl',
      reason: 'Object ACLs are those of the bucket; another value is refused.',
      source: 'https://www.backblaze.com/docs/cloud-storage-s3-compatible-api',
    },
    { about: 'createOnly', reason: 'No conditional write was found in its documentation.', source: 'not verified' },
    {
      about: 'tags',
      reason: 'Tagging is not among the calls it lists.',
      source: 'https://www.backblaze.com/docs/cloud-storage-s3-compatible-api',
    },
    { about: 'limits', reason: 'Objects up to 10 TB.', source: 'not verified' },
  ],
  endpoint: 'https://s3.{region}.backblazeb2.com',
  hosts: ['.backblazeb2.com'],
  regionInHost: /(?:^|\.)s3\.([a-z0-9-]+)$/,
  region: 'us-west-004',
  etag: 'md5',
  limits: { ...S3_LIMITS, maxObject: 10e12 },
  storageClasses: ['STANDARD'],
};
