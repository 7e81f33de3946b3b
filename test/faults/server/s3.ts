/**
 * A small honest S3 server without the network: a request in, the answer out, everything checked that S3 checks and
 * nothing done where it refuses. Quirks and faults are `faults.ts`'s business.
 */
import { randomUUID } from 'node:crypto';
import { Bucket, md5Hex, multipartEtag, type StoredObject } from './buckets.ts';
import { listing } from './listing.ts';
import { S3Error, type Operation, type S3Request, type S3Response } from './request.ts';
import { uploadListing } from './uploads.ts';
import { document, escapeXml, texts } from './xml.ts';

/** Smallest part but the last. */
const MIN_PART = 5 * 2 ** 20;

/** Headers stored with an object besides `x-amz-meta-*`. */
const KEPT = new Set([
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-storage-class',
]);

export class S3 {
  readonly buckets = new Map<string, Bucket>();
  readonly #now: () => number;
  readonly #onStored: (bucket: string, key: string, object: StoredObject) => void;
  readonly #handlers: Readonly<Record<Operation, (request: S3Request) => S3Response>> = {
    ListBuckets: () => xml('ListAllMyBucketsResult', '<Buckets></Buckets>'),
    CreateBucket: ({ bucket }) => {
      this.createBucket(bucket);
      return empty(200);
    },
    HeadBucket: (request) => {
      this.#bucket(request);
      return empty(200);
    },
    GetBucketLocation: (request) => {
      this.#bucket(request);
      return xml('LocationConstraint', '');
    },
    GetBucketVersioning: (request) => {
      const { versioning } = this.#bucket(request);
      return xml('VersioningConfiguration', versioning === undefined ? '' : `<Status>${versioning}</Status>`);
    },
    ListObjects: (request) => ({ ...XML, body: listing(this.#bucket(request), request, false) }),
    ListObjectsV2: (request) => ({ ...XML, body: listing(this.#bucket(request), request, true) }),
    ListMultipartUploads: (request) => ({ ...XML, body: uploadListing(this.#bucket(request), request) }),
    DeleteObjects: (request) => this.#deleteObjects(request),
    HeadObject: (request) => this.#getObject(request),
    GetObject: (request) => this.#getObject(request),
    PutObject: (request) => this.#putObject(request),
    CopyObject: (request) => this.#copyObject(request),
    DeleteObject: (request) => {
      this.#bucket(request).delete(request.key);
      return empty(204);
    },
    GetObjectTagging: (request) =>
      xml('Tagging', `<TagSet>${[...this.#object(request).tags].map(tagXml).join('')}</TagSet>`),
    PutObjectTagging: (request) => this.#putTagging(request),
    CreateMultipartUpload: (request) => this.#createUpload(request),
    UploadPart: (request) => this.#uploadPart(request, request.body),
    UploadPartCopy: (request) => this.#copyPart(request),
    CompleteMultipartUpload: (request) => this.#completeUpload(request),
    AbortMultipartUpload: (request) => {
      this.#upload(request);
      this.#bucket(request).uploads.delete(request.query.get('uploadId')!);
      return empty(204);
    },
    ListParts: (request) => this.#listParts(request),
    Unknown: ({ method, target }) => {
      throw new S3Error(501, 'NotImplemented', `${method} ${target}`);
    },
  };

  constructor(now: () => number, onStored: (bucket: string, key: string, object: StoredObject) => void) {
    this.#now = now;
    this.#onStored = onStored;
  }

  createBucket(name: string): Bucket {
    const bucket = this.buckets.get(name) ?? new Bucket(name, (key, object) => this.#onStored(name, key, object));
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** Throws `S3Error` where S3 answers with an error. */
  answer(operation: Operation, request: S3Request): S3Response {
    checkBody(request);
    return this.#handlers[operation](request);
  }

  #bucket(request: S3Request): Bucket {
    const bucket = this.buckets.get(request.bucket);
    if (!bucket) throw new S3Error(404, 'NoSuchBucket');
    return bucket;
  }

  #object(request: S3Request): StoredObject {
    const object = this.#bucket(request).get(request.key);
    if (!object) throw new S3Error(404, 'NoSuchKey');
    return object;
  }

  #getObject(request: S3Request): S3Response {
    const object = this.#object(request);
    const { headers, query } = request;
    const ifMatch = headers['if-match'];
    if (ifMatch !== undefined && unquote(ifMatch) !== object.etag) throw new S3Error(412, 'PreconditionFailed');
    const described = describe(object);
    if (headers['if-none-match'] !== undefined && unquote(headers['if-none-match']) === object.etag) {
      return { status: 304, headers: described, body: NOTHING };
    }
    const [first, last] = wantedBytes(object, headers.range, query.get('partNumber'));
    const body = object.body.subarray(first, last + 1);
    if (body.length === object.body.length && !query.has('partNumber'))
      return { status: 200, headers: described, body };
    const range = { 'content-range': `bytes ${first}-${last}/${object.body.length}` };
    const parts =
      query.has('partNumber') && object.parts ? { 'x-amz-mp-parts-count': String(object.parts.length) } : undefined;
    return { status: 206, headers: { ...described, ...range, ...parts }, body };
  }

  #putObject(request: S3Request): S3Response {
    const bucket = this.#bucket(request);
    this.#checkWriteConditions(request);
    const etag = md5Hex(request.body);
    bucket.put(request.key, {
      body: request.body,
      etag,
      modified: this.#now(),
      headers: keptHeaders(request),
      tags: headerTags(request),
    });
    return empty(200, { etag: `"${etag}"` });
  }

  #checkWriteConditions(request: S3Request): void {
    const present = this.#bucket(request).get(request.key);
    if (request.headers['if-none-match'] === '*' && present) throw new S3Error(412, 'PreconditionFailed');
    const ifMatch = request.headers['if-match'];
    if (ifMatch === undefined) return;
    if (!present) throw new S3Error(404, 'NoSuchKey');
    if (unquote(ifMatch) !== present.etag) throw new S3Error(412, 'PreconditionFailed');
  }

  #copyObject(request: S3Request): S3Response {
    const source = this.#copySource(request);
    this.#checkWriteConditions(request);
    const replace = request.headers['x-amz-metadata-directive'] === 'REPLACE';
    const copy: StoredObject = {
      body: source.body,
      etag: md5Hex(source.body),
      modified: this.#now(),
      headers: replace ? keptHeaders(request) : source.headers,
      tags: request.headers['x-amz-tagging-directive'] === 'REPLACE' ? headerTags(request) : source.tags,
    };
    this.#bucket(request).put(request.key, copy);
    return xml('CopyObjectResult', `<ETag>&quot;${copy.etag}&quot;</ETag><LastModified>${iso(copy)}</LastModified>`);
  }

  #copySource(request: S3Request): StoredObject {
    const [bucket = '', ...key] = decodeURIComponent(String(request.headers['x-amz-copy-source']))
      .replace(/^\//, '')
      .split('/');
    const source = this.#object({ ...request, bucket, key: key.join('/') });
    const ifMatch = request.headers['x-amz-copy-source-if-match'];
    if (ifMatch !== undefined && unquote(String(ifMatch)) !== source.etag) throw new S3Error(412, 'PreconditionFailed');
    return source;
  }

  #deleteObjects(request: S3Request): S3Response {
    if (!request.query.has('delete')) throw new S3Error(501, 'NotImplemented');
    if (request.headers['content-md5'] === undefined) throw new S3Error(400, 'InvalidRequest', 'Missing Content-MD5');
    const bucket = this.#bucket(request);
    const text = request.body.toString();
    const keys = texts(text, 'Key');
    if (keys.length > 1000) throw new S3Error(400, 'MalformedXML');
    for (const key of keys) bucket.delete(key);
    const quiet = texts(text, 'Quiet')[0] === 'true';
    return xml(
      'DeleteResult',
      quiet ? '' : keys.map((key) => `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`).join(''),
    );
  }

  #putTagging(request: S3Request): S3Response {
    const object = this.#object(request);
    const names = texts(request.body.toString(), 'Key');
    const values = texts(request.body.toString(), 'Value');
    this.#bucket(request).put(request.key, {
      ...object,
      tags: new Map(names.map((name, i) => [name, values[i] ?? ''])),
    });
    return empty(200);
  }

