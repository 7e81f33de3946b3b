import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { uriEncode } from '../../../wire/sigv4/encode.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import { quoted, xml } from '../answer.ts';
import { ownerXml, type BucketCall } from '../call.ts';
import { S3Error } from '../error.ts';
import { listing, type Listed, type Listing } from '../listing.ts';
import type { Query } from '../request.ts';
import { fromToken, toToken } from '../token.ts';

const MOST = 1000;

interface Page {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly limit: number;
  /** Whether keys are percent-encoded. */
  readonly encode: (text: string) => string;
  /** Elements both versions have. */
  readonly common: string;
  readonly result: Listing;
}

export async function listObjects(call: BucketCall): Promise<HttpAnswer> {
  const { query } = call.request;
  const marker = query.get('marker') ?? '';
  const { result, encode, delimiter, common } = await pageOf(call, marker);
  const last = result.entries.at(-1);
  let document = common + textElement('Marker', encode(marker)) + textElement('IsTruncated', result.truncated);
  if (result.truncated && delimiter !== undefined && last !== undefined)
    document += textElement('NextMarker', encode(nameOf(last)));
  return xml(xmlDocument('ListBucketResult', document, entriesXml(result.entries, encode, call.bucket.tenant)));
}

export async function listObjectsV2(call: BucketCall): Promise<HttpAnswer> {
  const { query } = call.request;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const { result, encode, common } = await pageOf(call, token === undefined ? (startAfter ?? '') : fromToken(token));
  let document = common + textElement('KeyCount', result.entries.length) + textElement('IsTruncated', result.truncated);
  if (startAfter !== undefined) document += textElement('StartAfter', encode(startAfter));
  if (token !== undefined) document += textElement('ContinuationToken', token);
  const last = result.entries.at(-1);
  if (result.truncated && last !== undefined) document += textElement('NextContinuationToken', toToken(nameOf(last)));
  const owner = query.get('fetch-owner') === 'true' ? call.bucket.tenant : undefined;
  return xml(xmlDocument('ListBucketResult', document, entriesXml(result.entries, encode, owner)));
}

async function pageOf(call: BucketCall, after: string): Promise<Page> {
  const { query, http } = call.request;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  const limit = Math.min(query.number('max-keys', 0, 2 ** 31 - 1) ?? MOST, MOST);
  const encode = encodingOf(query);
  const request = { prefix, delimiter, after: after === '' ? undefined : after, limit };
  const result = limit === 0 ? NOTHING : await listing(call.bucket.store, request, http.signal());
  let common =
    textElement('Name', call.bucket.name) + textElement('Prefix', encode(prefix)) + textElement('MaxKeys', limit);
  if (delimiter !== undefined) common += textElement('Delimiter', encode(delimiter));
  if (query.has('encoding-type')) common += textElement('EncodingType', 'url');
  return { prefix, delimiter, limit, encode, common, result };
}

const NOTHING: Listing = { entries: [], truncated: false };

export function encodingOf(query: Query): (text: string) => string {
  const type = query.get('encoding-type');
  if (type === undefined) return (text) => text;
  if (type !== 'url') throw new S3Error('InvalidArgument', { message: 'encoding-type is url or nothing' });
  return (text) => uriEncode(text, true);
}

function entriesXml(entries: readonly Listed[], encode: (text: string) => string, owner: string | undefined): string {
  const ownerElement = owner === undefined ? '' : ownerXml(owner);
  let objects = '';
  let prefixes = '';
  for (const entry of entries) {
    if ('prefix' in entry) {
      prefixes += xmlElement('CommonPrefixes', textElement('Prefix', encode(entry.prefix)));
      continue;
    }
    const { key, size, modified, etag, storageClass } = entry.object;
    objects +=
      `<Contents>${textElement('Key', encode(key))}` +
      `<LastModified>${isoDate(modified ?? 0)}</LastModified>` +
      (etag === undefined ? '' : textElement('ETag', quoted(etag))) +
      `<Size>${size ?? 0}</Size>${ownerElement}${textElement('StorageClass', storageClass ?? 'STANDARD')}</Contents>`;
  }
  return objects + prefixes;
}

function nameOf(entry: Listed): string {
  return 'prefix' in entry ? entry.prefix : entry.object.key;
}
