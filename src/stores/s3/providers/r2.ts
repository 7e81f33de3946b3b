import { CAUTIOUS, IF_NONE_MATCH, S3_LIMITS, type Preset } from './preset.ts';

export const r2: Preset = {
  ...CAUTIOUS,
  name: 'r2',
  title: 'Cloudflare R2',
  facts: [
    {
      about: 'unicodeMetadata',
      reason: 'RFC 2047 words are decoded when stored and encoded when read.',
      source: 'https://developers.cloudflare.com/r2/api/s3/extensions/',
    },
    {
      about: 'region',
      reason: 'The one region is called auto.',
      source: 'https://developers.cloudflare.com/r2/api/s3/api/',
    },
    {
      about: 'limits',
      reason: 'All parts but the last must be of one size.',
      source: 'https://developers.cloudflare.com/r2/objects/multipart-objects/',
    },
    {
      about: 'etag',
      reason: 'Multipart ETags are made as on Amazon S3 since 2023-06-21; rclone still finds them random.',
      source: 'https://developers.cloudflare.com/r2/objects/multipart-objects/',
    },
    {
      about: 'createOnly',
      reason: 'If-None-Match and If-Match on PutObject and CompleteMultipartUpload.',
      source: 'https://developers.cloudflare.com/r2/api/s3/extensions/',
    },
    {
      about: 'tags',
      reason: 'Tagging and ACLs are not implemented.',
      source: 'https://developers.cloudflare.com/r2/api/s3/api/',
    },
  ],
  hosts: ['.r2.cloudflarestorage.com'],
  region: 'auto',
  unicodeMetadata: 'rfc2047',
  pathStyle: true,
  createOnly: IF_NONE_MATCH,
  completeCreateOnly: IF_NONE_MATCH,
  copyCreateOnly: { header: 'cf-copy-destination-if-none-match', value: '*' },
  writeIfMatch: 'quoted',
  limits: { ...S3_LIMITS, equalParts: true },
  storageClasses: ['STANDARD', 'STANDARD_IA'],
};
