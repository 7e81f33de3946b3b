import { CAUTIOUS, type Preset } from './preset.ts';

export const wasabi: Preset = {
  ...CAUTIOUS,
  name: 'wasabi',
  title: 'Wasabi',
  facts: [
    {
      about: 'pathStyle',
      reason: 'Wasabi recommends it: it works with every bucket name.',
      source: 'https://docs.wasabi.com/docs/rest-api-introduction',
    },
    { about: 'createOnly', reason: 'No conditional write was found in its documentation.', source: 'not verified' },
    { about: 'etag', reason: 'As on Amazon S3.', source: 'not verified' },
  ],
  endpoint: 'https://s3.{region}.wasabisys.com',
  hosts: ['.wasabisys.com'],
  regionInHost: /(?:^|\.)s3\.([a-z0-9-]+)$/,
  region: 'us-east-1',
  pathStyle: true,
  etag: 'md5',
  storageClasses: ['STANDARD'],
  tags: true,
  acl: true,
};
