import { FerryError } from '../../model/errors.ts';
import type { Tags } from '../../model/object.ts';

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
/** The namespace of everything S3 says and hears. */
export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** An element around text, which is escaped. `name` is ours and goes in as it is. */
export function textElement(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** An element around elements already written. */
export function xmlElement(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** A whole document around elements already written, in the namespace of S3. */
export function xmlDocument(root: string, ...children: readonly string[]): string {
  return `${XML_DECLARATION}<${root} xmlns="${S3_NAMESPACE}">${children.join('')}</${root}>`;
}

// eslint-disable-next-line no-control-regex
const SPECIAL = /[\u0000-\u001f<>&"'\u007f-\u009f\ufffe\uffff]/;
// eslint-disable-next-line no-control-regex
const ALL_SPECIAL = /[\u0000-\u001f<>&"'\u007f-\u009f\ufffe\uffff]/g;

/**
 * Text for an element or attribute. Control characters go as numeric references, those XML 1.0 does not allow as well:
 * S3 asks for it ("XML related object key constraints"), and a bare CR would arrive as LF. Rejects with `bad-key` what has
 * no UTF-8 form.
 */
export function escapeXml(text: string): string {
  if (!text.isWellFormed())
    throw new FerryError('bad-key', { key: text, message: 'The text holds half a surrogate pair' });
  return SPECIAL.test(text) ? text.replace(ALL_SPECIAL, escapeCharacter) : text;
}

/** Body of CompleteMultipartUpload. Parts in order of number, ETags without quotes. */
export function completeMultipartXml(
  parts: readonly {
    readonly number: number;
    readonly etag: string;
    /** Elements such as `ChecksumCRC32C` with their base64 values. */
    readonly checksums?: readonly (readonly [element: string, base64: string])[] | undefined;
  }[],
): string {
  let body = '';
  for (const { number, etag, checksums } of parts) {
    const more = checksums?.map(([name, value]) => textElement(name, value)).join('') ?? '';
    body += `<Part><PartNumber>${number}</PartNumber>${textElement('ETag', `"${etag}"`)}${more}</Part>`;
  }
  return xmlDocument('CompleteMultipartUpload', body);
}

/** Body of DeleteObjects. `Quiet`: the answer names only what failed. */
export function deleteXml(keys: readonly string[]): string {
  let body = '<Quiet>true</Quiet>';
  for (const key of keys) body += `<Object>${textElement('Key', key)}</Object>`;
  return xmlDocument('Delete', body);
}

/** Body of PutObjectTagging. */
export function taggingXml(tags: Tags): string {
  let set = '';
  for (const [name, value] of Object.entries(tags))
    set += `<Tag>${textElement('Key', name)}${textElement('Value', value)}</Tag>`;
  return xmlDocument('Tagging', xmlElement('TagSet', set));
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '&':
      return '&amp;';
    case '"':
      return '&quot;';
    case "'":
      return '&apos;';
    default:
      return `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  }
}