  #createUpload(request: S3Request): S3Response {
    // As with real services, no other server gives the same.
    const id = randomUUID();
    this.#bucket(request).uploads.set(id, {
      key: request.key,
      begun: this.#now(),
      by: signerOf(request),
      headers: keptHeaders(request),
      tags: headerTags(request),
      parts: new Map(),
    });
    const names = `<Bucket>${request.bucket}</Bucket><Key>${escapeXml(request.key)}</Key>`;
    return xml('InitiateMultipartUploadResult', `${names}<UploadId>${id}</UploadId>`);
  }

  #upload(request: S3Request): NonNullable<ReturnType<Bucket['uploads']['get']>> {
    const upload = this.#bucket(request).uploads.get(request.query.get('uploadId') ?? '');
    if (!upload || upload.key !== request.key) throw new S3Error(404, 'NoSuchUpload');
    return upload;
  }

  #uploadPart(request: S3Request, body: Buffer): S3Response {
    const number = Number(request.query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new S3Error(400, 'InvalidArgument');
    const etag = md5Hex(body);
    this.#upload(request).parts.set(number, { body, etag });
    return empty(200, { etag: `"${etag}"` });
  }

  #copyPart(request: S3Request): S3Response {
    const source = this.#copySource(request);
    const [first, last] = wantedBytes(source, request.headers['x-amz-copy-source-range']?.toString(), undefined);
    const { headers } = this.#uploadPart(request, source.body.subarray(first, last + 1));
    return xml(
      'CopyPartResult',
      `<ETag>${escapeXml(headers['etag']!)}</ETag><LastModified>${iso(source)}</LastModified>`,
    );
  }

  #completeUpload(request: S3Request): S3Response {
    const upload = this.#upload(request);
    const text = request.body.toString();
    const numbers = texts(text, 'PartNumber').map(Number);
    const etags = texts(text, 'ETag').map(unquote);
    if (numbers.length === 0) throw new S3Error(400, 'MalformedXML');
    if (numbers.some((number, i) => i > 0 && number <= numbers[i - 1]!)) throw new S3Error(400, 'InvalidPartOrder');
    const parts = numbers.map((number, i) => {
      const part = upload.parts.get(number);
      if (!part || part.etag !== etags[i]) throw new S3Error(400, 'InvalidPart');
      if (part.body.length < MIN_PART && i < numbers.length - 1) throw new S3Error(400, 'EntityTooSmall');
      return part;
    });
    this.#checkWriteConditions(request);
    const bucket = this.#bucket(request);
    const object: StoredObject = {
      body: Buffer.concat(parts.map(({ body }) => body)),
      etag: multipartEtag(etags),
      modified: this.#now(),
      headers: upload.headers,
      tags: upload.tags,
      parts: parts.map(({ body }) => body.length),
    };
    bucket.put(request.key, object);
    bucket.uploads.delete(request.query.get('uploadId')!);
    const names = `<Bucket>${request.bucket}</Bucket><Key>${escapeXml(request.key)}</Key>`;
    return xml('CompleteMultipartUploadResult', `${names}<ETag>&quot;${object.etag}&quot;</ETag>`);
  }

  #listParts(request: S3Request): S3Response {
    const after = Number(request.query.get('part-number-marker') ?? 0);
    const limit = Math.min(1000, Number(request.query.get('max-parts') ?? 1000));
    const behind = [...this.#upload(request).parts].filter(([number]) => number > after).sort(([a], [b]) => a - b);
    const page = behind.slice(0, limit);
    const rows = page.map(([number, { body, etag }]) => {
      const told = `<PartNumber>${number}</PartNumber><ETag>&quot;${etag}&quot;</ETag><Size>${body.length}</Size>`;
      return `<Part>${told}</Part>`;
    });
    const truncated = page.length < behind.length;
    return xml('ListPartsResult', `<IsTruncated>${truncated}</IsTruncated>${rows.join('')}`);
  }
}

