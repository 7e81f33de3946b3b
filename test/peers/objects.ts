/** Objects put into and looked at in real buckets with the AWS SDK: what Ferry did is judged by another's client. */
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { inParallel } from '../conformance/suite/bench.ts';

/** An object to put. */
export interface Planted extends Headers {
  readonly key: string;
  readonly body: Buffer;
  /** Uploaded in parts of so many bytes; whole where absent. */
  readonly partSize?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Headers {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentLanguage?: string | undefined;
  /** User metadata. */
  readonly user?: Readonly<Record<string, string>> | undefined;
}

/** What a bucket holds under a key. */
export interface Held extends Headers {
  readonly size: number;
  /** As the listing tells it, without quotes. */
  readonly etag: string;
  /** When it was written, seconds since the epoch. Undefined where the SDK cannot read the object (`sdkTakes`). */
  readonly written: number | undefined;
  readonly sha256: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/** The SDK puts keys through a URL parser, which takes `.` and `..` for directories. */
export function sdkTakes(key: string): boolean {
  return !key.split('/').some((part) => part === '.' || part === '..');
}

export async function plant(sdk: S3Client, bucket: string, objects: readonly Planted[]): Promise<void> {
  await inParallel(objects, (object) => put(sdk, bucket, object));
}

/** Every key of the bucket with its size and ETag, as listed. */
export async function listed(sdk: S3Client, bucket: string): Promise<Map<string, Pick<Held, 'size' | 'etag'>>> {
  const all = new Map<string, Pick<Held, 'size' | 'etag'>>();
  // Names that XML cannot carry are told percent-encoded.
  for await (const page of paginateListObjectsV2({ client: sdk }, { Bucket: bucket, EncodingType: 'url' })) {
    for (const { Key, Size, ETag } of page.Contents ?? []) {
      all.set(decodeURIComponent(Key!.replaceAll('+', ' ')), { size: Size!, etag: ETag!.replaceAll('"', '') });
    }
  }
  return all;
}

/** Everything the bucket holds, every byte read. Memory: a few objects at a time. */
export async function holdings(sdk: S3Client, bucket: string): Promise<Map<string, Held>> {
  const all = new Map<string, Held>();
  await inParallel([...(await listed(sdk, bucket))], async ([key, { size, etag }]) => {
    const read = sdkTakes(key) ? await readObject(sdk, bucket, key) : UNREAD;
    all.set(key, { size, etag, ...read });
  });
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Keys of uploads in parts that were begun and neither completed nor aborted. */
export async function unfinished(sdk: S3Client, bucket: string): Promise<readonly string[]> {
  const { Uploads = [] } = await sdk.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key }) => Key!);
}

const UNREAD = { written: undefined, sha256: undefined, tags: undefined } as const;

async function put(sdk: S3Client, Bucket: string, { key, body, partSize, tags, ...headers }: Planted): Promise<void> {
  const at = { Bucket, Key: key };
  const meta = {
    ContentType: headers.contentType,
    CacheControl: headers.cacheControl,
    ContentDisposition: headers.contentDisposition,
    ContentLanguage: headers.contentLanguage,
    Metadata: headers.user,
  };
  if (partSize === undefined) await sdk.send(new PutObjectCommand({ ...at, ...meta, Body: body }));
  else {
    const { UploadId } = await sdk.send(new CreateMultipartUploadCommand({ ...at, ...meta }));
    const Parts: CompletedPart[] = [];
    for (let from = 0; from < body.byteLength; from += partSize) {
      const PartNumber = Parts.length + 1;
      const Body = body.subarray(from, from + partSize);
      const { ETag } = await sdk.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag });
    }
    await sdk.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  }
  if (tags === undefined) return;
  const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await sdk.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }));
}

async function readObject(sdk: S3Client, Bucket: string, Key: string): Promise<Omit<Held, 'size' | 'etag'>> {
  const got = await sdk.send(new GetObjectCommand({ Bucket, Key }));
  const sha256 = createHash('sha256')
    .update(await got.Body!.transformToByteArray())
    .digest('hex');
  const { TagSet = [] } = await sdk.send(new GetObjectTaggingCommand({ Bucket, Key }));
  return {
    written: got.LastModified!.getTime() / 1000,
    sha256,
    contentType: got.ContentType,
    cacheControl: got.CacheControl,
    contentDisposition: got.ContentDisposition,
    contentLanguage: got.ContentLanguage,
    user: got.Metadata ?? {},
    tags: Object.fromEntries(TagSet.map((tag) => [tag.Key!, tag.Value!])),
  };
}
