import { KiB } from '../../../model/units.ts';
import { CAUTIOUS, IF_NONE_MATCH, S3_LIMITS, type Preset } from './preset.ts';

export const ks3: Preset = {
  ...CAUTIOUS,
  name: 'ks3',
  title: 'Kingsoft Cloud KS3',
  facts: [
    {
      about: 'createOnly',
      reason:
        'If-None-Match: * (412) and If-Match on Put Object and Complete Multipart Upload; its own x-kss-forbid-overwrite is not to be mixed with them.',
      source: 'https://docs.ksyun.com/documents/45098?type=3',
    },
    {
      about: 'endpoint',
      reason: 'ks3-REGION.ksyuncs.com; bucket in the host name.',
      source: 'not verified',
    },
    { about: 'limits', reason: 'Parts from 100 KiB.', source: 'not verified' },
  ],
  endpoint: 'https://ks3-{region}.ksyuncs.com',
  hosts: ['.ksyuncs.com', '.ksyun.com'],
  regionInHost: /(?:^|\.)ks3-([a-z0-9-]+?)(?:-internal)?$/,
  region: 'cn-beijing',
  pathStyle: false,
  createOnly: IF_NONE_MATCH,
  completeCreateOnly: IF_NONE_MATCH,
  writeIfMatch: 'quoted',
  limits: { ...S3_LIMITS, minPart: 100 * KiB },
  storageClasses: ['STANDARD', 'STANDARD_IA', 'ARCHIVE'],
  acl: true,
};
