import type { Bucket } from './buckets.ts';
import { S3Error, type S3Request } from './request.ts';
import { document, escapeXml } from './xml.ts';

/** ListObjects and ListObjectsV2, as S3 documents them: byte order, prefixes grouped by the delimiter, 1,000 a page. */
export function listing(bucket: Bucket, { query }: S3Request, v2: boolean): Buffer {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const limit = Math.min(1000, Number(query.get('max-keys') ?? 1000));
  const after = v2 ? (fromToken(query.get('continuation-token')) ?? query.get('start-after')) : query.get('marker');
  const name = query.get('encoding-type') === 'url' ? urlEncode : escapeXml;

  const rows: string[] = [];
  let last = '';
  let truncated = false;
  let group: string | undefined;
  for (let i = firstAfter(bucket.keys(), after ?? ''); i < bucket.keys().length; i++) {
    const key = bucket.keys()[i]!;
    if (!key.startsWith(prefix)) continue;
    if (group !== undefined && key.startsWith(group)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    // A page that ended with a group went on after all of it.
    if (common !== undefined && after !== undefined && (after === common || (!v2 && after.startsWith(common))))
      continue;
    if (rows.length === limit) {
      truncated = true;
      break;
    }
    group = common;
    last = common ?? key;
    rows.push(
      common === undefined
        ? contents(bucket, key, name)
        : `<CommonPrefixes><Prefix>${name(common)}</Prefix></CommonPrefixes>`,
    );
  }
  const head = `<Name>${bucket.name}</Name><Prefix>${name(prefix)}</Prefix><MaxKeys>${limit}</MaxKeys>`;
  const encoding = name === urlEncode ? '<EncodingType>url</EncodingType>' : '';
  const count = v2 ? `<KeyCount>${rows.length}</KeyCount>` : '';
  const next = truncated
    ? v2
      ? `<NextContinuationToken>${toToken(last)}</NextContinuationToken>`
      : `<NextMarker>${name(last)}</NextMarker>`
    : '';
  return document(
    'ListBucketResult',
    `${head}${encoding}${count}<IsTruncated>${truncated}</IsTruncated>${next}${rows.join('')}`,
  );
}

function contents(bucket: Bucket, key: string, name: (key: string) => string): string {
  const { etag, body, modified, headers } = bucket.get(key)!;
  return (
    `<Contents><Key>${name(key)}</Key><LastModified>${new Date(modified).toISOString()}</LastModified>` +
    `<ETag>&quot;${etag}&quot;</ETag><Size>${body.length}</Size>` +
    `<StorageClass>${headers['x-amz-storage-class'] ?? 'STANDARD'}</StorageClass></Contents>`
  );
}

/** Index of the first key greater than `after` in byte order. */
function firstAfter(keys: readonly string[], after: string): number {
  if (after === '') return 0;
  const wanted = Buffer.from(after);
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(Buffer.from(keys[middle]!), wanted) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As S3 does it: `/` stays, a space is `+`. */
export function urlEncode(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}

function toToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function fromToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const key = Buffer.from(token, 'base64url');
  if (key.length === 0) throw new S3Error(400, 'InvalidArgument');
  return key.toString();
}
