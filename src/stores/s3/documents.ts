/** The small XML documents of S3: what is in them, beyond their form. */
import { FerryError } from '../../model/errors.ts';
import type { Key } from '../../model/key.ts';
import type { ChecksumAlgorithm, Checksums, Tags } from '../../model/object.ts';
import type { Part, StoredPart, UploadInProgress } from '../../store/store.ts';
import { bareETag } from '../../wire/etag.ts';
import { parseIsoDate } from '../../wire/http-date.ts';
import { urlDecoded } from '../../wire/xml/listing.ts';
import { parseXml, type XmlElement } from '../../wire/xml/tree.ts';
import { completeMultipartXml, deleteXml, taggingXml } from '../../wire/xml/write.ts';
import { checksumHex } from './metadata.ts';
import { base64OfHex } from './payload.ts';

export function deleteDocument(fullKeys: readonly string[]): Buffer {
  return Buffer.from(deleteXml(fullKeys), 'utf8');
}

/** True where an XML 1.0 document can hold the key: many services cannot read a reference to another character. */
export function fitsXml(key: Key): boolean {
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0xfffe || code === 0xffff) {
      return false;
    }
  }
  return true;
}

export interface DeleteFailure {
  readonly fullKey: string;
  readonly code: string;
  readonly message: string;
}

export function parseDeleteResult(bytes: Uint8Array): readonly DeleteFailure[] {
  return document(bytes, 'DeleteResult')
    .all('Error')
    .map((error) => ({
      fullKey: error.get('Key') ?? '',
      code: error.get('Code') ?? '',
      message: error.get('Message') ?? '',
    }));
}

export function completeDocument(parts: readonly Part[]): Buffer {
  const listed = parts.map(({ number, etag, checksums }) => ({
    number,
    etag,
    checksums: checksums === undefined ? undefined : checksumElements(checksums),
  }));
  return Buffer.from(completeMultipartXml(listed), 'utf8');
}

/** `VersioningConfiguration`: a bucket whose versioning was suspended keeps the versions it has. */
export function parseVersioned(bytes: Uint8Array): boolean {
  const status = document(bytes, 'VersioningConfiguration').get('Status');
  return status === 'Enabled' || status === 'Suspended';
}

export interface WrittenResult {
  readonly etag: string | undefined;
  readonly checksums: Checksums | undefined;
}

/** `CompleteMultipartUploadResult`, `CopyObjectResult` or `CopyPartResult`. */
export function parseWritten(bytes: Uint8Array, root: string): WrittenResult {
  const result = document(bytes, root);
  const etag = result.get('ETag');
  return { etag: etag === undefined ? undefined : bareETag(etag), checksums: checksumsOf(result) };
}

export function parseUploadId(bytes: Uint8Array): string {
  return document(bytes, 'InitiateMultipartUploadResult').require('UploadId');
}

export interface ListedUpload extends UploadInProgress {
  readonly fullKey: string;
  /** The key as it stands; differs where it is taken for percent-encoded. */
  readonly rawKey: string;
}

/** `ListMultipartUploadsResult`. Ceph (16.2, measured) encodes keys where it is asked to and does not say so. */
export function parseUploads(
  bytes: Uint8Array,
  askedToEncode: boolean,
): {
  readonly uploads: readonly ListedUpload[];
  readonly truncated: boolean;
} {
  const result = document(bytes, 'ListMultipartUploadsResult');
  const encoded = askedToEncode || result.get('EncodingType') === 'url';
  const uploads = result.all('Upload').map((upload) => {
    const key = upload.require('Key');
    const begun = upload.get('Initiated');
    return {
      fullKey: encoded ? decodedIfItCan(key) : key,
      rawKey: key,
      uploadId: upload.require('UploadId'),
      begun: begun === undefined ? undefined : parseIsoDate(begun),
      by: upload.child('Initiator')?.get('ID') ?? upload.child('Owner')?.get('ID'),
    };
  });
  return { uploads, truncated: result.require('IsTruncated') === 'true' };
}

function decodedIfItCan(key: string): string {
  try {
    return urlDecoded(key);
  } catch {
    return key;
  }
}

/** `ListPartsResult`: whether it names a part. */
export function parseHasParts(bytes: Uint8Array): boolean {
  return document(bytes, 'ListPartsResult').child('Part') !== undefined;
}

/** `ListPartsResult`: the parts of one page. */
export function parseParts(bytes: Uint8Array): { readonly parts: readonly StoredPart[]; readonly truncated: boolean } {
  const result = document(bytes, 'ListPartsResult');
  const parts = result.all('Part').map((part) => {
    const modified = part.get('LastModified');
    return {
      number: Number(part.require('PartNumber')),
      etag: bareETag(part.require('ETag')) ?? '',
      size: Number(part.require('Size')),
      modified: modified === undefined ? undefined : parseIsoDate(modified),
    };
  });
  return { parts, truncated: result.get('IsTruncated') === 'true' };
}

export function taggingDocument(tags: Tags): Buffer {
  return Buffer.from(taggingXml(tags), 'utf8');
}

export function parseTagging(bytes: Uint8Array): Tags {
  const tags = document(bytes, 'Tagging').child('TagSet')?.all('Tag') ?? [];
  return Object.fromEntries(tags.map((tag) => [tag.require('Key'), tag.get('Value') ?? '']));
}

const CHECKSUM_ELEMENTS: readonly (readonly [ChecksumAlgorithm, string])[] = [
  ['crc32', 'ChecksumCRC32'],
  ['crc32c', 'ChecksumCRC32C'],
  ['crc64nvme', 'ChecksumCRC64NVME'],
  ['sha1', 'ChecksumSHA1'],
  ['sha256', 'ChecksumSHA256'],
];

function checksumElements(checksums: Checksums): readonly (readonly [string, string])[] {
  return CHECKSUM_ELEMENTS.flatMap(([algorithm, element]) => {
    const hex = checksums[algorithm];
    return hex === undefined ? [] : [[element, base64OfHex(hex)] as const];
  });
}

function checksumsOf(result: XmlElement): Checksums | undefined {
  if (result.get('ChecksumType') === 'COMPOSITE') return undefined;
  let checksums: { -readonly [A in ChecksumAlgorithm]?: string } | undefined;
  for (const [algorithm, element] of CHECKSUM_ELEMENTS) {
    const base64 = result.get(element);
    const hex = base64 === undefined ? undefined : checksumHex(base64);
    if (hex !== undefined) (checksums ??= {})[algorithm] = hex;
  }
  return checksums;
}

function document(bytes: Uint8Array, root: string): XmlElement {
  const found = parseXml(bytes);
  if (found.name === root) return found;
  throw new FerryError('bad-response', { message: `a ${found.name} in place of a ${root}` });
}
