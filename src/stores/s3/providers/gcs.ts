import { TiB } from '../../../model/units.ts';
import { CAUTIOUS, S3_LIMITS, type CreateOnly, type Preset } from './preset.ts';

const GENERATION_ZERO: CreateOnly = { header: 'x-goog-if-generation-match', value: '0' };

export const gcs: Preset = {
  ...CAUTIOUS,
  name: 'gcs',
  title: 'Google Cloud Storage, XML interface',
  facts: [
    {
      about: 'createOnly',
      reason: 'x-goog-if-generation-match: 0; If-Match and If-None-Match are for reads only.',
      source: 'https://cloud.google.com/storage/docs/xml-api/reference-headers',
    },
    {
      about: 'acceptEncoding',
      reason:
        'Objects with Content-Encoding: gzip are unpacked on the way unless the client accepts gzip; the header is altered on the way, so it is never signed.',
      source: 'https://cloud.google.com/storage/docs/transcoding https://github.com/rclone/rclone/issues/6670',
    },
    {
      about: 'copyPart',
      reason: 'Server-side copies of parts are not offered.',
      source: 'https://issuetracker.google.com/issues/323465186',
    },
    {
      about: 'etag',
      reason: 'The MD5 of a whole write; composed and multipart objects have none.',
      source: 'not verified',
    },
    {
      about: 'removeMany',
      reason: 'Older than its DeleteObjects, which not every bucket is documented to have.',
      source: 'not verified',
    },
    {
      about: 'storageClasses',
      reason: 'Google names its classes differently.',
      source: 'https://cloud.google.com/storage/docs/storage-classes',
    },
  ],
  endpoint: 'https://storage.googleapis.com',
  hosts: ['storage.googleapis.com'],
  region: 'auto',
  pathStyle: true,
  createOnly: GENERATION_ZERO,
  copyCreateOnly: GENERATION_ZERO,
  etag: 'opaque',
  limits: { ...S3_LIMITS, maxWrite: 5 * TiB },
  storageClasses: ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'],
  acl: true,
  copyMax: 5 * TiB,
  copyPart: false,
  removeMany: false,
  acceptEncoding: 'gzip',
};
