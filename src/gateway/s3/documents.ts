import { KiB, MiB } from '../../model/units.ts';
import { parseXml, type XmlElement } from '../../wire/xml/tree.ts';
import type { Tags } from '../../model/object.ts';
import type { Body } from '../../model/body.ts';
import type { Call } from './call.ts';
import { S3Error } from './error.ts';
import { checkTags } from './metadata.ts';
import { readPayload, storing } from './payload.ts';

/** Largest document a client sends, bytes: 10,000 parts, or 1,000 keys of 1 KiB escaped. */
const LARGEST = 8 * MiB;

/**
 * The document a client sends, or undefined where the body is empty. Throws `MalformedXML`, and what `readPayload` does
 * where the body is not what was signed or announced.
 */
export async function readDocument(call: Call, root: string): Promise<XmlElement | undefined> {
  const payload = await readPayload(call.request, call.identity);
  if (payload.size > LARGEST)
    throw new S3Error('MalformedXML', { message: `The document is larger than ${LARGEST / KiB} KiB` });
  const bytes = await storing(payload, whole(payload.body));
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

export async function requireDocument(call: Call, root: string): Promise<XmlElement> {
  const document = await readDocument(call, root);
  if (document === undefined) throw new S3Error('MalformedXML', { message: `A ${root} was expected` });
  return document;
}

async function whole(body: Body): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body.open()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
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
