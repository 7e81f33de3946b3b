import { KiB, TiB } from '../../../model/units.ts';
import { CAUTIOUS, S3_LIMITS, type Preset } from './preset.ts';

export const obs: Preset = {
  ...CAUTIOUS,
  name: 'obs',
  title: 'Huawei Cloud OBS',
  facts: [
    {
      about: 'listVersion',
      reason: 'Parallel file systems know no version 2, and their marker fails with url encoding.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/HuaweiOBS.yaml',
    },
    {
      about: 'listEncoding',
      reason: 'As above; keys with control characters cannot be listed.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/HuaweiOBS.yaml',
    },
    { about: 'createOnly', reason: 'No create-only header was found in its documentation.', source: 'not verified' },
    { about: 'limits', reason: 'Parts from 100 KiB, objects up to 48.8 TB.', source: 'not verified' },
    {
      about: 'storageClasses',
      reason: 'S3 names of its standard, infrequent-access and archive classes.',
      source: 'not verified',
    },
  ],
  endpoint: 'https://obs.{region}.myhuaweicloud.com',
  hosts: ['.myhuaweicloud.com', '.myhuaweicloud.eu'],
  regionInHost: /(?:^|\.)obs\.([a-z0-9-]+)$/,
  region: 'cn-north-4',
  pathStyle: false,
  listVersion: 1,
  listEncoding: false,
  limits: { ...S3_LIMITS, minPart: 100 * KiB, maxObject: 48 * TiB },
  storageClasses: ['STANDARD', 'STANDARD_IA', 'GLACIER'],
  acl: true,
};
