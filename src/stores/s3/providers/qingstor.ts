import { MiB, GiB, TiB } from '../../../model/units.ts';
import { CAUTIOUS, S3_LIMITS, type Preset } from './preset.ts';

export const qingstor: Preset = {
  ...CAUTIOUS,
  name: 'qingstor',
  title: 'QingStor object storage',
  facts: [
    {
      about: 'endpoint',
      reason: 'The S3 interface of every zone is at s3.ZONE.qingstor.com, path or virtual-host style.',
      source: 'https://docsv4.qingcloud.com/user_guide/storage/object_storage/s3/intro/',
    },
    {
      about: 'listVersion',
      reason: 'Version 1 is the one all its releases have.',
      source: 'not verified',
    },
    { about: 'limits', reason: 'Parts of 4 MiB to 5 GiB.', source: 'not verified' },
    { about: 'maxKey', reason: '1023 bytes.', source: 'not verified' },
  ],
  endpoint: 'https://s3.{region}.qingstor.com',
  hosts: ['.qingstor.com', '.qsstor.com'],
  regionInHost: /(?:^|\.)s3\.([a-z0-9]+)$/,
  region: 'pek3a',
  pathStyle: true,
  listVersion: 1,
  limits: { ...S3_LIMITS, minPart: 4 * MiB, maxPart: 5 * GiB, maxObject: 48 * TiB },
  storageClasses: ['STANDARD', 'STANDARD_IA'],
  maxKey: 1023,
};
