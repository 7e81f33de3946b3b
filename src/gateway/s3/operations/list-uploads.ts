import type { ListedUpload, Multipart } from '../../../store/store.ts';
import type { HttpAnswer } from '../../../wire/http/server/server.ts';
import { isoDate } from '../../../wire/http-date.ts';
import { textElement, xmlDocument, xmlElement } from '../../../wire/xml/write.ts';
import { xml } from '../answer.ts';
import { initiatorXml, ownerXml, type BucketCall } from '../call.ts';
import { S3Error } from '../error.ts';
import { beyond, commonPrefix, isCommon } from '../listing.ts';
import { encodingOf } from './list.ts';

const MOST = 1000;

/** Uploads in progress by key and then id, those with a delimiter after the prefix as common prefixes. */
export async function listUploads(call: BucketCall): Promise<HttpAnswer> {
  const { request, bucket } = call;
  const { query } = request;
  const list = bucket.store.multipart?.list?.bind(bucket.store.multipart);
  if (list === undefined) throw new S3Error('NotImplemented', { message: 'The store behind lists no uploads' });
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') || undefined;
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const limit = Math.min(query.number('max-uploads', 1, 2 ** 31 - 1) ?? MOST, MOST);
  const wanted = { prefix, delimiter, limit, keyMarker, idMarker };
  const { shown, truncated } = await pageOf(list, wanted, request.http.signal());
  const encode = encodingOf(query);
  const elements = shown.map((each) =>
    'prefix' in each
      ? xmlElement('CommonPrefixes', textElement('Prefix', encode(each.prefix)))
      : uploadXml(each, encode, bucket.tenant),
  );
  const last = shown.at(-1);
  const next =
    !truncated || last === undefined
      ? ''
      : 'prefix' in last
        ? textElement('NextKeyMarker', encode(last.prefix))
        : textElement('NextKeyMarker', encode(last.key)) + textElement('NextUploadIdMarker', last.uploadId);
  return xml(
    xmlDocument(
      'ListMultipartUploadsResult',
      textElement('Bucket', bucket.name),
      textElement('KeyMarker', encode(keyMarker)),
      textElement('UploadIdMarker', idMarker),
      next,
      textElement('Prefix', encode(prefix)),
      delimiter === undefined ? '' : textElement('Delimiter', encode(delimiter)),
      query.has('encoding-type') ? textElement('EncodingType', 'url') : '',
      textElement('MaxUploads', limit),
      textElement('IsTruncated', truncated),
      ...elements,
    ),
  );
}

interface Wanted {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly limit: number;
  readonly keyMarker: string;
  readonly idMarker: string;
}

type Shown = ListedUpload | { readonly prefix: string };

async function pageOf(
  list: NonNullable<Multipart['list']>,
  { prefix, delimiter, limit, keyMarker, idMarker }: Wanted,
  signal: AbortSignal,
): Promise<{ readonly shown: readonly Shown[]; readonly truncated: boolean }> {
  const shown: Shown[] = [];
  let after: Parameters<typeof list>[1];
  if (isCommon(keyMarker, prefix, delimiter)) after = { key: beyond(keyMarker) };
  else if (keyMarker !== '') after = { key: keyMarker, uploadId: idMarker === '' ? undefined : idMarker };
  for (;;) {
    const asked = limit - shown.length + 1;
    const found = await list(prefix, after, asked, signal);
    let group: string | undefined;
    for (const upload of found) {
      if (group !== undefined && upload.key.startsWith(group)) continue;
      if (shown.length === limit) return { shown, truncated: true };
      group = delimiter === undefined ? undefined : commonPrefix(upload.key, prefix, delimiter);
      shown.push(group === undefined ? upload : { prefix: group });
    }
    const last = found.at(-1);
    if (found.length < asked || last === undefined) return { shown, truncated: false };
    after = group === undefined ? last : { key: beyond(group) };
  }
}

function uploadXml({ key, uploadId, begun }: ListedUpload, encode: (text: string) => string, owner: string): string {
  return xmlElement(
    'Upload',
    textElement('Key', encode(key)),
    textElement('UploadId', uploadId),
    initiatorXml(owner),
    ownerXml(owner),
    textElement('StorageClass', 'STANDARD'),
    textElement('Initiated', isoDate(begun ?? 0)),
  );
}
