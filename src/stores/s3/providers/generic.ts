import { CAUTIOUS, IF_NONE_MATCH, type Preset } from './preset.ts';

/** Any endpoint no other preset knows. */
export const generic: Preset = {
  ...CAUTIOUS,
  name: 's3',
  title: 'any S3-compatible service',
  facts: [
    {
      about: 'createOnly',
      reason: 'Sent because many services honour it; the engine probes whether this one does.',
      source: 'not verified',
    },
    {
      about: 'etag',
      reason:
        'Whether ETags are MD5s is measured: at a destination on a scratch key, at a source on a few small objects.',
      source: 'not verified',
    },
    {
      about: 'partHead',
      reason: 'Asked of one object; a service that tells nothing is not asked again.',
      source: 'not verified',
    },
  ],
  createOnly: IF_NONE_MATCH,
  writeIfMatch: 'quoted',
  completeCreateOnly: undefined,
  storageClasses: ['STANDARD'],
  partHead: true,
  tags: true,
  acl: true,
};
