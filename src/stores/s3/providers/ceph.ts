import { CAUTIOUS, IF_NONE_MATCH, type Preset } from './preset.ts';

export const ceph: Preset = {
  ...CAUTIOUS,
  name: 'ceph',
  title: 'Ceph RADOS Gateway',
  facts: [
    {
      about: 'signs',
      reason: 'Its request ids: tx, a count, the time, the instance and the zone.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'writeIfMatch',
      reason: 'The header is compared as it is: a quoted ETag never matches.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'completeCreateOnly',
      reason: 'CompleteMultipartUpload ignores If-None-Match; it came with ceph/ceph#64830 (2025).',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'noCopyPartOf',
      reason: 'UploadPartCopy of a key with % and no two hexadecimal digits behind it crashes the gateway.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'maxKey',
      reason: 'As on Amazon S3; longer keys are not sent, whatever the gateway would do with them.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'copyIfMatch',
      reason: 'x-amz-copy-source-if-match is ignored.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'multipartTags',
      reason: 'x-amz-tagging on CreateMultipartUpload is ignored; the tags are set when the upload is complete.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'copyTags',
      reason: 'CopyObject that replaces metadata ignores x-amz-tagging and drops the tags there were.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'checksums',
      reason: 'x-amz-checksum-* is accepted, neither verified nor returned.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'partHead',
      reason: 'Ceph 16 ignores partNumber and tells no parts; newer versions may, so one object is asked for.',
      source: 'measured: radosgw 16.2.15',
    },
    {
      about: 'storageClasses',
      reason: 'Classes are those of the zone group; any other answers InvalidArgument.',
      source: 'measured: radosgw 16.2.15',
    },
  ],
  signs: [{ header: 'x-amz-request-id', value: /^tx[0-9a-f]{21}-[0-9a-f]{10}-[0-9a-f]+-/ }],
  pathStyle: true,
  createOnly: IF_NONE_MATCH,
  writeIfMatch: 'bare',
  noCopyPartOf: '%',
  etag: 'md5',
  storageClasses: ['STANDARD'],
  partHead: true,
  tags: true,
  multipartTags: 'lost',
  copyTags: 'lost',
  acl: true,
};
