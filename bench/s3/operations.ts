/** The S3 operations a bulk copy uses. Signatures are not checked: both tools are spared the same work of the server. */
import { hash } from 'node:crypto';
import type { BenchBucket, Entry } from './bucket.ts';
import type { Exchange, RequestHead } from './connection.ts';
import { KeptContent, multipartEtag } from './content.ts';
import { Seconds } from './seconds.ts';

export type Counts = Record<string, number>;

export interface Service {
  readonly buckets: Map<string, BenchBucket>;
  /** Requests by operation, and `foreign`: uploads whose bytes were not those expected. */
  counts: Counts;
  /** The same by bucket and operation. */
  byBucket: Counts;
  /** Milliseconds every list page is held back. */
  listDelay: number;
}

type Answer = ReturnType<Exchange['end']>;

export function begin(service: Service, head: RequestHead): Exchange {
  const mark = head.target.indexOf('?');
  const path = mark < 0 ? head.target : head.target.slice(0, mark);
  const query = mark < 0 ? '' : head.target.slice(mark + 1);
  const slash = path.indexOf('/', 1);
  const bucketName = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const rawKey = slash < 0 ? '' : path.slice(slash + 1);
  const key = rawKey.includes('%') ? decodeURIComponent(rawKey) : rawKey;
  const bucket = service.buckets.get(bucketName);
  const count = (operation: string): void => {
    service.counts[operation] = (service.counts[operation] ?? 0) + 1;
    const here = `${bucketName} ${operation}`;
    service.byBucket[here] = (service.byBucket[here] ?? 0) + 1;
  };
  if (!bucket) return new Small(() => refuse(404, 'NoSuchBucket'));
  if (key === '') return new Small(() => onBucket(service, bucket, bucketName, head, query, count));
  switch (head.method) {
    case 'GET':
    case 'HEAD':
      count(head.method);
      return new Small(() => (query.startsWith('tagging') ? document(NO_TAGS) : read(bucket, key, head)));
    case 'PUT':
      count(query.includes('partNumber=') ? 'UploadPart' : 'PUT');
      if (head.header('x-amz-copy-source') !== '' || head.header('content-encoding').includes('aws-chunked')) {
        return new Small(() => refuse(501, 'NotImplemented'));
      }
      return new Receive(service, bucket, key, head, new URLSearchParams(query));
    case 'POST':
      count(query.startsWith('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload');
      return new Small((body) => post(bucket, key, head, new URLSearchParams(query), body));
    case 'DELETE':
      count('DELETE');
      return new Small(() => {
        const upload = new URLSearchParams(query).get('uploadId');
        if (upload === null) bucket.entries.delete(key);
        else bucket.uploads.delete(upload);
        return answer(204, '');
      });
    default:
      return new Small(() => refuse(501, 'NotImplemented'));
  }
}

/** A request with a short body, or none. */
class Small implements Exchange {
  readonly #answer: (body: string) => Answer;
  #body = '';

  constructor(make: (body: string) => Answer) {
    this.#answer = make;
  }

  chunk(bytes: Buffer): void {
    this.#body += bytes.toString('latin1');
  }

  end(): Answer {
    return this.#answer(this.#body);
  }
}

/** An object or a part on its way in: compared with what is expected as it comes, and not kept. */
class Receive implements Exchange {
  readonly #service: Service;
  readonly #bucket: BenchBucket;
  readonly #key: string;
  readonly #head: RequestHead;
  readonly #size: number;
  readonly #upload: string | null;
  readonly #part: number;
  readonly #expected: Entry | undefined;
  /** Where in the expected object these bytes begin; undefined until the first came. */
  #offset: number | undefined;
  #received = 0;
  #equal = true;
  #kept: Buffer[] = [];

  constructor(service: Service, bucket: BenchBucket, key: string, head: RequestHead, query: URLSearchParams) {
    this.#service = service;
    this.#bucket = bucket;
    this.#key = key;
    this.#head = head;
    this.#size = Number(head.header('content-length'));
    this.#upload = query.get('uploadId');
    this.#part = Number(query.get('partNumber') ?? 1);
    this.#expected = bucket.expected?.entries.get(key);
  }

  chunk(bytes: Buffer): void {
    const content = this.#expected?.content;
    if (content !== undefined && this.#equal) {
      // Every part but the last has one size; the last ends where the object does.
      const candidates = [(this.#part - 1) * this.#size, content.size - this.#size];
      this.#offset ??= candidates.find((offset) => content.equals(bytes, offset)) ?? 0;
      this.#equal = content.equals(bytes, this.#offset + this.#received);
      if (!this.#equal) this.#kept = [...content.slices(this.#offset, this.#offset + this.#received)];
    } else if (content === undefined) {
      this.#equal = false;
    }
    if (!this.#equal) this.#kept.push(Buffer.from(bytes));
    this.#received += bytes.length;
  }

  end(): Answer {
    const expected = this.#expected;
    const equal = this.#equal && expected !== undefined;
    if (expected && !equal) this.#service.counts['foreign'] = (this.#service.counts['foreign'] ?? 0) + 1;
    if (this.#upload !== null) return this.#endPart(equal);
    if (this.#head.header('if-none-match') === '*' && this.#bucket.entries.get(this.#key)) {
      return refuse(412, 'PreconditionFailed');
    }
    const whole = equal && this.#size === expected.size;
    const md5 = this.#md5(equal);
    const promised = this.#head.header('content-md5');
    if (promised !== '' && Buffer.from(promised, 'base64').toString('hex') !== md5) return refuse(400, 'BadDigest');
    const content = whole ? expected.content : new KeptContent(Buffer.concat(this.#kept));
    const entry = { size: this.#size, etag: md5, modified: Date.now(), headers: this.#head.kept(), content };
    this.#bucket.entries.set(this.#key, entry);
    return answer(200, `ETag: "${md5}"\r\n`);
  }

  #endPart(equal: boolean): Answer {
    const upload = this.#bucket.uploads.get(this.#upload!);
    if (!upload) return refuse(404, 'NoSuchUpload');
    const md5 = this.#md5(equal);
    upload.parts.set(this.#part, { md5, size: this.#size, equal });
    return answer(200, `ETag: "${md5}"\r\n`);
  }

  #md5(equal: boolean): string {
    const from = this.#offset ?? 0;
    return equal && this.#size > 0
      ? this.#expected!.content!.md5(from, from + this.#size)
      : hash('md5', Buffer.concat(this.#kept), 'hex');
  }
}

function onBucket(
  service: Service,
  bucket: BenchBucket,
  name: string,
  head: RequestHead,
  query: string,
  count: (operation: string) => void,
): Answer {
  if (head.method !== 'GET') return answer(200, '');
  if (query.startsWith('location')) return document('<LocationConstraint></LocationConstraint>');
  if (query.startsWith('versioning')) return document('<VersioningConfiguration></VersioningConfiguration>');
  if (/^(?:uploads|acl|policy)/.test(query)) return refuse(501, 'NotImplemented');
  count('LIST');
  const page = document(bucket.page(name, new URLSearchParams(query)));
  return service.listDelay > 0 ? { ...page, later: service.listDelay } : page;
}

function read(bucket: BenchBucket, key: string, head: RequestHead): Answer {
  const entry = bucket.entries.get(key);
  if (!entry) return refuse(404, 'NoSuchKey', head.method === 'HEAD');
  const { size, content } = entry;
  const match = /^bytes=(\d+)-(\d*)$/.exec(head.header('range'));
  const from = match ? Number(match[1]) : 0;
  const to = match?.[2] ? Math.min(size, Number(match[2]) + 1) : size;
  const range = match ? `Content-Range: bytes ${from}-${to - 1}/${size}\r\n` : '';
  const type = /^content-type:/im.test(entry.headers) ? '' : 'Content-Type: application/octet-stream\r\n';
  const lines =
    `HTTP/1.1 ${match ? '206 Partial Content' : '200 OK'}\r\nContent-Length: ${to - from}\r\n${type}ETag: "${entry.etag}"\r\n` +
    `Last-Modified: ${DATES.text(entry.modified)}\r\nAccept-Ranges: bytes\r\n${range}${entry.headers}${common()}\r\n`;
  if (head.method === 'HEAD') return { head: lines, body: [] };
  if (!content) return refuse(404, 'NoSuchKey');
  return { head: lines, body: content.slices(from, to) };
}

function post(bucket: BenchBucket, key: string, head: RequestHead, query: URLSearchParams, body: string): Answer {
  if (query.has('uploads')) {
    const id = `u${Math.random().toString(36).slice(2)}`;
    bucket.uploads.set(id, { key, headers: head.kept(), parts: new Map() });
    return document(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }
  const id = query.get('uploadId') ?? '';
  const upload = bucket.uploads.get(id);
  if (!upload) return refuse(404, 'NoSuchUpload');
  const parts = [...body.matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) =>
    upload.parts.get(Number(number)),
  );
  if (parts.length === 0 || parts.includes(undefined)) return refuse(400, 'InvalidPart');
  const etag = multipartEtag(parts.map((part) => part!.md5));
  const size = parts.reduce((sum, part) => sum + part!.size, 0);
  const expected = bucket.expected?.entries.get(key);
  const whole = expected?.size === size && parts.every((part) => part!.equal);
  const content = whole ? expected.content : undefined;
  bucket.entries.set(key, { size, etag, modified: Date.now(), headers: upload.headers, content });
  bucket.uploads.delete(id);
  return document(
    `<CompleteMultipartUploadResult><Key>${key}</Key><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`,
  );
}

const NO_TAGS = '<Tagging><TagSet></TagSet></Tagging>';

function document(xml: string): Answer {
  const body = Buffer.from(xml, 'latin1');
  return {
    head: `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n${common()}\r\n`,
    body: [body],
  };
}

function refuse(status: number, code: string, bare = false): Answer {
  const body = Buffer.from(bare ? '' : `<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  const head = `HTTP/1.1 ${status} ${code}\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n${common()}\r\n`;
  return { head, body: [body] };
}

function answer(status: number, lines: string): Answer {
  const length = status === 204 ? '' : 'Content-Length: 0\r\n';
  return { head: `HTTP/1.1 ${status} OK\r\n${length}${lines}${common()}\r\n`, body: [] };
}

const DATES = new Seconds((date) => date.toUTCString());

function common(): string {
  return `Date: ${DATES.text(Date.now())}\r\nx-amz-request-id: 0\r\n`;
}
