/** Ends of migrations for the `ferry` command: fault servers as S3, and what they must hold. */
import assert from 'node:assert/strict';
import { BUCKET, bytesOf } from '../faults/harness.ts';
import { s3Endpoint, type Endpoint, type S3Server } from '../peers/s3-server.ts';
import type { FaultServer } from '../faults/fault-server.ts';
import { md5Hex, multipartEtag } from '../faults/server/buckets.ts';
import { MiB } from '../../src/model/units.ts';

export const PART = 5 * MiB;

/** The bucket all of them use; their ETags are MD5s. */
export function bucketOf(server: S3Server): Endpoint {
  return s3Endpoint(server, BUCKET, { options: { etag: 'md5' } });
}

/** Objects of a few hundred bytes in some directories, and `large` of 12 MB, uploaded in parts. */
export function contents(small: number, large: number): Map<string, Buffer> {
  const all = new Map<string, Buffer>();
  for (let i = 0; i < small; i++) {
    const key = `dir ${i % 7}/${i % 3}/${String(i).padStart(5, '0')}.txt`;
    all.set(key, bytesOf(key, 100 + (i % 900)));
  }
  // Spread over the key space, so that they are met all along.
  for (let i = 0; i < large; i++) all.set(`dir ${i % 7}/large ${i}`, bytesOf(`large ${i}`, 12 * MiB + i));
  return all;
}

export function fill(server: FaultServer, objects: ReadonlyMap<string, Buffer>): void {
  for (const [key, body] of objects) {
    const parts: string[] = [];
    for (let at = 0; at < body.length; at += PART) parts.push(md5Hex(body.subarray(at, at + PART)));
    const inParts = body.length > PART;
    server.bucket(BUCKET).put(key, {
      body,
      etag: inParts ? multipartEtag(parts) : md5Hex(body),
      modified: Date.parse('2026-01-01T00:00:00Z'),
      headers: { 'content-type': 'text/plain' },
      tags: new Map(),
    });
  }
}

/** From now on everything that becomes visible at the server is compared with `objects`. */
export function expectOnly(server: FaultServer, objects: ReadonlyMap<string, Buffer>): void {
  server.expect = (_, key, { body }) => {
    if (key.startsWith('.ferry-probe-') || objects.get(key)?.equals(body)) return undefined;
    return `${body.length} bytes that are not the source's`;
  };
}

export function assertHolds(server: FaultServer, objects: ReadonlyMap<string, Buffer>): void {
  assert.deepEqual(server.violations, [], 'something wrong was visible at the destination');
  const bucket = server.bucket(BUCKET);
  assert.deepEqual(bucket.keys().toSorted(), [...objects.keys()].toSorted());
  for (const [key, body] of objects) assert.ok(bucket.get(key)!.body.equals(body), `${key} has other bytes`);
  const left = [...bucket.uploads.values()].map(({ key, parts }) => `${key} with ${parts.size} parts`);
  assert.deepEqual(left, [], 'unfinished uploads were left behind');
}
