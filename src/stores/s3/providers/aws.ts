import { TiB } from '../../../model/units.ts';
import { CAUTIOUS, IF_NONE_MATCH, S3_LIMITS, type Preset } from './preset.ts';

export const aws: Preset = {
  ...CAUTIOUS,
  name: 'aws',
  title: 'Amazon S3',
  facts: [
    {
      about: 'signs',
      reason: 'It names itself in the Server header.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html',
    },
    {
      about: 'unicodeMetadata',
      reason: 'User metadata that is not ASCII is answered as RFC 2047 words.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html',
    },
    {
      about: 'createOnly',
      reason:
        'If-None-Match: * on PutObject and CompleteMultipartUpload since 2024-08, If-Match since 2024-11, on CopyObject since 2025-10.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html',
    },
    {
      about: 'checksums',
      reason: 'Additional checksums are verified on upload and returned where asked for.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html',
    },
    {
      about: 'etag',
      reason:
        'MD5 of the bytes, except with SSE-KMS and SSE-C, which answers tell and listings do not; `etag: opaque` for buckets full of them spares comparing those twice.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html',
    },
    {
      about: 'multipartTags',
      reason: 'CreateMultipartUpload takes x-amz-tagging.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html',
    },
    {
      about: 'copyTags',
      reason: 'CopyObject takes x-amz-tagging with x-amz-tagging-directive: REPLACE.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html',
    },
    {
      about: 'partHead',
      reason:
        'HEAD with partNumber=1 tells the size of the first part and, in x-amz-mp-parts-count, how many there are.',
      source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html',
    },
    {
      about: 'limits',
      reason: 'Objects up to 50 TB since 2025-12; parts and their number are as before.',
      source: 'not verified',
    },
  ],
  signs: [{ header: 'server', value: /^AmazonS3$/ }],
  endpoint: 'https://s3.{region}.amazonaws.com',
  endpointSuffix: (region) => (region.startsWith('cn-') ? '.cn' : ''),
  hosts: ['.amazonaws.com', '.amazonaws.com.cn'],
  regionInHost: /(?:^|\.)s3[.-](?:dualstack\.|fips\.)?([a-z]{2}(?:-[a-z]+)+-\d)$/,
  unicodeMetadata: 'rfc2047',
  regionOfTools: true,
  createOnly: IF_NONE_MATCH,
  completeCreateOnly: IF_NONE_MATCH,
  copyCreateOnly: IF_NONE_MATCH,
  writeIfMatch: 'quoted',
  completeIfMatch: true,
  etag: 'md5',
  checksums: ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'],
  limits: { ...S3_LIMITS, maxObject: 45 * TiB },
  storageClasses: [
    'STANDARD',
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER_IR',
    'GLACIER',
    'DEEP_ARCHIVE',
    'REDUCED_REDUNDANCY',
  ],
  tags: true,
  multipartTags: 'kept',
  copyTags: 'kept',
  acl: true,
  copyIfMatch: true,
  partHead: true,
};
