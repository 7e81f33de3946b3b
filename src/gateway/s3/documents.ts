import { KiB, MiB } from '../../model/units.ts';
import { parseXml, type XmlElement } from '../../wire/xml/tree.ts';
import type { Tags } from '../../model/object.ts';
import { base64ToHex } from '../../wire/checksum/encoding.ts';
import { hash } from 'node:crypto';
import { checkTags } from './metadata.ts';
import { S3Error } from './error.ts';
import type { S3Request } from './request.ts';

/** Largest document a client sends, bytes: 10,000 parts, or 1,000 keys of 1 KiB escaped. */
const LARGEST = 8 * MiB;

/** The document a client sends, or undefined where the body is empty. Throws `MalformedXML`, `BadDigest`. */
export async function readDocument(request: S3Request, root: string): Promise<XmlElement | undefined> {
  const { body, headers } = request.http;
  const bytes = await body.bytes(LARGEST).catch((error: unknown) => {
    throw new S3Error('MalformedXML', {
      message: `The document cannot be read, or is larger than ${LARGEST / KiB} KiB`,
      cause: error,
    });
  });
  const md5 = headers.get('content-md5');
  if (md5 !== undefined && base64ToHex(md5, 'md5') !== hash('md5', bytes, 'hex')) throw new S3Error('BadDigest');
  if (bytes.length === 0) return undefined;
  let document: XmlElement;
  try {
    document = parseXml(bytes, { maxBytes: LARGEST, maxDepth: 8 });
  } catch (error) {
    throw new S3Error('MalformedXML', { cause: error });
  }
  if (document.name !== root) throw new S3Error('MalformedXML', { message: `A ${root} was expected` });
  return document;
}

export async function requireDocument(request: S3Request, root: string): Promise<XmlElement> {
  const document = await readDocument(request, root);
  if (document === undefined) throw new S3Error('MalformedXML', { message: `A ${root} was expected` });
  return document;
}

export function readTags(document: XmlElement): Tags {
  const pairs: [string, string][] = [];
  for (const tag of document.child('TagSet')?.all('Tag') ?? []) {
    const name = tag.get('Key');
    if (name === undefined || pairs.some(([other]) => other === name)) throw new S3Error('InvalidTag');
    pairs.push([name, tag.get('Value') ?? '']);
  }
  const tags = Object.fromEntries(pairs);
  checkTags(tags);
  return tags;
}
