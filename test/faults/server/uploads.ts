import type { Bucket, Upload } from './buckets.ts';
import { urlEncode } from './listing.ts';
import type { S3Request } from './request.ts';
import { document, escapeXml } from './xml.ts';

/** ListMultipartUploads, as S3 documents it: by key, then by the id, 1,000 a page. */
export function uploadListing(bucket: Bucket, { query }: S3Request): Buffer {
  const prefix = query.get('prefix') ?? '';
  const limit = Math.min(1000, Number(query.get('max-uploads') ?? 1000));
  const encoded = query.get('encoding-type') === 'url';
  const name = encoded ? urlEncode : escapeXml;
  const all = [...bucket.uploads].filter(([, { key }]) => key.startsWith(prefix)).sort(byKeyAndId);
  const marker = query.get('key-marker');
  const from = [query.get('upload-id-marker') ?? '\u{10ffff}', { key: marker ?? '' }] as const;
  const behind = marker === undefined ? all : all.filter((upload) => byKeyAndId(upload, from) > 0);
  const page = behind.slice(0, limit);
  const rows = page.map(([id, { key, begun, by }]) => {
    const initiator = `<Initiator><ID>${by}</ID><DisplayName>${by}</DisplayName></Initiator>`;
    const when = `<Initiated>${new Date(begun).toISOString()}</Initiated>`;
    return `<Upload><Key>${name(key)}</Key><UploadId>${id}</UploadId>${initiator}${when}</Upload>`;
  });
  const [lastId, last] = page.at(-1) ?? [];
  const truncated = page.length < behind.length;
  const next =
    truncated && last
      ? `<NextKeyMarker>${name(last.key)}</NextKeyMarker><NextUploadIdMarker>${lastId}</NextUploadIdMarker>`
      : '';
  const encoding = encoded ? '<EncodingType>url</EncodingType>' : '';
  return document(
    'ListMultipartUploadsResult',
    `${encoding}<IsTruncated>${truncated}</IsTruncated>${next}${rows.join('')}`,
  );
}

type Listed = readonly [string, Pick<Upload, 'key'>];

function byKeyAndId([idA, { key: a }]: Listed, [idB, { key: b }]: Listed): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) || (idA < idB ? -1 : idA > idB ? 1 : 0);
}
