import { CAUTIOUS, type Preset } from './preset.ts';

export const swift: Preset = {
  ...CAUTIOUS,
  name: 'swift-s3',
  title: 'OpenStack Swift through s3api',
  facts: [
    {
      about: 'signs',
      reason: 'Its request ids: tx, a random number and the time.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'unicodeMetadata',
      reason: 'Metadata in raw UTF-8 comes back encoded twice, so words in ASCII are written.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'createOnly',
      reason: 'A conditional PUT answers 501 NotImplemented.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'tags',
      reason: 'Tagging answers 501; reading tags gives an empty set.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'listEncoding',
      reason: 'Without encoding-type=url control characters in keys make the XML invalid.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'dirtyHead',
      reason: 'A HEAD that answers 404 or 405 is followed by the end of a chunked body.',
      source: 'measured: swift 2.30.1',
    },
    {
      about: 'metadataLimits',
      reason: 'Longer names and values, and more of them, answer 500 InternalError. These are the defaults of Swift.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'partHead',
      reason: 'HEAD with partNumber answers 405.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'storageClasses',
      reason: 'Any class but STANDARD answers InvalidStorageClass.',
      source: 'measured: s3api 2.30.1',
    },
    {
      about: 'removeMany',
      reason: 'DeleteObjects insists on Content-MD5, which is always sent.',
      source: 'measured: s3api 2.30.1',
    },
  ],
  signs: [{ header: 'x-openstack-request-id', value: /^tx[0-9a-f]{21}-[0-9a-f]{10}/ }],
  pathStyle: true,
  dirtyHead: true,
  unicodeMetadata: 'rfc2047',
  metadataLimits: { name: 128, value: 256, count: 90 },
  etag: 'md5',
  storageClasses: ['STANDARD'],
};
