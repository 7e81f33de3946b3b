import { TiB } from '../../../model/units.ts';
import { CAUTIOUS, IF_NONE_MATCH, S3_LIMITS, type Preset } from './preset.ts';

export const minio: Preset = {
  ...CAUTIOUS,
  name: 'minio',
  title: 'MinIO',
  facts: [
    {
      about: 'signs',
      reason: 'It names itself in the Server header.',
      source: 'https://github.com/minio/minio/blob/master/cmd/api-headers.go',
    },
    {
      about: 'createOnly',
      reason: 'If-None-Match since 2023; If-Match on a key that is not there used to succeed, fixed in 2025-08.',
      source: 'https://github.com/minio/minio/pull/16551 https://github.com/minio/minio/issues/21526',
    },
    {
      about: 'checksums',
      reason: 'CRC64NVME only since 2025, so it is left out.',
      source: 'not verified',
    },
    {
      about: 'partHead',
      reason: 'HEAD with partNumber answers as on Amazon S3.',
      source: 'not verified',
    },
    {
      about: 'tags',
      reason: 'At most 10, as on Amazon S3.',
      source: 'not verified',
    },
  ],
  signs: [{ header: 'server', value: /^MinIO/ }],
  pathStyle: true,
  createOnly: IF_NONE_MATCH,
  completeCreateOnly: IF_NONE_MATCH,
  writeIfMatch: 'quoted',
  etag: 'md5',
  checksums: ['crc32', 'crc32c', 'sha1', 'sha256'],
  limits: { ...S3_LIMITS, maxObject: 5 * TiB },
  storageClasses: ['STANDARD', 'REDUCED_REDUNDANCY'],
  tags: true,
  partHead: true,
  copyIfMatch: true,
};