/** The access key the request is signed with. */
function signerOf({ headers }: S3Request): string {
  return /Credential=([^/]+)\//.exec(String(headers.authorization))?.[1] ?? 'anonymous';
}

const NOTHING = Buffer.alloc(0);
const XML = { status: 200, headers: { 'content-type': 'application/xml' } };

function xml(root: string, content: string): S3Response {
  return { ...XML, body: document(root, content) };
}

function empty(status: number, headers: Readonly<Record<string, string>> = {}): S3Response {
  return { status, headers, body: NOTHING };
}

function checkBody({ headers, body }: S3Request): void {
  const coding = headers['content-encoding'];
  if (coding?.includes('aws-chunked') || headers['x-amz-decoded-content-length']) {
    throw new S3Error(501, 'NotImplemented', 'aws-chunked');
  }
  const md5 = headers['content-md5'];
  if (md5 !== undefined && Buffer.from(String(md5), 'base64').toString('hex') !== md5Hex(body)) {
    throw new S3Error(400, 'BadDigest');
  }
}

function describe(object: StoredObject): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...object.headers,
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modified).toUTCString(),
    'accept-ranges': 'bytes',
    ...(object.tags.size > 0 && { 'x-amz-tagging-count': String(object.tags.size) }),
  };
}

/** First and last byte. */
function wantedBytes(object: StoredObject, range: string | undefined, part: string | undefined): [number, number] {
  const { length } = object.body;
  if (part !== undefined) {
    const sizes = object.parts ?? [length];
    const first = sizes.slice(0, Number(part) - 1).reduce((sum, size) => sum + size, 0);
    const size = sizes[Number(part) - 1];
    if (size === undefined) throw new S3Error(416, 'InvalidPartNumber');
    return [first, first + size - 1];
  }
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return [0, length - 1];
  if (match[1] === '') return [Math.max(0, length - Number(match[2])), length - 1];
  const first = Number(match[1]);
  if (first >= length) throw new S3Error(416, 'InvalidRange');
  return [first, match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1)];
}

function keptHeaders({ headers }: S3Request): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => KEPT.has(name) || name.startsWith('x-amz-meta-'));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

function headerTags({ headers }: S3Request): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(headers['x-amz-tagging']?.toString() ?? ''));
}

function tagXml([name, value]: readonly [string, string]): string {
  return `<Tag><Key>${escapeXml(name)}</Key><Value>${escapeXml(value)}</Value></Tag>`;
}

function unquote(etag: string): string {
  return etag.replaceAll(/^(?:"|&quot;)|(?:"|&quot;)$/g, '');
}

function iso({ modified }: StoredObject): string {
  return new Date(modified).toISOString();
}
