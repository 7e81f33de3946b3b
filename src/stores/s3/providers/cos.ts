import { MiB, TiB } from '../../../model/units.ts';
import { CAUTIOUS, S3_LIMITS, type CreateOnly, type Preset } from './preset.ts';

const FORBID_OVERWRITE: CreateOnly = { header: 'x-cos-forbid-overwrite', value: 'true' };

export const cos: Preset = {
  ...CAUTIOUS,
  name: 'cos',
  title: 'Tencent Cloud COS',
  facts: [
    {
      about: 'pathStyle',
      reason: 'New buckets answer only under BUCKET-APPID.cos.REGION.myqcloud.com.',
      source: 'https://www.tencentcloud.com/document/product/436/32537',
    },
    {
      about: 'createOnly',
      reason: 'x-cos-forbid-overwrite answers 409 FileAlreadyExists, for unversioned buckets.',
      source: 'https://www.tencentcloud.com/document/product/436/7749',
    },
    {
      about: 'listVersion',
      reason: 'rclone lists by version 1 here.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/TencentCOS.yaml',
    },
    {
      about: 'etag',
      reason: 'The ETag of an upload in parts is not made as on Amazon S3.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/TencentCOS.yaml',
    },
    { about: 'limits', reason: 'Parts from 1 MiB, objects up to 48.82 TB.', source: 'not verified' },
    { about: 'maxKey', reason: '850 bytes.', source: 'not verified' },
  ],
  endpoint: 'https://cos.{region}.myqcloud.com',
  hosts: ['.myqcloud.com', '.tencentcos.cn'],
  regionInHost: /(?:^|\.)cos\.([a-z0-9-]+)$/,
  region: 'ap-guangzhou',
  pathStyle: false,
  listVersion: 1,
  createOnly: FORBID_OVERWRITE,
  completeCreateOnly: FORBID_OVERWRITE,
  etag: 'opaque',
  limits: { ...S3_LIMITS, minPart: MiB, maxObject: 48 * TiB },
  storageClasses: ['STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'ARCHIVE', 'DEEP_ARCHIVE'],
  tags: true,
  acl: true,
  maxKey: 850,
};
