/**
 * The benchmarks' S3 server: in memory, in a process of its own, one port for the source and one for the destination
 * (so that no tool may copy on the server). Driven by messages of its parent.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { BenchBucket, type Entry } from './s3/bucket.ts';
import { serve } from './s3/connection.ts';
import { multipartEtag, PoolContent, type Content } from './s3/content.ts';
import { begin, type Counts, type Service } from './s3/operations.ts';

/** Objects to put into a bucket. */
export interface Fill {
  readonly bucket: string;
  readonly objects: number;
  readonly size: number;
  /** The objects were uploaded in parts of this size; whole where absent. */
  readonly partSize?: number;
  /** Keys are spread over so many folders; flat where absent. */
  readonly folders?: number;
  /** Never read: no checksums are computed, which fills a million in a second. */
  readonly listedOnly?: boolean;
}

export type Command =
  | { readonly do: 'fill'; readonly fill: Fill }
  /** An empty bucket that expects the objects of another. */
  | { readonly do: 'empty'; readonly bucket: string; readonly expects: string }
  /** A bucket with the same entries as another. */
  | { readonly do: 'mirror'; readonly bucket: string; readonly of: string }
  /** A bucket of its own with every nth object of another, which it expects. */
  | { readonly do: 'copy'; readonly bucket: string; readonly of: string; readonly every: number }
  | { readonly do: 'list-delay'; readonly milliseconds: number }
  /** Answers the counts since the last time, and how many objects and bytes the bucket holds. */
  | { readonly do: 'report'; readonly bucket: string };

export interface Report {
  /** Seconds of processor time the server took since the last report. */
  readonly cpu: number;
  readonly counts: Counts;
  /** The same requests, by bucket and operation: `source GET`. */
  readonly byBucket: Counts;
  readonly objects: number;
  readonly bytes: number;
}

const MODIFIED = Date.parse('2026-01-01T00:00:00Z');
const service: Service = { buckets: new Map(), counts: {}, byBucket: {}, listDelay: 0 };
let cpuBefore = process.cpuUsage();

/** Keys with no structure to guess: hexadecimal, evenly spread, in order; in so many folders where they are given. */
export function keyOf(i: number, objects: number, folders?: number): string {
  const spread = Math.floor((i / objects) * 2 ** 32);
  const folder = folders === undefined ? '' : `${String(Math.floor((i / objects) * folders)).padStart(6, '0')}/`;
  return `${folder}${spread.toString(16).padStart(8, '0')}-${i.toString(36)}.bin`;
}

function run(command: Command): Report | undefined {
  const { buckets } = service;
  if (command.do === 'report') return report(buckets.get(command.bucket)!);
  if (command.do === 'fill') buckets.set(command.fill.bucket, filled(command.fill));
  if (command.do === 'empty') buckets.set(command.bucket, new BenchBucket(buckets.get(command.expects)));
  if (command.do === 'mirror') buckets.set(command.bucket, buckets.get(command.of)!);
  if (command.do === 'copy') buckets.set(command.bucket, copied(buckets.get(command.of)!, command.every));
  if (command.do === 'list-delay') service.listDelay = command.milliseconds;
  return undefined;
}

function copied(of: BenchBucket, every: number): BenchBucket {
  const bucket = new BenchBucket(of);
  let i = 0;
  of.entries.scan('', (key, entry) => {
    if (i++ % every === 0) bucket.entries.set(key, entry);
    return true;
  });
  return bucket;
}

function filled({ objects, size, partSize, listedOnly, folders }: Fill): BenchBucket {
  const bucket = new BenchBucket();
  for (let i = 0; i < objects; i++) {
    const content = listedOnly ? undefined : new PoolContent(i, size);
    const etag = content ? etagOf(content, partSize) : `${i.toString(16).padStart(16, '0')}${'0'.repeat(16)}`;
    const entry: Entry = { size, etag, modified: MODIFIED, headers: '', content };
    bucket.entries.set(keyOf(i, objects, folders), entry);
  }
  return bucket;
}

function etagOf(content: Content, partSize: number | undefined): string {
  if (partSize === undefined) return content.md5(0, content.size);
  const digests: string[] = [];
  for (let from = 0; from < content.size; from += partSize) {
    digests.push(content.md5(from, Math.min(content.size, from + partSize)));
  }
  return multipartEtag(digests);
}

function report(bucket: BenchBucket): Report {
  let bytes = 0;
  bucket.entries.scan('', (_, { size }) => {
    bytes += size;
    return true;
  });
  const { counts, byBucket } = service;
  service.counts = {};
  service.byBucket = {};
  const { user, system } = process.cpuUsage(cpuBefore);
  cpuBefore = process.cpuUsage();
  return { cpu: (user + system) / 1e6, counts, byBucket, objects: bucket.entries.size, bytes };
}

async function listen(): Promise<number> {
  const server = createServer((socket) => serve(socket, (head) => begin(service, head)));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

if (process.send) {
  const ports = [await listen(), await listen()];
  process.on('message', (command: Command) => process.send!(run(command) ?? {}));
  process.on('disconnect', () => process.exit(0));
  process.send({ ports });
}
