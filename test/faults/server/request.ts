/** S3 requests as the fault server sees them, and which operation each one is. */
import type { IncomingHttpHeaders } from 'node:http';

export interface S3Request {
  readonly method: string;
  /** As sent. */
  readonly target: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface S3Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string = code, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export type Operation =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'GetBucketLocation'
  | 'GetBucketVersioning'
  | 'ListObjects'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'DeleteObjects'
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'GetObjectTagging'
  | 'PutObjectTagging'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListParts'
  | 'Unknown';

/** Takes a path-style target apart; percent-decodes strictly. */
export function parseTarget(target: string): Pick<S3Request, 'target' | 'bucket' | 'key' | 'query'> {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const slash = path.indexOf('/', 1);
  const query = new Map<string, string>();
  for (const pair of mark < 0 ? [] : target.slice(mark + 1).split('&')) {
    const [name = '', ...value] = pair.split('=');
    if (name !== '') query.set(decodeURIComponent(name), decodeURIComponent(value.join('=')));
  }
  return {
    target,
    bucket: decodeURIComponent(path.slice(1, slash < 0 ? undefined : slash)),
    key: slash < 0 ? '' : decodeURIComponent(path.slice(slash + 1)),
    query,
  };
}

export function operationOf({ method, bucket, key, query, headers }: Omit<S3Request, 'body'>): Operation {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : 'Unknown';
  const sub = key === '' ? 'bucket' : query.has('uploadId') ? 'upload' : query.has('tagging') ? 'tagging' : 'object';
  const table: Readonly<Record<typeof sub, Readonly<Record<string, Operation>>>> = {
    bucket: { GET: bucketGet(query), HEAD: 'HeadBucket', PUT: 'CreateBucket', POST: 'DeleteObjects' },
    upload: {
      GET: 'ListParts',
      PUT: 'x-amz-copy-source' in headers ? 'UploadPartCopy' : 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    },
    tagging: { GET: 'GetObjectTagging', PUT: 'PutObjectTagging' },
    object: {
      GET: 'GetObject',
      HEAD: 'HeadObject',
      PUT: 'x-amz-copy-source' in headers ? 'CopyObject' : 'PutObject',
      POST: query.has('uploads') ? 'CreateMultipartUpload' : 'Unknown',
      DELETE: 'DeleteObject',
    },
  };
  return table[sub][method] ?? 'Unknown';
}

function bucketGet(query: ReadonlyMap<string, string>): Operation {
  if (query.has('location')) return 'GetBucketLocation';
  if (query.has('uploads')) return 'ListMultipartUploads';
  if (query.has('versioning')) return 'GetBucketVersioning';
  for (const other of ['versions', 'policy', 'acl', 'tagging']) if (query.has(other)) return 'Unknown';
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
}
