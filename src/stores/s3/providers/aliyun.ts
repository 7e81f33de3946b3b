import { KiB } from '../../../model/units.ts';
import { CAUTIOUS, S3_LIMITS, type CreateOnly, type Preset } from './preset.ts';

const FORBID_OVERWRITE: CreateOnly = { header: 'x-oss-forbid-overwrite', value: 'true' };

export const aliyun: Preset = {
  ...CAUTIOUS,
  name: 'aliyun',
  title: 'Alibaba Cloud OSS',
  facts: [
    {
      about: 'pathStyle',
      reason: 'Path-style requests are denied.',
      source: 'https://www.alibabacloud.com/help/en/oss/developer-reference/compatibility-with-amazon-s3',
    },
    {
      about: 'endpoint',
      reason: 'The S3 endpoint is s3.oss-REGION; the native one (oss-REGION) is mapped to it.',
      source: 'https://www.alibabacloud.com/help/en/oss/developer-reference/use-amazon-s3-sdks-to-access-oss',
    },
    {
      about: 'createOnly',
      reason:
        'If-None-Match and If-Match on PutObject answer 501; x-oss-forbid-overwrite refuses, but is ignored where versioning is or was on.',
      source:
        'https://www.alibabacloud.com/help/en/oss/developer-reference/prevent-objects-from-being-overwritten-by-objects-that-have-the-same-names-2',
    },
    {
      about: 'etag',
      reason: 'The ETag of an upload in parts is not made as on Amazon S3.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/Alibaba.yaml',
    },
    {
      about: 'tags',
      reason: 'Tagging is not among the S3 operations OSS lists.',
      source: 'https://www.alibabacloud.com/help/en/oss/developer-reference/compatibility-with-amazon-s3',
    },
    {
      about: 'limits',
      reason: 'Parts from 100 KiB.',
      source: 'https://www.alibabacloud.com/help/en/oss/user-guide/limits',
    },
    { about: 'maxKey', reason: '1023 bytes, not beginning with / or \\.', source: 'not verified' },
  ],
  endpoint: 'https://s3.oss-{region}.aliyuncs.com',
  hosts: ['.aliyuncs.com'],
  regionInHost: /(?:^|\.)oss-([a-z0-9-]+?)(?:-internal)?$/,
  region: 'cn-hangzhou',
  pathStyle: false,
  createOnly: FORBID_OVERWRITE,
  completeCreateOnly: FORBID_OVERWRITE,
  copyCreateOnly: FORBID_OVERWRITE,
  etag: 'opaque',
  limits: { ...S3_LIMITS, minPart: 100 * KiB },
  storageClasses: ['STANDARD', 'STANDARD_IA', 'GLACIER'],
  acl: true,
  maxKey: 1023,
  refusesLeading: '/\\',
};
