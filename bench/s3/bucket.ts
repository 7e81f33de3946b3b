import { SortedMap } from '../../src/stores/memory/sorted-map.ts';
import type { Content } from './content.ts';
import { Seconds } from './seconds.ts';

const ISO = new Seconds((date) => date.toISOString());

export interface Entry {
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly modified: number;
  /** Header lines that travel with the object, each with its CRLF. */
  readonly headers: string;
  /** Absent where the object is only listed, or was stored with bytes no source has. */
  readonly content: Content | undefined;
}

export interface Upload {
  readonly key: string;
  readonly headers: string;
  readonly parts: Map<number, { readonly md5: string; readonly size: number; readonly equal: boolean }>;
}

/** Keys are ASCII, so that JavaScript's order is that of their bytes. */
export class BenchBucket {
  readonly entries = new SortedMap<Entry>();
  readonly uploads = new Map<string, Upload>();
  /** Bucket whose objects are expected here: what is written is compared with them and not kept. */
  readonly expected: BenchBucket | undefined;

  constructor(expected?: BenchBucket) {
    this.expected = expected;
  }

  /** One page of a listing as a document. */
  page(name: string, query: URLSearchParams): string {
    const v2 = query.get('list-type') === '2';
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter') ?? '';
    const limit = Math.min(1000, Number(query.get('max-keys') ?? 1000));
    const after = (v2 ? (query.get('continuation-token') ?? query.get('start-after')) : query.get('marker')) ?? '';
    let rows = '';
    let count = 0;
    let last = '';
    let truncated = false;
    let from: string | undefined = after > prefix ? after : prefix;
    while (from !== undefined) {
      const start: string = from;
      from = undefined;
      this.entries.scan(start, (key, entry) => {
        if (!key.startsWith(prefix)) return false;
        if (key === after) return true;
        const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
        const group = cut < 0 ? undefined : key.slice(0, cut + 1);
        // What is below a common prefix is passed over at once.
        if (group !== undefined) from = `${group}\u{10FFFF}`;
        if (group !== undefined && after.startsWith(group)) return false;
        if (count === limit) {
          truncated = true;
          from = undefined;
          return false;
        }
        count++;
        last = group ?? key;
        rows +=
          group === undefined ? contents(key, entry) : `<CommonPrefixes><Prefix>${group}</Prefix></CommonPrefixes>`;
        return group === undefined;
      });
    }
    const next = v2 ? 'NextContinuationToken' : 'NextMarker';
    return (
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `<Name>${name}</Name><Prefix>${prefix}</Prefix><MaxKeys>${limit}</MaxKeys><KeyCount>${count}</KeyCount>` +
      `<IsTruncated>${truncated}</IsTruncated>${truncated ? `<${next}>${last}</${next}>` : ''}${rows}</ListBucketResult>`
    );
  }
}

function contents(key: string, { etag, size, modified }: Entry): string {
  return (
    `<Contents><Key>${key}</Key><LastModified>${ISO.text(modified)}</LastModified><ETag>&quot;${etag}&quot;</ETag>` +
    `<Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`
  );
}
