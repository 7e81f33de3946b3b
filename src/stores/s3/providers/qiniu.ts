import { CAUTIOUS, type Preset } from './preset.ts';

export const qiniu: Preset = {
  ...CAUTIOUS,
  name: 'qiniu',
  title: 'Qiniu Kodo',
  facts: [
    {
      about: 'endpoint',
      reason: 'The S3 interface is at s3.REGION.qiniucs.com; the bucket name there can differ from the native one.',
      source: 'https://developer.qiniu.com/kodo/4088/s3-access-domainname',
    },
    {
      about: 'listEncoding',
      reason: 'rclone asks for no encoding here; keys with control characters cannot be listed.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/Qiniu.yaml',
    },
    {
      about: 'etag',
      reason: 'Natively the ETag is its own hash; that of an upload in parts is not made as on Amazon S3.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/Qiniu.yaml',
    },
    {
      about: 'storageClasses',
      reason: 'LINE is its infrequent-access class.',
      source: 'https://developer.qiniu.com/kodo/4088/s3-access-domainname',
    },
    { about: 'maxKey', reason: '750 bytes.', source: 'not verified' },
  ],
  endpoint: 'https://s3.{region}.qiniucs.com',
  hosts: ['.qiniucs.com'],
  regionInHost: /(?:^|\.)s3[.-]([a-z0-9-]+)$/,
  region: 'cn-east-1',
  pathStyle: true,
  listEncoding: false,
  etag: 'opaque',
  storageClasses: ['STANDARD', 'LINE', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
  maxKey: 750,
};
