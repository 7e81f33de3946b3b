import { GiB, MiB } from '../../../model/units.ts';
import { CAUTIOUS, S3_LIMITS, type Preset } from './preset.ts';

const PART = 8 * MiB;

export const us3: Preset = {
  ...CAUTIOUS,
  name: 'us3',
  title: 'UCloud US3',
  facts: [
    {
      about: 'endpoint',
      reason: 'The S3 interface is at s3-REGION.ufileos.com, signature version 4 only.',
      source: 'https://ucloud-global.com/en/docs/ufile/devguide/s3/s3_introduction',
    },
    {
      about: 'listVersion',
      reason: 'rclone lists by version 1 here.',
      source: 'https://github.com/rclone/rclone/blob/master/backend/s3/provider/us3.yaml',
    },
    {
      about: 'limits',
      reason:
        'A single write takes 512 MB. Parts are held at 8 MiB, the size its guides set for S3 tools; a larger one may be refused.',
      source: 'https://ucloud-global.com/en/docs/ufile/devguide/file/put (512 MB); part size not verified',
    },
    {
      about: 'maxKey',
      reason: '1023 bytes, not beginning with / or \\.',
      source: 'https://ucloud-global.com/en/docs/ufile/devguide/file/put',
    },
    {
      about: 'acl',
      reason: 'Every ACL reads FULL_CONTROL.',
      source: 'https://ucloud-global.com/en/docs/ufile/devguide/s3/s3_introduction',
    },
  ],
  endpoint: 'https://s3-{region}.ufileos.com',
  hosts: ['.ufileos.com'],
  regionInHost: /(?:^|\.)s3-([a-z0-9-]+)$/,
  region: 'cn-bj',
  listVersion: 1,
  verifiesMd5: false,
  limits: {
    ...S3_LIMITS,
    maxWrite: GiB / 2,
    minPart: PART,
    maxPart: PART,
    maxObject: PART * S3_LIMITS.maxParts,
    equalParts: true,
  },
  storageClasses: ['STANDARD', 'STANDARD_IA', 'ARCHIVE'],
  copyMax: undefined,
  maxKey: 1023,
  refusesLeading: '/\\',
};
