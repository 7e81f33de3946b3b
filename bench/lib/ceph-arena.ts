import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { sdkFor } from '../../test/peers/sdk.ts';
import { startCeph, type Ceph } from '../../test/peers/servers.ts';
import { PoolContent } from '../s3/content.ts';
import { keyOf, type Fill } from '../server.ts';
import type { Arena } from './arena.ts';

const WRITERS = 32;

/** Two Ceph clusters on this machine, their objects in memory. Everything ever copied stays there until the end. */
export class CephArena implements Arena {
  readonly source: Ceph;
  readonly destination: Ceph;
  #destinations = 0;

  private constructor(source: Ceph, destination: Ceph) {
    this.source = source;
    this.destination = destination;
  }

  static async start(): Promise<CephArena> {
    const [source, destination] = await Promise.all([startCeph({ kind: 'memstore' }), startCeph({ kind: 'memstore' })]);
    return new CephArena(source, destination);
  }

  async populate(fill: Fill): Promise<void> {
    using client = sdkFor(this.source);
    await client.send(new CreateBucketCommand({ Bucket: fill.bucket }));
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < fill.objects) await write(client, fill, next++);
    };
    await Promise.all(Array.from({ length: WRITERS }, writer));
  }

  async emptyDestination(): Promise<string> {
    using client = sdkFor(this.destination);
    const name = `destination-${++this.#destinations}`;
    await client.send(new CreateBucketCommand({ Bucket: name }));
    return name;
  }

  async check({ objects, size }: Fill): Promise<string | undefined> {
    using client = sdkFor(this.destination);
    let count = 0;
    let bytes = 0;
    for await (const page of paginateListObjectsV2({ client }, { Bucket: `destination-${this.#destinations}` })) {
      for (const { Size } of page.Contents ?? []) {
        count++;
        bytes += Size ?? 0;
      }
    }
    if (count === objects && bytes === objects * size) return undefined;
    return `${count} objects and ${bytes} bytes at the destination, not ${objects} and ${objects * size}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.source.stop(), this.destination.stop()]);
  }
}

async function write(
  client: S3Client,
  { bucket: Bucket, objects, size, partSize = size }: Fill,
  i: number,
): Promise<void> {
  const content = new PoolContent(i, size);
  const Key = keyOf(i, objects);
  if (partSize >= size) {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.concat(content.slices(0, size)) }));
    return;
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts = [];
  for (let from = 0; from < size; from += partSize) {
    const Body = Buffer.concat(content.slices(from, Math.min(size, from + partSize)));
    const PartNumber = from / partSize + 1;
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
}
