import { FerryError } from '../../model/errors.ts';
import { XmlReader, type Leaf } from './reader.ts';
import { readErrorBody } from './error-document.ts';

/** One page of ListObjects, version 1 or 2. */
export interface Listing {
  readonly isTruncated: boolean;
  /** Version 2. */
  readonly nextContinuationToken: string | undefined;
  /** Version 1; AWS sends it only with a delimiter, others always. */
  readonly nextMarker: string | undefined;
  readonly keyCount: number | undefined;
  /** `url` where keys came percent-encoded; they are decoded here. */
  readonly encodingType: string | undefined;
  readonly contents: readonly ListedObject[];
  readonly commonPrefixes: readonly string[];
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number | undefined;
  /** Without quotes or `W/`. */
  readonly etag: string | undefined;
  readonly storageClass: string | undefined;
}

/**
 * Reads a ListBucketResult. A listing that was cut off, or does not say whether it is complete, or holds an object
 * without key or size, is `bad-response`: never a shorter list. So is an error document; `parseErrorDocument` reads it.
 *
 * 1,000 objects take 0.9 ms (measured).
 */
export function parseListing(bytes: Uint8Array): Listing {
  const reader = new XmlReader(bytes);
  const root = reader.root();
  if (root === 'Error') {
    const error = readErrorBody(reader);
    throw new FerryError('bad-response', { message: `An error in place of a listing: ${error.code} ${error.message}` });
  }
  if (!root.startsWith('ListBucketResult'))
    throw bad(`${/^html$/i.test(root) ? 'a web page' : `a document <${root}>`} in place of a listing`);

  const contents: Draft[] = [];
  const commonPrefixes: string[] = [];
  let isTruncated: boolean | undefined;
  let nextContinuationToken: string | undefined;
  let nextMarker: string | undefined;
  let keyCount: number | undefined;
  let encodingType: string | undefined;
  for (let name = reader.child(); name !== undefined; name = reader.child()) {
    switch (name) {
      case 'Contents':
        contents.push(readObject(reader));
        break;
      case 'CommonPrefixes':
        readPrefixes(reader, commonPrefixes);
        break;
      case 'IsTruncated':
        isTruncated = reader.boolean();
        break;
      case 'NextContinuationToken':
        nextContinuationToken = reader.text();
        break;
      case 'NextMarker':
        nextMarker = reader.text();
        break;
      case 'KeyCount':
        keyCount = reader.integer();
        break;
      case 'EncodingType':
        encodingType = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  reader.end();
  if (isTruncated === undefined) throw bad('it does not say whether it is complete');
  if (encodingType === 'url') {
    for (const object of contents) object.key = urlDecoded(object.key);
    for (let i = 0; i < commonPrefixes.length; i++) commonPrefixes[i] = urlDecoded(commonPrefixes[i]!);
    if (nextMarker !== undefined) nextMarker = markerDecoded(nextMarker);
  }
  return { isTruncated, nextContinuationToken, nextMarker, keyCount, encodingType, contents, commonPrefixes };
}

const KEY = leaf('Key');
const MODIFIED = leaf('LastModified');
const ETAG = leaf('ETag', '&quot;');
const PLAIN_ETAG = leaf('ETag', '"');
const SIZE = leaf('Size');
const CLASS = leaf('StorageClass');

function readObject(reader: XmlReader): Draft {
  const object: Draft = { key: '', size: -1, modified: undefined, etag: undefined, storageClass: undefined };
  // As nearly all services write it; what is otherwise, or more, is read below.
  if (reader.leaf(KEY)) object.key = reader.leafText();
  if (reader.leaf(MODIFIED)) object.modified = reader.leafDate();
  if (reader.leaf(ETAG) || reader.leaf(PLAIN_ETAG)) object.etag = reader.leafText() || undefined;
  if (reader.leaf(SIZE)) object.size = reader.leafInteger();
  if (reader.leaf(CLASS)) object.storageClass = reader.leafText();
  for (let name = reader.child(); name !== undefined; name = reader.child()) {
    switch (name) {
      case 'Key':
        object.key = reader.text();
        break;
      case 'LastModified':
        object.modified = reader.date();
        break;
      case 'ETag':
        object.etag = reader.etag();
        break;
      case 'Size':
        object.size = reader.integer();
        break;
      case 'StorageClass':
        object.storageClass = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  if (object.key === '' || object.size < 0) throw bad('an object without key or size');
  return object;
}

function leaf(name: string, quote = ''): Leaf {
  return { opening: `<${name}>${quote}`, closing: `${quote}</${name}>` };
}

function readPrefixes(reader: XmlReader, prefixes: string[]): void {
  for (let name = reader.child(); name !== undefined; name = reader.child()) {
    if (name === 'Prefix') prefixes.push(reader.text());
    else reader.skip();
  }
}

/** Decodes `encoding-type=url`: percent-encoded UTF-8 with `+` for a blank, as AWS and MinIO send. */
export function urlDecoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (error) {
    throw new FerryError('bad-response', { message: 'A key in a listing is wrongly percent-encoded', cause: error });
  }
}

/** Ceph (16.2, measured) leaves NextMarker as it is where it encodes the keys. */
function markerDecoded(text: string): string {
  try {
    return urlDecoded(text);
  } catch {
    return text;
  }
}

function bad(what: string): FerryError {
  return new FerryError('bad-response', { message: `The listing cannot be used: ${what}` });
}

type Draft = { -readonly [Field in keyof ListedObject]: ListedObject[Field] };
